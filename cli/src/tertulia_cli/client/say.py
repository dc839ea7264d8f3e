"""`tertulia say`: sends one typed message and shows the replies."""

from __future__ import annotations

from dataclasses import dataclass

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.own_turn import ClientOptions, TurnCommand, run_turn
from tertulia_cli.exit_codes import MISUSED, Failure


@dataclass(frozen=True, slots=True)
class SayOptions:
    """What `tertulia say` sends. `characters`: the names of those that answer; empty: the text decides. `nobody`: no
    character answers.
    """

    text: str
    characters: tuple[str, ...] = ()
    nobody: bool = False


async def say(address: GatewayAddress, options: SayOptions, client: ClientOptions | None = None) -> int:
    """Send the message; see `run_turn`."""
    if not options.text.strip():
        raise Failure('the message is empty. Write it in quotes: tertulia say "Hello everybody"', MISUSED)
    return await run_turn(address, message_command(options), client or ClientOptions())


def message_command(options: SayOptions) -> TurnCommand:
    """The command `user_message`."""

    def data(ids: list[str]) -> dict[str, object]:
        return {"text": options.text, **({"to": ids} if ids or options.nobody else {})}

    return TurnCommand("user_message", data, options.characters, wants_answer=not options.nobody)

"""`tertulia ask`: asks for replies without a message."""

from __future__ import annotations

from dataclasses import dataclass

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.own_turn import ClientOptions, TurnCommand, run_turn


@dataclass(frozen=True, slots=True)
class AskOptions:
    """What `tertulia ask` asks for: a reply of this character; if it is "", the last speaker goes on. With `replies`,
    the characters talk among themselves instead, and give at most this many replies.
    """

    character: str = ""
    replies: int = 0


async def ask(address: GatewayAddress, options: AskOptions, client: ClientOptions | None = None) -> int:
    """Ask for the replies; see `run_turn`."""
    return await run_turn(address, request_command(options), client or ClientOptions())


def request_command(options: AskOptions) -> TurnCommand:
    """The command `request_reply`."""

    def data(ids: list[str]) -> dict[str, object]:
        return {
            **({"character_id": ids[0]} if ids else {}),
            **({"replies": options.replies} if options.replies else {}),
        }

    return TurnCommand("request_reply", data, (options.character,) if options.character else ())

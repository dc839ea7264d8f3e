"""`tertulia who`: shows and changes who answers in a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.exchange import Exchange
from tertulia_cli.client.frames import Audio, Event
from tertulia_cli.client.link import open_link
from tertulia_cli.client.own_turn import ClientOptions, refusal
from tertulia_cli.client.roster import Roster
from tertulia_cli.client.screen import Screen
from tertulia_cli.exit_codes import FAILED, MISUSED, OK, Failure

DEFAULT: Final = "default"
MEANINGS: Final[Mapping[str, str]] = {
    "fitting": "the character you are talking to, or one or two who join in",
    "everyone": "every character",
    "named": "no character",
    "in_turn": "the character after the last speaker",
}
"""Who answers a message that names no character, by mode."""


@dataclass(frozen=True, slots=True)
class WhoOptions:
    """The changes. `mode`: see `mode_of`. `discussion`: the most replies after each message; None: no change.
    `invite`, `dismiss`: the names of characters that come to the table, and that leave it.
    """

    mode: str = ""
    mute: tuple[str, ...] = ()
    unmute: tuple[str, ...] = ()
    discussion: int | None = None
    invite: tuple[str, ...] = ()
    dismiss: tuple[str, ...] = ()


def mode_of(text: str) -> str:
    """A mode as the user writes it ("in turn", "In-Turn"), or "default"; "" is no change.

    Raises:
        ValueError: there is no such mode.
    """
    mode = "_".join(text.strip().lower().replace("-", " ").replace("_", " ").split())
    if mode not in (*MEANINGS, DEFAULT, ""):
        raise ValueError(f"{text!r} is not one of: fitting, everyone, named, in-turn, default")
    return mode


def written(mode: str) -> str:
    """A mode as the user writes it."""
    return mode.replace("_", "-")


def change_of(options: WhoOptions, muted: Iterable[str], roster: Roster) -> dict[str, object]:
    """The fields of the command `answering`; `muted` are the ids that are muted now.

    Raises:
        Failure: a name is unknown, or a character is to be muted and unmuted.
    """
    change: dict[str, object] = {}
    if options.mode:
        change["mode"] = None if options.mode == DEFAULT else options.mode
    if options.mute or options.unmute:
        mute, unmute = _ids(roster, ("--mute", options.mute), ("--unmute", options.unmute))
        change["muted"] = [each for each in dict.fromkeys([*muted, *mute]) if each not in unmute]
    if options.discussion is not None:
        change["discussion"] = options.discussion
    return change


def seats_of(options: WhoOptions, roster: Roster) -> list[str]:
    """The ids of the characters at the table after the change, in order.

    Raises:
        Failure: a name is unknown, or a character is to be invited and dismissed.
    """
    invited, dismissed = _ids(roster, ("--invite", options.invite), ("--dismiss", options.dismiss))
    return [each for each in dict.fromkeys([*roster.seats, *invited]) if each not in dismissed]


def _ids(roster: Roster, *given: tuple[str, Iterable[str]]) -> list[list[str]]:
    """The ids of the characters that two opposite options name."""
    (option, one), (opposite, other) = ((option, [roster.id_of(name) for name in names]) for option, names in given)
    if both := set(one) & set(other):
        raise Failure(f"{', '.join(roster.names(both))}: give {option} or {opposite}, not both.", MISUSED)
    return [one, other]


def described(rules: Event, roster: Roster) -> str:
    """The rules as text, one line each."""
    own, default = rules.text("mode") if rules.fields.get("mode") else "", rules.text("default_mode")
    mode = own or default
    replies = rules.fields.get("discussion", 0)
    origin = "" if own else ", the default"
    lines = [
        f"At the table: {', '.join(roster.names(roster.seats)) or 'no character'}.",
        f"If you name a character, it answers. If you do not: {MEANINGS.get(mode, mode)} ({written(mode)}{origin}).",
        f"Muted (they answer only if you name them): {', '.join(roster.names(_muted(rules))) or 'none'}.",
        f"They talk among themselves after each message: {f'at most {replies} replies' if replies else 'no'}.",
    ]
    return "\n".join(lines)


async def who(address: GatewayAddress, options: WhoOptions, client: ClientOptions | None = None) -> int:
    """Apply the changes, and print the rules; returns the exit code.

    Raises:
        Failure: the connection or the answer is missing, a name is unknown, or the server refuses the change.
    """
    client = client or ClientOptions()
    screen = Screen()
    async with open_link(address, client.conversation_id, screen.note) as link:
        exchange = Exchange(link, screen, client.silence_s)
        side = _Rules(exchange, options)
        await exchange.run(side)
        if side.refused:
            raise Failure(f"nothing was changed: {side.refused}", FAILED)
        screen.text(side.text)
        screen.note(f"(conversation {link.conversation_id})")
    return OK


class _Rules:
    """The `Side` of `who`: asks for the characters and the rules, sends the change, and waits for its answer."""

    def __init__(self, exchange: Exchange, options: WhoOptions) -> None:
        self._exchange = exchange
        self._options = options
        self._roster: Roster | None = None
        self._sent = False
        self._asked = False
        self.text = ""
        self.refused = ""

    def over(self) -> bool:
        return bool(self.text or self.refused)

    def live(self) -> None:
        self._sent = False  # after a lost connection, the change may be lost too
        self._asked = True
        self._exchange.send("refresh_characters")

    def event(self, event: Event) -> bool:
        if event.type == "characters":
            self._roster = Roster(event)
            self._exchange.send("cast")
        elif event.type == "cast" and self._roster is not None:
            self._on_cast(event, self._roster)
        elif event.type == "answering" and self._roster is not None:
            self._on_rules(event, self._roster)
        elif event.type == "error" and not event.id and (self._asked or event.text("code") == "unknown_conversation"):
            self.refused = refusal(event)
        return not self.refused  # the command's own error says it

    def audio(self, audio: Audio) -> None:
        """Ignored: this command plays no sound."""

    def _on_cast(self, event: Event, roster: Roster) -> None:
        roster.seat(event)
        seats = seats_of(self._options, roster)
        if seats != roster.seats:
            self._exchange.send("cast", characters=seats)
        else:
            self._exchange.send("answering")

    def _on_rules(self, event: Event, roster: Roster) -> None:
        change = {} if self._sent else change_of(self._options, _muted(event), roster)
        if change:
            self._sent = True
            self._exchange.send("answering", **change)
        else:
            self.text = described(event, roster)


def _muted(rules: Event) -> list[str]:
    return [str(each) for each in cast("list[Any]", rules.fields.get("muted", []))]

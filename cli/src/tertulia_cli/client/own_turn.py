"""Begins one turn by a command, and shows its replies: for `tertulia say` and `tertulia ask`."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.exchange import Exchange
from tertulia_cli.client.frames import Audio, Event
from tertulia_cli.client.link import open_link
from tertulia_cli.client.roster import Roster
from tertulia_cli.client.screen import Screen
from tertulia_cli.client.speech import Player
from tertulia_cli.exit_codes import FAILED, OK, Failure
from tertulia_shared.ids import new_id

SILENCE_S: Final = 60.0
"""The command gives up after this time without any frame."""
MAX_TRIES: Final = 15
RETRY_S: Final = 1.0
"""While Redis is unavailable the command is sent again up to `MAX_TRIES` times, at this interval."""
UNANSWERED: Final = (
    "(no character answered: the message names none, or only asks for quiet. "
    "`tertulia who --conversation ID` shows and changes who answers.)"
)


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Options of all client commands. `out`: the WAV file for the speech. `user_name`: what the characters call the
    user from this command on; "": no change.
    """

    conversation_id: str = ""
    out: Path | None = None
    silence_s: float = SILENCE_S
    user_name: str = ""


@dataclass(frozen=True, slots=True)
class TurnCommand:
    """A command that begins a turn. `data` makes its fields, given the ids of the characters called `names`."""

    type: str
    data: Callable[[list[str]], dict[str, object]]
    names: tuple[str, ...] = ()
    wants_answer: bool = True


async def run_turn(address: GatewayAddress, command: TurnCommand, options: ClientOptions) -> int:
    """Send the command, show the replies, write the speech; returns the exit code.

    Raises:
        Failure: the connection or the answer is missing, a name is unknown, or the file cannot be written.
    """
    screen = Screen(columns=shutil.get_terminal_size().columns)
    async with open_link(address, options.conversation_id, screen.note) as link:
        exchange = Exchange(link, screen, options.silence_s)
        own = _OwnTurn(exchange, command, options.user_name)
        try:
            await exchange.run(own)
        finally:
            screen.end()
    if options.out is not None:
        exchange.recording.write(options.out)
    code = own.exit_code()
    if command.wants_answer and own.unanswered:
        screen.note(UNANSWERED)
    screen.note(summary(exchange, options.out))
    return code


def summary(exchange: Exchange, out: Path | None) -> str:
    """The last line of output: the length of the speech, if any, the file, and the conversation."""
    seconds = exchange.recording.seconds
    written = f", written to {out}" if out else ""
    speech = f"{seconds:.1f} s of speech{written}; " if seconds or out else ""
    return f"({speech}conversation {exchange.link.conversation_id})"


def refusal(error: Event) -> str:
    """Why the server refused a command, for a user of the terminal."""
    if error.text("code") == "unknown_conversation":
        return "there is no conversation with this id. Without --conversation, a new one begins."
    return error.text("message")


class _OwnTurn:
    """The `Side` that repeats the command until it is accepted, and acknowledges all audio as played."""

    def __init__(self, exchange: Exchange, command: TurnCommand, user_name: str) -> None:
        self._exchange = exchange
        self._command = command
        self._user_name = user_name
        self._data: dict[str, object] | None = None if command.names else command.data([])
        """The command's fields; None until the names are resolved."""
        self._roster: Roster | None = None
        self._turn_id = new_id()
        self._player = Player()
        self._refused = ""
        self._tries = 0
        exchange.progress.await_turn(self._turn_id)

    @property
    def unanswered(self) -> bool:
        """True if the server said that no character answers."""
        return self._exchange.progress.turns[self._turn_id].unanswered

    def over(self) -> bool:
        return bool(self._refused) or self._exchange.progress.over

    def live(self) -> None:
        if self._data is None:
            self._exchange.send("refresh_characters")
            return
        if self._user_name and not self._accepted:
            self._exchange.send("user_name", name=self._user_name)
        if not self._accepted:  # repeating the command with the same id is safe
            self._exchange.send(self._command.type, turn_id=self._turn_id, **self._data)

    def event(self, event: Event) -> bool:
        if self._data is None and self._resolve(event):
            return True
        if event.type == "error" and not self._accepted:
            self._not_accepted(event)
        if event.type == "audio_complete":
            self._exchange.send_receipts(self._player.played(math.inf))
        return not self._refused  # the command's own error says it

    def _resolve(self, event: Event) -> bool:
        """Find the characters that the command names, with the answers to `refresh_characters` and `cast`. Returns True
        if the event was such an answer.
        """
        if event.type == "characters":
            self._roster = Roster(event)
            self._exchange.send("cast")
            return True
        is_unknown = event.type == "error" and event.text("code") == "unknown_type"  # an older gateway has no cast
        if self._roster is None or not (event.type == "cast" or is_unknown):
            return False
        if not is_unknown:
            self._roster.seat(event)
        self._data = self._command.data([self._roster.seated_id(name) for name in self._command.names])
        self.live()
        return True

    def audio(self, audio: Audio) -> None:
        self._player.add(audio, 0.0)

    def exit_code(self) -> int:
        if self._refused:
            raise Failure(f"not accepted: {self._refused}", FAILED)
        turn = self._exchange.progress.turns[self._turn_id]
        return FAILED if turn.errors or turn.cut_off else OK

    def _not_accepted(self, error: Event) -> None:
        if error.text("code") != "unavailable":
            self._refused = refusal(error)
        elif error.text("turn_id"):  # Redis is unavailable; an error without a turn id is not about our command
            self._tries += 1
            if self._tries >= MAX_TRIES:
                self._refused = error.text("message")
                return
            asyncio.get_running_loop().call_later(RETRY_S, self.live)

    @property
    def _accepted(self) -> bool:
        return self._exchange.progress.accepted(self._turn_id)

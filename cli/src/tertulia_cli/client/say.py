"""`tertulia say`: sends one typed message and shows the replies."""

from __future__ import annotations

import asyncio
import math
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.exchange import Exchange
from tertulia_cli.client.frames import Audio, Event
from tertulia_cli.client.link import open_link
from tertulia_cli.client.screen import Screen
from tertulia_cli.client.speech import Player
from tertulia_cli.exit_codes import FAILED, OK, Failure
from tertulia_shared.ids import new_id

SILENCE_S: Final = 60.0
"""The command gives up after this time without any frame."""
MAX_TRIES: Final = 15
RETRY_S: Final = 1.0
"""While Redis is unavailable the message is sent again up to `MAX_TRIES` times, at this interval."""


@dataclass(frozen=True, slots=True)
class SayOptions:
    """Options of `tertulia say`. `out`: the WAV file for the speech."""

    text: str
    character: str = ""
    conversation_id: str = ""
    out: Path | None = None
    silence_s: float = SILENCE_S


def addressed(text: str, character: str) -> str:
    """Put the character's name before the text, so that this character answers (a named character answers)."""
    if not character or re.search(rf"(?<!\w){re.escape(character)}(?!\w)", text, re.IGNORECASE):
        return text
    return f"{character}, {text}"


async def say(address: GatewayAddress, options: SayOptions) -> int:
    """Send the message, show the replies, write the speech; returns the exit code.

    Raises:
        Failure: the connection or the answer is missing, or the file cannot be written.
    """
    screen = Screen(columns=shutil.get_terminal_size().columns)
    async with open_link(address, options.conversation_id, screen.note) as link:
        exchange = Exchange(link, screen, options.silence_s)
        saying = _Saying(exchange, addressed(options.text, options.character))
        try:
            await exchange.run(saying)
        finally:
            screen.end()
    if options.out is not None:
        exchange.recording.write(options.out)
    code = saying.exit_code()
    screen.note(summary(exchange, options.out))
    return code


def summary(exchange: Exchange, out: Path | None) -> str:
    """The last line of output: the length of the speech, the file, and the conversation."""
    written = f", written to {out}" if out else ""
    return f"({exchange.recording.seconds:.1f} s of speech{written}; conversation {exchange.link.conversation_id})"


class _Saying:
    """The `Side` of `say`: repeats the message until it is accepted, and acknowledges all audio as played."""

    def __init__(self, exchange: Exchange, text: str) -> None:
        self._exchange = exchange
        self._text = text
        self._turn_id = new_id()
        self._player = Player()
        self._refused = ""
        self._tries = 0
        exchange.progress.await_turn(self._turn_id)

    def over(self) -> bool:
        return bool(self._refused) or self._exchange.progress.over

    def live(self) -> None:
        if not self._accepted:  # repeating the message with the same id is safe
            self._exchange.send("user_message", text=self._text, turn_id=self._turn_id)

    def event(self, event: Event) -> None:
        if event.type == "error" and not self._accepted:
            self._not_accepted(event)
        if event.type == "audio_complete":
            self._exchange.send_receipts(self._player.played(math.inf))

    def audio(self, audio: Audio) -> None:
        self._player.add(audio, 0.0)

    def exit_code(self) -> int:
        if self._refused:
            raise Failure(f"the message was not accepted: {self._refused}", FAILED)
        turn = self._exchange.progress.turns[self._turn_id]
        return FAILED if turn.errors or turn.cut_off else OK

    def _not_accepted(self, error: Event) -> None:
        if error.text("code") != "unavailable":
            self._refused = error.text("message")
        elif error.text("turn_id"):  # Redis is unavailable; an error without a turn id is not about our message
            self._tries += 1
            if self._tries >= MAX_TRIES:
                self._refused = error.text("message")
                return
            asyncio.get_running_loop().call_later(RETRY_S, self.live)

    @property
    def _accepted(self) -> bool:
        return self._exchange.progress.accepted(self._turn_id)

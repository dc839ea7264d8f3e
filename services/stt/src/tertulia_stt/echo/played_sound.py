"""Reads from Redis the sound that the client is playing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import numpy as np

from tertulia_shared.bus import Bus, Entry
from tertulia_shared.codec import BadEntry, decode, envelope
from tertulia_shared.entries import AudioChunk, Receipt
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.receipts import readable_receipts
from tertulia_stt.band_powers import BANDS, Powers
from tertulia_stt.echo.played_message import PlayedMessage

CHUNKS_PER_READ: Final = 32
SENTENCES_BACK: Final = 2
"""A message is read from this many sentences before the sentence that is played."""

log = logging.getLogger(__name__)


class PlayedSound:
    """The sound of the current turn and of the turn before it, as far as the client has played it.

    The recognizer may be some seconds behind: it may still process the echo of a message after the next one has begun.
    """

    def __init__(self, bus: Bus, conversation_id: str) -> None:
        self._bus = bus
        self._conversation_id = conversation_id
        self._receipts_after = BEGINNING
        self._receipts: dict[str, tuple[Receipt, int]] = {}
        self._messages: dict[str, PlayedMessage] = {}
        self._read_up_to: dict[str, str] = {}
        self._turn: tuple[str, ...] = ()
        self._previous_turn: tuple[str, ...] = ()

    @property
    def position(self) -> Receipt | None:
        """The last receipt for a message of the current turn."""
        of_turn = [self._receipts[message_id] for message_id in self._turn if message_id in self._receipts]
        return of_turn[-1][0] if of_turn else None

    async def read_receipts(self, message_ids: Sequence[str]) -> None:
        """Read the receipts since the last call. `message_ids`: the messages of the current turn, in order."""
        if self._turn[:1] != tuple(message_ids[:1]):
            self._previous_turn = self._turn
        self._turn = tuple(message_ids)
        kept = (*self._previous_turn, *self._turn)
        new: list[tuple[Receipt, int]] = []
        entries = await self._bus.read(self._bus.keys.receipts(self._conversation_id), self._receipts_after)
        for entry in entries:
            self._receipts_after = entry.id
            for receipt in readable_receipts((entry,)):
                self._receipts[receipt.message_id] = receipt, envelope(entry.fields).ts
                new.append(self._receipts[receipt.message_id])
        self._receipts = {id: self._receipts[id] for id in kept if id in self._receipts}
        self._messages = {id: self._messages.get(id) or self._message(id) for id in kept}
        self._read_up_to = {id: self._read_up_to[id] for id in kept if id in self._read_up_to}
        for receipt, ts in new:
            if receipt.message_id in self._messages:
                self._messages[receipt.message_id].heard(receipt, ts)

    async def read_sound(self, until_ms: float) -> None:
        """Read the sound that is played up to this time (ms since 1970)."""
        for id in self._previous_turn:
            heard_until = self._messages[id].heard_until_ms
            if heard_until is not None:  # if it was interrupted, the rest was not played
                await self._read_message(id, self._messages[id], min(until_ms, heard_until))
        last = max((at for at, id in enumerate(self._turn) if id in self._receipts), default=0)
        previous_end: float | None = None
        for at, id in enumerate(self._turn):
            if at < last - 1:
                continue
            message = self._messages[id]
            if message.first_ms is None and previous_end is not None:
                message.first_ms = previous_end
            await self._read_message(id, message, until_ms)
            previous_end = message.end_ms
            if at >= last and (not message.is_complete or previous_end is None or previous_end > until_ms):
                break

    def powers(self, start_ms: float, frames: int) -> Powers:
        """The powers of the played sound from this time on; zero where nothing is played."""
        out = np.zeros((frames, BANDS), np.float32)
        for message in self._messages.values():
            message.lay(out, start_ms)
        return out

    async def _read_message(self, id: str, message: PlayedMessage, until_ms: float) -> None:
        key = self._bus.keys.audio(self._conversation_id, id)
        while not message.is_complete and (message.end_ms is None or message.end_ms < until_ms):
            entries = await self._bus.read(key, self._after(id), count=CHUNKS_PER_READ)
            if not entries:
                return
            self._read_up_to[id] = entries[-1].id
            for entry in entries:
                _add(message, entry)

    def _message(self, id: str) -> PlayedMessage:
        return PlayedMessage(is_from_start=self._after(id) in (BEGINNING, "1-0"))

    def _after(self, id: str) -> str:
        """The id of the entry after which reading continues. The entries of sentence i have ids (i+1)-(k+1)."""
        if id in self._read_up_to:
            return self._read_up_to[id]
        if id not in self._receipts:
            return BEGINNING
        sentence = self._receipts[id][0].sentence_index
        return f"{max(1, sentence + 1 - SENTENCES_BACK)}-0"


def _add(message: PlayedMessage, entry: Entry) -> None:
    try:
        message.add(decode(AudioChunk, entry.fields), envelope(entry.fields).ts)
    except BadEntry as error:
        log.warning("a chunk of sound cannot be compared with the microphone: %s", error)

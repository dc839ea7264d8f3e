"""Computes from the receipts how much of a turn's audio was heard. A client that resumes without marks continues after
this part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tertulia_gateway.conversation.audio_queue import is_final
from tertulia_shared.bus import Bus
from tertulia_shared.entries import Receipt
from tertulia_shared.entry_ids import order
from tertulia_shared.receipts import furthest


@dataclass(frozen=True, slots=True)
class Heard:
    """Says up to the end of which chunk a message was played. `complete`: it was played to the end of its audio."""

    message_id: str
    sentence_index: int
    chunk_index: int
    played_ms: int
    complete: bool

    def as_dict(self) -> dict[str, Any]:
        """Convert this object to the form that the event `conversation_started` contains."""
        return asdict(self)

    @property
    def audio_id(self) -> str:
        """The id of the last entry in the message's `audio` stream that was heard."""
        return _audio_id(self.sentence_index, self.chunk_index)


async def heard_of(
    bus: Bus, conversation_id: str, message_ids: Sequence[str], receipts: Sequence[Receipt]
) -> tuple[Heard, ...]:
    """Compute how much of these messages was heard. `message_ids` are in the order in which the messages are spoken.

    Messages are played one after the other. So all messages before the last message that has a receipt were heard to
    their end, even if the rate limit dropped their last receipts. A receipt for a chunk that does not exist is ignored.

    Raises:
        BusError: the audio could not be looked up.
    """
    for at in reversed(range(len(message_ids))):
        last = await _heard_last(bus, conversation_id, message_ids[at], receipts)
        if last is not None:
            known = furthest(receipts)
            return (*(_complete(each, known.get(each)) for each in message_ids[:at]), last)
    return ()


async def _heard_last(bus: Bus, conversation_id: str, message_id: str, receipts: Iterable[Receipt]) -> Heard | None:
    own = [receipt for receipt in receipts if receipt.message_id == message_id]
    if not own:
        return None
    key = bus.keys.audio(conversation_id, message_id)
    last = await bus.last(key)
    if last is None:  # the audio has expired, so the client cannot play the rest
        return _complete(message_id, furthest(own)[message_id])
    end = order(last.id)
    existing = [receipt for receipt in own if order(_audio_id(receipt.sentence_index, receipt.chunk_index)) <= end]
    if not existing:
        return None
    receipt = furthest(existing)[message_id]
    heard = Heard(message_id, receipt.sentence_index, receipt.chunk_index, receipt.played_ms, complete=False)
    following = await bus.read(key, heard.audio_id, count=1)
    return _complete(message_id, receipt) if following and is_final(following[0].fields) else heard


def _complete(message_id: str, receipt: Receipt | None) -> Heard:
    if receipt is None:
        return Heard(message_id, 0, 0, 0, complete=True)
    return Heard(message_id, receipt.sentence_index, receipt.chunk_index, receipt.played_ms, complete=True)


def _audio_id(sentence_index: int, chunk_index: int) -> str:
    return f"{sentence_index + 1}-{chunk_index + 1}"

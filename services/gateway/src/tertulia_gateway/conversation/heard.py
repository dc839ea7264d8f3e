"""Computes from the receipts how much of a turn's audio was heard. A client that resumes without marks continues after
this part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tertulia_gateway.conversation.audio_queue import is_final
from tertulia_shared.bus import Bus, Entry
from tertulia_shared.entries import Receipt
from tertulia_shared.entry_ids import order
from tertulia_shared.keys import Key
from tertulia_shared.receipts import Chunk, advanced, furthest, has_played

BYTES_PER_SAMPLE = 2
CHUNKS_PER_READ = 8


@dataclass(frozen=True, slots=True)
class Heard:
    """Says up to the end of which chunk a message was played, and how many samples of the next chunk. `complete`: it
    was played to the end of its audio.
    """

    message_id: str
    sentence_index: int
    chunk_index: int
    played_ms: int
    complete: bool
    next_samples: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Convert this object to the form that the event `conversation_started` contains."""
        return asdict(self)

    @property
    def audio_id(self) -> str:
        """The id of the last entry in the message's `audio` stream that was heard to its end."""
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
    own = [receipt for receipt in receipts if receipt.message_id == message_id and has_played(receipt)]
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
    receipt, is_end = await _advanced(bus, key, furthest(existing)[message_id])
    if is_end:
        return _complete(message_id, receipt)
    return Heard(
        message_id,
        receipt.sentence_index,
        receipt.chunk_index,
        receipt.played_ms,
        complete=False,
        next_samples=receipt.next_samples,
    )


async def _advanced(bus: Bus, key: Key, receipt: Receipt) -> tuple[Receipt, bool]:
    """Move the receipt to the last chunk that was played to its end. Samples that do not exist are ignored. Returns
    also whether this is the end of the message's audio.
    """
    count = 1 if receipt.next_samples == 0 else CHUNKS_PER_READ
    while True:
        entries = await bus.read(key, _audio_id(receipt.sentence_index, receipt.chunk_index), count=count)
        chunks = [_chunk(entry) for entry in entries if not is_final(entry.fields)]
        receipt = advanced(receipt, chunks)
        if not chunks or _place_of(receipt) != chunks[-1][:2]:
            # either the rest of the next chunk is not played, or no chunk follows
            return (receipt, False) if chunks else (replace(receipt, next_samples=0), bool(entries))


def _chunk(entry: Entry) -> Chunk:
    sentence, chunk = order(entry.id)
    return Chunk(sentence - 1, chunk - 1, len(entry.fields.get(b"audio", b"")) // BYTES_PER_SAMPLE)


def _place_of(receipt: Receipt) -> tuple[int, int]:
    return receipt.sentence_index, receipt.chunk_index


def _complete(message_id: str, receipt: Receipt | None) -> Heard:
    if receipt is None:
        return Heard(message_id, 0, 0, 0, complete=True)
    return Heard(message_id, receipt.sentence_index, receipt.chunk_index, receipt.played_ms, complete=True)


def _audio_id(sentence_index: int, chunk_index: int) -> str:
    return f"{sentence_index + 1}-{chunk_index + 1}"

"""What a client has heard of a turn, by its receipts: where a client that has no marks goes on."""

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
    """Up to the end of this chunk a message has been played; `complete`: to the end of its sound."""

    message_id: str
    sentence_index: int
    chunk_index: int
    played_ms: int
    complete: bool

    def to_wire(self) -> dict[str, Any]:
        """As `conversation_started` tells it."""
        return asdict(self)

    @property
    def audio_id(self) -> str:
        """The entry of the message's `audio` stream that was heard last."""
        return _audio_id(self.sentence_index, self.chunk_index)


async def heard_of(
    bus: Bus, conversation_id: str, message_ids: Sequence[str], receipts: Sequence[Receipt]
) -> tuple[Heard, ...]:
    """What was heard of these messages, which are given in the order in which they are spoken.

    Messages are heard one after the other, so those before the last one with a receipt have been heard to their end,
    also where the receipts that said so were left out. A receipt for a chunk that does not exist says nothing.

    Raises:
        BusError: the sound could not be looked up.
    """
    for at in reversed(range(len(message_ids))):
        last = await _heard_last(bus, conversation_id, message_ids[at], receipts)
        if last is not None:
            known = furthest(receipts)
            return (*(_whole(each, known.get(each)) for each in message_ids[:at]), last)
    return ()


async def _heard_last(bus: Bus, conversation_id: str, message_id: str, receipts: Iterable[Receipt]) -> Heard | None:
    own = [receipt for receipt in receipts if receipt.message_id == message_id]
    if not own:
        return None
    key = bus.keys.audio(conversation_id, message_id)
    tip = await bus.last(key)
    if tip is None:  # its sound is not kept any more: no rest of it can be heard
        return _whole(message_id, furthest(own)[message_id])
    end = order(tip.id)
    made = [receipt for receipt in own if order(_audio_id(receipt.sentence_index, receipt.chunk_index)) <= end]
    if not made:
        return None
    receipt = furthest(made)[message_id]
    heard = Heard(message_id, receipt.sentence_index, receipt.chunk_index, receipt.played_ms, complete=False)
    following = await bus.read(key, heard.audio_id, count=1)
    return _whole(message_id, receipt) if following and is_final(following[0].fields) else heard


def _whole(message_id: str, receipt: Receipt | None) -> Heard:
    if receipt is None:
        return Heard(message_id, 0, 0, 0, complete=True)
    return Heard(message_id, receipt.sentence_index, receipt.chunk_index, receipt.played_ms, complete=True)


def _audio_id(sentence_index: int, chunk_index: int) -> str:
    return f"{sentence_index + 1}-{chunk_index + 1}"

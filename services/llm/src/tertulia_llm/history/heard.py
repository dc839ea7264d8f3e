"""Computes what the user heard of an interrupted turn, from the client's receipts."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping, Sequence

from tertulia_llm.text.heard import heard_part
from tertulia_llm.written_texts import written_texts
from tertulia_shared.bus import Bus
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import SAMPLE_RATE_OUT, AudioChunk, Receipt, TTSSentence, TurnPlan
from tertulia_shared.receipts import last_receipts, readable_receipts

BYTES_PER_MS = SAMPLE_RATE_OUT * 2 // 1000
SPOKEN_MS_PER_CHAR = 65
"""Estimated duration per character (about 15 characters a second), for a sentence whose audio was not made
completely.
"""
MAX_CHUNKS = 2_000

log = logging.getLogger(__name__)


async def heard(bus: Bus, conversation_id: str, plan: TurnPlan) -> Mapping[str, str]:
    """The part of each reply that the user heard, by message id; empty if the client sends no receipts.

    A reply that this release cannot read is left out.
    """
    entries = await bus.read(bus.keys.receipts(conversation_id))
    ids = {message_id.encode() for message_id in plan.message_ids}
    # the next turn waits for this, and a long conversation has many receipts of earlier messages: do not decode them
    receipts = last_receipts([entry for entry in entries if entry.fields.get(b"message_id") in ids])
    if not receipts and not readable_receipts(entries):
        return {}
    out: dict[str, str] = {}
    for message_id in plan.message_ids:
        receipt = receipts.get(message_id)
        try:
            out[message_id] = "" if receipt is None else await _heard(bus, conversation_id, message_id, receipt)
        except BadEntry as error:
            log.warning("cannot determine the heard part of a reply: %s", error, extra={"message_id": message_id})
    return out


def heard_text(
    written: Sequence[str], spoken: Sequence[str], receipt: Receipt, chunk_bytes: Sequence[int], *, complete: bool
) -> str:
    """The part of one message that the user heard. Pure.

    Args:
        written: the sentences as shown.
        spoken: the sentences as spoken.
        receipt: the message's last receipt.
        chunk_bytes: the sizes of the audio chunks of the sentence that the receipt names.
        complete: True if `chunk_bytes` has all chunks of that sentence.
    """
    cut = min(receipt.sentence_index, len(written) - 1)
    played_ms = sum(chunk_bytes[: receipt.chunk_index + 1]) // BYTES_PER_MS
    total_ms = sum(chunk_bytes) // BYTES_PER_MS
    if not complete:
        total_ms = max(total_ms, len(spoken[cut]) * SPOKEN_MS_PER_CHAR)
    return "".join(written[:cut]) + heard_part(written[cut], total_ms, played_ms)


async def _heard(bus: Bus, conversation_id: str, message_id: str, receipt: Receipt) -> str:
    entries = await bus.read(bus.keys.sentences(conversation_id, message_id))
    sentences = [decode(TTSSentence, entry.fields) for entry in entries]
    written = written_texts(entries)
    if sentences and sentences[-1].is_final:
        if receipt.sentence_index >= sentences[-1].index:
            return "".join(written)
        sentences, written = sentences[:-1], written[:-1]
    if not sentences:
        return ""
    index = min(receipt.sentence_index, len(sentences) - 1)
    audio = await bus.read(bus.keys.audio(conversation_id, message_id), f"{index + 1}-0", count=MAX_CHUNKS)
    chunks = [decode(AudioChunk, entry.fields) for entry in audio]
    own = list(itertools.takewhile(lambda chunk: chunk.sentence_index == index and not chunk.is_final, chunks))
    return heard_text(
        written,
        [sentence.text for sentence in sentences],
        receipt,
        [len(chunk.audio) for chunk in own],
        complete=len(chunks) > len(own),
    )

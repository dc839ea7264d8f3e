"""Computes what the user heard of an interrupted turn, from the client's receipts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from tertulia_llm.history.sounding import sounding_samples
from tertulia_llm.text.heard import heard_part
from tertulia_shared.bus import Bus
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import SAMPLE_RATE_OUT, AudioChunk, Receipt, TTSSentence, TurnPlan
from tertulia_shared.jobs import PEER_ALIVE_S
from tertulia_shared.receipts import MAX_INDEX, Chunk, advanced, has_played, last_receipts, readable_receipts
from tertulia_shared.written_texts import written_texts

BYTES_PER_SAMPLE = 2
SAMPLES_PER_MS = SAMPLE_RATE_OUT // 1000
SPOKEN_MS_PER_CHAR = 65
"""Estimated duration per character (about 15 characters a second), for a sentence whose audio was not made
completely.
"""
MAX_CHUNKS = 2_000

log = logging.getLogger(__name__)


async def heard(bus: Bus, conversation_id: str, plan: TurnPlan, *, is_soundless: bool = False) -> Mapping[str, str]:
    """The part of each reply that the user heard, by message id; empty if the client sends no receipts, or if no speech
    is made. `is_soundless`: the client was sent no sound of this turn.

    A reply that this release cannot read is left out.
    """
    entries = await bus.read(bus.keys.receipts(conversation_id))
    ids = {message_id.encode() for message_id in plan.message_ids}
    # the next turn waits for this, and a long conversation has many receipts of earlier messages: do not decode them
    own = last_receipts([entry for entry in entries if entry.fields.get(b"message_id") in ids])
    receipts = {message_id: receipt for message_id, receipt in own.items() if has_played(receipt)}
    if not receipts and not any(map(has_played, readable_receipts(entries))):
        is_unheard = (is_soundless or bool(own)) and await _has_sound(bus, conversation_id, plan)
        if own and not is_unheard:  # the client says that nothing was played, maybe before the first sound was made
            is_unheard = any(member.startswith("tts:") for member in await bus.alive(PEER_ALIVE_S))
        return dict.fromkeys(plan.message_ids, "") if is_unheard else {}
    last = max((at for at, message_id in enumerate(plan.message_ids) if message_id in receipts), default=-1)
    out: dict[str, str] = {}
    for at, message_id in enumerate(plan.message_ids):
        receipt = receipts.get(message_id)
        # replies are played one after the other: those before the last one were heard to their end, although their last
        # receipts may have been lost with the connection, or dropped because they came too fast
        if at < last and (receipt or await bus.last(bus.keys.audio(conversation_id, message_id))):
            receipt = Receipt(message_id, MAX_INDEX, 0, 0)
        try:
            out[message_id] = "" if receipt is None else await _heard(bus, conversation_id, message_id, receipt)
        except BadEntry as error:
            log.warning("cannot determine the heard part of a reply: %s", error, extra={"message_id": message_id})
    return out


async def _has_sound(bus: Bus, conversation_id: str, plan: TurnPlan) -> bool:
    for message_id in plan.message_ids:
        if await bus.last(bus.keys.audio(conversation_id, message_id)) is not None:
            return True
    return False


def heard_text(
    written: Sequence[str], spoken: Sequence[str], receipt: Receipt, audio: Sequence[AudioChunk], *, complete: bool
) -> str:
    """The part of one message that the user heard. Pure.

    Args:
        written: the sentences as shown.
        spoken: the sentences as spoken.
        receipt: the message's last receipt.
        audio: the chunks of the message's audio, from the beginning of the sentence that the receipt names.
        complete: True if the message has no further chunks.
    """
    last = len(written) - 1
    chunks = [Chunk(each.sentence_index, each.chunk_index, len(each.audio) // BYTES_PER_SAMPLE) for each in audio]
    receipt = advanced(receipt, _after(receipt, chunks))
    cut, played = min(receipt.sentence_index, last), 0
    following = _after(receipt, chunks)
    if receipt.next_samples and following:
        cut, played = min(following[0].sentence_index, last), receipt.next_samples
    own = [chunk for chunk in chunks if chunk.sentence_index == cut]
    played += sum(chunk.samples for chunk in own if chunk[:2] <= _place(receipt))
    heard, total = sounding_samples(b"".join(each.audio for each in audio if each.sentence_index == cut), played)
    if own == chunks[-len(own) :]:  # the message's last sentence so far
        if not complete:
            total = max(total, len(spoken[cut]) * SPOKEN_MS_PER_CHAR * SAMPLES_PER_MS)
        if played < sum(chunk.samples for chunk in own):
            heard = min(heard, total - 1)  # it was cut off, maybe in the silence at its end
    return "".join(written[:cut]) + heard_part(written[cut], total, heard)


def _after(receipt: Receipt, chunks: Sequence[Chunk]) -> Sequence[Chunk]:
    return [chunk for chunk in chunks if chunk[:2] > _place(receipt)]


def _place(receipt: Receipt) -> tuple[int, int]:
    return receipt.sentence_index, receipt.chunk_index


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
    made = [decode(AudioChunk, entry.fields) for entry in audio]
    chunks = [each for each in made if not each.is_final]
    spoken = [sentence.text for sentence in sentences]
    return heard_text(written, spoken, receipt, chunks, complete=len(chunks) < len(made))

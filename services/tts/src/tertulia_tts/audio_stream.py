"""The entries of one message's `audio` stream: the chunks, and the final entry, which marks the end.

Chunk k of sentence i has the id `(i+1)-(k+1)`. The final entry of a message of n sentences has the id `(n+1)-0`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus import Bus, Outlet
from tertulia_shared.entries import MAX_SENTENCES, AudioChunk, TTSSentence, Work
from tertulia_shared.entry_ids import order
from tertulia_shared.keys import Key
from tertulia_tts.engine import BYTES_PER_SAMPLE
from tertulia_tts.restart import SpokenText


class ChunkPublisher:
    """Publishes the chunks of one sentence, in order.

    `first_chunk`: the number of the first one; those before it are published. `begins_at`: the sample with which it
    begins. `spoken` is set if the engine cannot make the same sound again. `text`: what the engine speaks.
    """

    def __init__(
        self,
        outlet: Outlet,
        key: Key,
        sentence: TTSSentence,
        *,
        engine: str = "",
        first_chunk: int = 0,
        begins_at: int = 0,
        spoken: SpokenText | None = None,
        text: str = "",
    ) -> None:
        self._outlet = outlet
        self._key = key
        self._sentence = sentence
        self._engine = engine
        self._spoken = spoken
        self._text = text
        self._first_chunk = self._next_chunk = first_chunk
        self._at = begins_at

    def publish(self, made: Sequence[bytes], *, is_last: bool = False, can_wait: bool = False) -> bool:
        """Publish the sentence's next chunks. Returns True if they are the first ones. `is_last`: the sentence ends
        with these chunks. `can_wait`: they may wait for the next tick.
        """
        is_first = self._next_chunk == self._first_chunk
        for number, pcm in enumerate(made, 1):
            text_at = self._text_at(pcm, ends=is_last and number == len(made))
            self._append(
                AudioChunk(
                    pcm,
                    self._sentence.index,
                    self._next_chunk,
                    *self._ids,
                    text_at=text_at,
                    begins_at=self._at,
                    engine=self._engine,
                ),
                can_wait=can_wait,
            )
            self._next_chunk += 1
            self._at += len(pcm) // BYTES_PER_SAMPLE
        return is_first and bool(made)

    def _text_at(self, pcm: bytes, *, ends: bool) -> int:
        if self._spoken is None:
            return len(self._text) if ends else 0
        return self._spoken.end if ends else self._spoken.spoken(len(pcm))

    def end(self, *, can_wait: bool = False) -> None:
        """Publish the message's final entry. `can_wait`: see `publish`."""
        self._append(AudioChunk(b"", self._sentence.index, 0, *self._ids, is_final=True), can_wait=can_wait)

    @property
    def _ids(self) -> tuple[str, str, str]:
        return self._sentence.conversation_id, self._sentence.message_id, self._sentence.character_id

    def _append(self, chunk: AudioChunk, *, can_wait: bool) -> None:
        append = self._outlet.append_by_tick if can_wait else self._outlet.append
        append(self._key, chunk, id=audio_id(chunk))


def audio_id(chunk: AudioChunk) -> str:
    """The entry id of a chunk, or of the final entry."""
    if chunk.is_final:
        return f"{chunk.sentence_index + 1}-0"
    return f"{chunk.sentence_index + 1}-{chunk.chunk_index + 1}"


def final_entry(work: Work, index: int, character_id: str = "") -> AudioChunk:
    """The final entry of a message that has `index` sentences."""
    return AudioChunk(b"", index, 0, work.conversation_id, work.message_id, character_id, is_final=True)


async def missing_final_id(bus: Bus, audio: Key, index: int) -> str:
    """The id for the final entry of a message that has `index` sentences; "" if the stream already ends with a final
    entry.

    The id is higher than the ids of all entries in the stream. Before, entries with an id that no sentence can have are
    deleted.
    """
    while (last := await bus.last(audio)) is not None and order(last.id)[0] > MAX_SENTENCES:
        await bus.reopen(audio, last.id)
    if last is not None and last.fields.get(b"is_final") == b"1":
        return ""
    if last is None or order(last.id) < (index + 1, 0):
        return f"{index + 1}-0"
    return f"{order(last.id)[0] + 1}-0"

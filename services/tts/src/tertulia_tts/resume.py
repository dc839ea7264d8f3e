"""Computes the position at which a worker resumes a message that another worker began to speak.

The last entry of a message's audio names the sentence, the chunk and the sample that were published last. Engines make
the same PCM for equal arguments. So the worker synthesizes that sentence again, and publishes it from the next sample
on. If the engine cannot make the same PCM again, the sentence continues at the beginning of a clause instead (see
`restart`). Another engine speaks the sentence again from its start, unless it was spoken to its end.
"""

from __future__ import annotations

from dataclasses import dataclass

from tertulia_shared.entries import AudioChunk
from tertulia_tts.chunks import bytes_of
from tertulia_tts.engine import BYTES_PER_SAMPLE


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Says which part of a message is already published. Made by `resume_after`."""

    sentence_index: int
    """The sentence with which the worker begins. All sentences before it are published completely."""

    next_chunk: int = 0
    """The number of this sentence's next chunk. All chunks before it are published."""

    skip_bytes: int = 0
    """How much PCM of this sentence is already published."""

    text_at: int = 0
    """How many characters of this sentence have certainly been spoken. Used if its sound cannot be made again."""

    engine_before: str = ""
    """The engine that spoke until here, if it is another one. Its sentence is spoken again from the start."""

    def chunks_before(self, sentence_index: int) -> int:
        """How many chunks of this sentence are already published.

        Raises:
            ValueError: the sentence is before the resume point.
        """
        if sentence_index < self.sentence_index:
            raise ValueError(
                f"sentence {sentence_index} is published to its end; continue with sentence {self.sentence_index}"
            )
        return self.next_chunk if sentence_index == self.sentence_index else 0

    def bytes_before(self, sentence_index: int) -> int:
        """How much PCM of this sentence is already published."""
        return self.skip_bytes if sentence_index == self.sentence_index else 0


def resume_after(last: AudioChunk | None, *, engine: str, first_ms: int, rest_ms: int) -> ResumePoint:
    """The resume point after `last`, the last published chunk. If it is None, nothing is published, and the resume
    point is the start of the message.

    `engine`: the engine that continues.
    `first_ms`, `rest_ms`: the lengths of a sentence's first and its further chunks if an older release wrote `last`.
    """
    if last is None:
        return ResumePoint(0)
    if last.engine not in {"", engine}:
        return ResumePoint(last.sentence_index, last.chunk_index + 1, 0, last.text_at, last.engine)
    begin = last.begins_at * BYTES_PER_SAMPLE
    if not begin and last.chunk_index and not last.engine:
        begin = bytes_of(first_ms) + (last.chunk_index - 1) * bytes_of(rest_ms)
    return ResumePoint(last.sentence_index, last.chunk_index + 1, begin + len(last.audio), last.text_at)

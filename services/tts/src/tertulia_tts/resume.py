"""Computes the position at which a worker resumes a message that another worker began to speak.

The last entry of a message's audio names the sentence and the chunk that were published last. Engines make the same PCM
for equal arguments, and `Chunker` cuts at the same places. So the worker synthesizes that sentence again, and publishes
only the chunks that are not published yet. If the engine cannot make the same PCM again, the sentence continues at the
beginning of a clause instead (see `restart`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class AudioPosition:
    """One chunk of a message; both indexes count from 0."""

    sentence_index: int
    chunk_index: int

    def __post_init__(self) -> None:
        if self.sentence_index < 0 or self.chunk_index < 0:
            raise ValueError(f"sentence and chunk indexes count from 0, not {self.sentence_index}, {self.chunk_index}")


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Says which part of a message is already published. Made by `resume_after`."""

    sentence_index: int
    """The sentence with which the worker begins. All sentences before it are published completely."""

    skip_chunks: int
    """How many chunks of this sentence are already published."""

    text_at: int = 0
    """How many characters of this sentence have certainly been spoken. Used if its sound cannot be made again."""

    def chunks_to_skip(self, sentence_index: int) -> int:
        """How many chunks of this sentence the worker has to skip, because they are already published.

        Raises:
            ValueError: the sentence is before the resume point.
        """
        if sentence_index < self.sentence_index:
            raise ValueError(
                f"sentence {sentence_index} is published to its end; continue with sentence {self.sentence_index}"
            )
        return self.skip_chunks if sentence_index == self.sentence_index else 0


def resume_after(last: AudioPosition | None, text_at: int = 0) -> ResumePoint:
    """The resume point after `last`, the last published chunk, with its `text_at`. If `last` is None, nothing is
    published, and the resume point is the start of the message.
    """
    if last is None:
        return ResumePoint(0, 0)
    return ResumePoint(last.sentence_index, last.chunk_index + 1, text_at)

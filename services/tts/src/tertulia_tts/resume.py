"""Where a worker goes on with a message that another one began to speak.

The last entry of a message's audio says which sentence and which chunk came last. Engines give the
same PCM for equal arguments and ``Chunker`` cuts at the same places, so going on is: make that
sentence again, and publish only what comes after.
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
    """What of a message need not be published again; made by ``resume_after``."""

    sentence_index: int
    """The sentence to begin with: all before it are published to their ends."""

    skip_chunks: int
    """How many of that sentence's first chunks are published already."""

    def chunks_to_skip(self, sentence_index: int) -> int:
        """How many chunks to drop of the sentence that is now being made.

        Raises:
            ValueError: the sentence lies before the resume point, so there is nothing to make.
        """
        if sentence_index < self.sentence_index:
            raise ValueError(
                f"sentence {sentence_index} is published to its end; go on with sentence {self.sentence_index}"
            )
        return self.skip_chunks if sentence_index == self.sentence_index else 0


def resume_after(last: AudioPosition | None) -> ResumePoint:
    """Where to go on after the chunk published last; ``None`` is a message nobody has begun."""
    if last is None:
        return ResumePoint(0, 0)
    return ResumePoint(last.sentence_index, last.chunk_index + 1)

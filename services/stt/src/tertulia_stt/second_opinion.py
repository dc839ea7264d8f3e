"""Asks a `TurnEndModel` whether the user has finished, and keeps the sound that it needs."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE
from tertulia_stt.turn_end import TurnEndModel

KEPT_SAMPLES: Final = 12 * SAMPLE_RATE
"""The amount of sound that is kept: the 8 s that the model judges, and sound that the recognizer has not processed
yet.
"""


class RecentSound:
    """The last seconds of a session's microphone."""

    def __init__(self) -> None:
        self._chunks: deque[tuple[int, bytes]] = deque()  # the first sample and the PCM

    def add(self, first_sample: int, pcm: bytes) -> None:
        """Add the next chunk."""
        self._chunks.append((first_sample, pcm))
        while first_sample - self._chunks[0][0] > KEPT_SAMPLES:
            self._chunks.popleft()

    def between(self, start: int, end: int) -> bytes:
        """The part of the PCM between two samples that is still kept."""
        parts: list[bytes] = []
        for first, pcm in self._chunks:
            begin, stop = max(0, start - first), max(0, end - first)
            parts.append(pcm[begin * BYTES_PER_SAMPLE : stop * BYTES_PER_SAMPLE])
        return b"".join(parts)


class SecondOpinion:
    """Asks the model about the speech of one session. Without a model, it has no opinion."""

    def __init__(self, model: TurnEndModel | None) -> None:
        self._model = model
        self._sound = RecentSound()

    @property
    def is_available(self) -> bool:
        """True if there is a model."""
        return self._model is not None

    def hear(self, first_sample: int, pcm: bytes) -> None:
        """Add sound of the microphone."""
        if self._model is not None:
            self._sound.add(first_sample, pcm)

    async def probability_finished(self, start: int, end: int) -> float | None:
        """The probability (0 to 1) that the user has finished with the sound between these samples; None without a
        model.
        """
        if self._model is None:
            return None
        return await asyncio.to_thread(self._model.probability_finished, self._sound.between(start, end))

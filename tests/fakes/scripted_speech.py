"""A speech engine that follows a script: its sound depends only on text and seed, and failures are scripted."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field

from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE, SynthesisFailed, Voice

PIECE_MS = 30


@dataclass(frozen=True, slots=True)
class Failure:
    """The synthesis of a sentence fails with `error` after `pieces` pieces of sound."""

    error: SynthesisFailed
    pieces: int = 0


@dataclass(slots=True)
class ScriptedSpeech:
    """The engine. `failures`: by sentence text, the failures of its next syntheses."""

    ms_per_char: int = 10
    piece_s: float = 0.01
    failures: Mapping[str, list[Failure]] = field(default_factory=dict[str, list[Failure]])
    spoken: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    """Text, voice and seed of every synthesis that was started."""
    running: int = 0
    name: str = "scripted"

    async def start(self) -> None:
        """Nothing to load."""

    def voices(self) -> Sequence[Voice]:
        return (Voice("plain", "Plain", "en", "a script"), Voice("luna", "Luna", "en", "a script"))

    async def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:
        self.spoken.append((text, voice, seed))
        planned = self.failures.get(text)
        failure = planned.pop(0) if planned else None
        self.running += 1
        try:
            for number, piece in enumerate(self._pieces(text, seed)):
                if failure is not None and number == failure.pieces:
                    raise failure.error
                await asyncio.sleep(self.piece_s)
                yield piece
        finally:
            self.running -= 1

    async def close(self) -> None:
        """Nothing to free."""

    def pcm(self, text: str, seed: int) -> bytes:
        """The whole sound of a sentence."""
        size = SAMPLE_RATE * self.ms_per_char * len(text) // 1000 * BYTES_PER_SAMPLE
        return hashlib.shake_128(f"{text}:{seed}".encode()).digest(size)

    def _pieces(self, text: str, seed: int) -> list[bytes]:
        pcm, size = self.pcm(text, seed), SAMPLE_RATE * PIECE_MS // 1000 * BYTES_PER_SAMPLE
        return [pcm[at : at + size] for at in range(0, len(pcm), size)]


@dataclass(slots=True)
class VaryingSpeech(ScriptedSpeech):
    """An engine that speaks each time at another pace and with another sound."""

    ms_per_char: int = 60
    is_reproducible: bool = False
    renditions: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    """Text and whole sound of every synthesis that was started."""

    def pcm(self, text: str, seed: int) -> bytes:
        number = len(self.renditions)
        pace = self.ms_per_char * (1.0, 1.3, 0.8)[number % 3]
        size = int(SAMPLE_RATE * pace * len(text)) // 1000 * BYTES_PER_SAMPLE
        pcm = hashlib.shake_128(f"{text}:{seed}:{number}".encode()).digest(size)
        self.renditions.append((text, pcm))
        return pcm

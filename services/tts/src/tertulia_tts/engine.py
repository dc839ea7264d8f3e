"""The port every speech engine implements: text in, 24 kHz PCM out, piece by piece.

PCM everywhere in this service is signed 16-bit little-endian mono at ``SAMPLE_RATE``.

Another engine is a package with an entry point in the group `tertulia.tts_engines` (see `tertulia_tts.engines`), which
names an `EngineSpec`; `examples/tts-engine-tone` is a whole one. `tests/contract/test_speech_engines.py` runs on every
engine that is installed, and says what is expected of it.

Errors:

    EngineError
    ├── EngineUnknown        no installed package offers an engine of that name
    ├── EngineUnavailable    the engine cannot run here; the message says what is missing and what to do
    ├── EngineBroken         the engine ran and can no longer; only a new process helps
    └── SynthesisFailed      one sentence failed; `retryable` says whether another try may succeed
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tertulia_shared.engines import EngineError, EngineSpec, EngineUnavailable, EngineUnknown
from tertulia_shared.entries import SAMPLE_RATE_OUT

__all__ = [
    "BYTES_PER_SAMPLE",
    "SAMPLE_RATE",
    "Breakable",
    "EngineBroken",
    "EngineError",
    "EngineSpec",
    "EngineUnavailable",
    "EngineUnknown",
    "SpeechEngine",
    "SynthesisFailed",
    "Voice",
    "VoiceChoice",
    "choose_voice",
]

SAMPLE_RATE = SAMPLE_RATE_OUT
"""Samples a second of all PCM that engines give."""

BYTES_PER_SAMPLE = 2


class EngineBroken(EngineError):
    """The engine can speak no more in this process (a thread that hangs, a device in a bad state)."""


class SynthesisFailed(EngineError):
    """One text could not be spoken.

    ``retryable`` is true where the cause may pass (engine closing, out of memory) and false where
    the same text would fail again.
    """

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of an engine: a stable id, a name to show, a BCP 47 language tag, and what it sounds like."""

    id: str
    name: str
    language: str
    description: str


class SpeechEngine(Protocol):
    """What the worker needs of an engine. One instance serves many syntheses, also at once."""

    @property
    def name(self) -> str:
        """The name by which ``load_engine`` knows it."""
        ...

    async def start(self) -> None:
        """Load and warm up.

        Raises:
            EngineUnavailable: something it needs is missing; the message says what and what to do.
        """
        ...

    def voices(self) -> Sequence[Voice]:
        """All voices, at least one; the first is the default."""
        ...

    def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:
        """Speak ``text``: pieces of PCM, each of any even, non-zero length, as they are made.

        The joined pieces are the same for equal arguments, whatever was spoken before: a worker that
        takes over a message makes a sentence again and skips what was already published. An unknown
        voice is the default voice. Text with nothing to say gives no pieces. Closing the generator, or
        cancelling its consumer, stops the work within one piece.

        Raises:
            SynthesisFailed: while iterating.
        """
        ...

    async def close(self) -> None:
        """Stop what is running and free everything; harmless when repeated or never started."""
        ...


@runtime_checkable
class Breakable(Protocol):
    """An engine that may break for good; the worker then hands its work back and exits for its supervisor to see."""

    async def broken(self) -> EngineBroken:
        """Wait until it happens (it may never); says what happened."""
        ...


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """The voice to speak with; ``substituted`` where the one that was asked for does not exist."""

    voice: Voice
    substituted: bool


def choose_voice(voices: Sequence[Voice], wanted: str) -> VoiceChoice:
    """The voice with the id ``wanted``, else the default one.

    A character with a voice of some other engine must not silence a conversation, so this is no
    error; ``substituted`` lets the caller warn about it.
    """
    for voice in voices:
        if voice.id == wanted:
            return VoiceChoice(voice, substituted=False)
    return VoiceChoice(voices[0], substituted=True)

"""The port of a speech engine: text in, 24 kHz PCM out, piece by piece.

PCM everywhere in this service is signed 16-bit little-endian mono at `SAMPLE_RATE`.

Another engine is a package with an entry point in the group `tertulia.tts_engines` (see `tertulia_tts.engines`), which
names an `EngineSpec`; `examples/tts-engine-tone` is a complete example. `tests/contract/test_speech_engines.py` runs on
every installed engine and defines the expected behaviour.

Errors:

    EngineError
    ├── EngineUnknown        no installed package offers an engine of that name
    ├── EngineUnavailable    the engine cannot run here; the message says what is missing and what to do
    ├── EngineBroken         the engine was running and cannot run any more; only a new process helps
    ├── CannotClone          the engine cannot make a voice from a recording
    └── SynthesisFailed      one sentence failed; `retryable` says whether another try may succeed
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tertulia_shared.engines import EngineError, EngineSpec, EngineUnavailable, EngineUnknown
from tertulia_shared.entries import SAMPLE_RATE_OUT
from tertulia_shared.voice_files import VoiceFiles

__all__ = [
    "BYTES_PER_SAMPLE",
    "PITCH",
    "SAMPLE_RATE",
    "SPEED",
    "Breakable",
    "CannotClone",
    "ClonesVoices",
    "EngineBroken",
    "EngineError",
    "EngineSpec",
    "EngineUnavailable",
    "EngineUnknown",
    "HasSlots",
    "SpeechEngine",
    "SpeechRequest",
    "SynthesisFailed",
    "TakesRequest",
    "Varying",
    "Voice",
    "VoiceChoice",
    "can_clone",
    "choose_voice",
    "slots_of",
]

SAMPLE_RATE = SAMPLE_RATE_OUT
"""Samples per second of the PCM that engines make."""

BYTES_PER_SAMPLE = 2

SPEED, PITCH = "speed", "pitch"


class EngineBroken(EngineError):
    """The engine cannot work in this process any more (a thread hangs, or the device is in a bad state)."""


class CannotClone(EngineError):
    """The engine cannot make a voice from a recording; the message says why."""


class SynthesisFailed(EngineError):
    """One text could not be spoken. `retryable` is true if another try may succeed (the engine was closing, or out of
    memory), and false if the same text would fail again.
    """

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of an engine: a stable id, a name to show, a BCP 47 language tag, and a description of its sound.

    `monolingual`: the voice speaks no other language than `language`. Then numbers are always read in this language,
    and text in another script is left out. `adjustable`: what a character may change of the voice, of `SPEED` and
    `PITCH`; an engine with such voices is `TakesRequest`.

    `traits`: the description for programs, which show it in the user's language: words such as "woman", "english",
    "calm". Empty if the description is in somebody else's words. `origin`: where the voice comes from, as a name.
    """

    id: str
    name: str
    language: str
    description: str
    monolingual: bool = False
    adjustable: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    origin: str = ""


class SpeechEngine(Protocol):
    """A speech engine. One instance serves many syntheses, also at the same time."""

    @property
    def name(self) -> str:
        """The name under which `load_engine` finds the engine."""
        ...

    async def start(self) -> None:
        """Load the models and warm up, so that the first sentence is not delayed.

        Raises:
            EngineUnavailable: a library, a model or a device is missing; the message says what to do.
        """
        ...

    def voices(self) -> Sequence[Voice]:
        """All voices, which include `luna`, `rex` and `sage`. The first voice is the default."""
        ...

    def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:
        """Speak `text`: yield pieces of PCM as they are made. A piece may have any even length above 0.

        For equal arguments, the joined pieces must be the same, whatever was spoken before: a worker that takes a
        message over synthesizes a sentence again, and skips the chunks that are already published. An engine that
        cannot do this is `Varying`. An unknown voice is replaced by the default voice. Text without words yields
        nothing. Closing the generator, or cancelling its consumer, stops the synthesis within one piece.

        Raises:
            SynthesisFailed: while iterating.
        """
        ...

    async def close(self) -> None:
        """Stop all syntheses and free all resources. Idempotent; may be called before `start`."""
        ...


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A sentence to speak, and what is known about it.

    `sentence_index` is its number within the message, from 0. `deadline` is the time of the event loop's clock at which
    the listener has no more audio to play; it must not change the sound. `speed` is a factor of the voice's own speed
    (`MIN_SPEED` to `MAX_SPEED`), `pitch` is in semitones from the voice's own pitch (`-MAX_PITCH` to `MAX_PITCH`).
    """

    text: str
    voice: str
    seed: int
    sentence_index: int = 0
    deadline: float = 0.0
    speed: float = 1.0
    pitch: float = 0.0


@runtime_checkable
class TakesRequest(Protocol):
    """An engine that serves the most urgent listener first, or changes speed or pitch. The worker calls `speak` instead
    of `synthesize`.
    """

    def speak(self, request: SpeechRequest) -> AsyncGenerator[bytes, None]:
        """Like `SpeechEngine.synthesize`. Only `deadline` has no influence on the sound.

        Raises:
            SynthesisFailed: while iterating.
        """
        ...


@runtime_checkable
class Varying(Protocol):
    """An engine that may speak the same text differently each time. After a takeover, its sentence continues at the
    beginning of a clause, because the other rendition has its words elsewhere.
    """

    @property
    def is_reproducible(self) -> bool:
        """True if equal arguments give equal sound after all."""
        ...


@runtime_checkable
class HasSlots(Protocol):
    """An engine that synthesizes only so many sentences at once; others wait. A worker that speaks this many messages
    leaves new ones to a peer with a free slot.
    """

    @property
    def slots(self) -> int:
        """How many sentences it synthesizes at once."""
        ...


@runtime_checkable
class Breakable(Protocol):
    """An engine that can break permanently. If it breaks, the worker requeues its work and exits with an error."""

    async def broken(self) -> EngineBroken:
        """Wait until the engine breaks, and return the cause. As long as the engine works, this call waits until it is
        cancelled.
        """
        ...


@runtime_checkable
class ClonesVoices(Protocol):
    """An engine that can make further voices from recordings while it runs."""

    @property
    def clones(self) -> bool:
        """False if the settings have turned this off."""
        ...

    async def add_voice(self, voice: VoiceFiles) -> None:
        """Make a voice; then `voices` has it. Adding a voice with the id of another one is not allowed.

        Raises:
            CannotClone: the voice cannot be made now; the engine goes on without it.
        """
        ...

    async def remove_voice(self, voice_id: str) -> None:
        """Forget a voice that was added, and everything that was made from its recording. What speaks with it now may
        end. A voice that does not exist is not an error.
        """
        ...


def can_clone(engine: SpeechEngine) -> bool:
    """Whether the engine makes voices from recordings."""
    return isinstance(engine, ClonesVoices) and engine.clones


def slots_of(engine: SpeechEngine) -> int | None:
    """How many sentences the engine synthesizes at once; None if it sets no bound."""
    return engine.slots if isinstance(engine, HasSlots) else None


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """The voice to speak with. `substituted`: it is not the requested voice, because that voice does not exist."""

    voice: Voice
    substituted: bool


def choose_voice(voices: Sequence[Voice], wanted: str) -> VoiceChoice:
    """The voice with the id `wanted`; the default voice if there is no such voice.

    An unknown voice is not an error: a character whose voice belongs to another engine must still be heard. The caller
    may log a warning if `substituted` is set.
    """
    for voice in voices:
        if voice.id == wanted:
            return VoiceChoice(voice, substituted=False)
    return VoiceChoice(voices[0], substituted=True)

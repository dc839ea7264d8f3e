"""Recordings of spoken turns for `bench.turn_ends`: speech with pauses, over low noise.

The speech comes from tests/fixtures and, if the program `flite` is installed, from flite. Pauses are silence that is
inserted between two words, so the place and the length of each pause are known exactly.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
BEFORE_S, AFTER_S = 0.5, 5.0
NOISE = 6.0
"""Standard deviation of the noise, in units of 16-bit samples: a quiet room."""
_SPEECH = 250.0
"""20 ms whose root mean square is above this count as speech."""
_PEAK = 16_000.0
FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
PAUSES_S = (0.3, 0.6, 0.9, 1.2, 1.6, 2.0, 2.5)

FINISHED = (
    "What do you think about the weather?", "Where do you live?", "How are you today?", "Can you tell me a story?",
    "What is the meaning of life?", "Please tell me a story.", "Do you like music?", "Thank you very much.",
)  # fmt: skip
"""Turns that end after a finished sentence or question."""
UNFINISHED = (
    ("I went to the", "market and bought some apples."),
    ("I want to", "tell you about my day."),
    ("We could go to the park or", "stay at home."),
    ("Can you tell me", "what time it is?"),
    ("I was late because", "the train was late."),
    ("There were twenty", "people in the house."),
)
"""Turns with a pause in the middle of a sentence."""
TWO_SENTENCES = (
    ("I have a question.", "What do you think about music?"),
    ("Good morning.", "Where do you live?"),
    ("It is very cold today.", "Do you like the winter?"),
)
"""Turns with a pause between two sentences."""
FROM_FIXTURES = (("question_rex.wav", 0.98), ("hello_luna.wav", 2.86), ("hello_luna.wav", 1.36))
"""Recordings, each with the second at which a pause is inserted between two words."""

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Recording:
    """PCM of a microphone (16 kHz s16le mono). `speech`: the beginning and the end of each stretch of speech, in
    seconds; a pause lies between two of them.
    """

    name: str
    kind: str
    pcm: bytes
    speech: Sequence[tuple[float, float]]


def recordings() -> Iterator[Recording]:
    """All recordings that this machine can make. They use the lengths of `PAUSES_S` one after the other."""
    for name in ("question_rex.wav", "question_sage.wav", "hello_luna.wav"):
        yield _joined(name, "finished", [_fixture(name)], 0.0)
    pauses = _endless_pauses()
    for name, at_s in FROM_FIXTURES:
        sound, at = _fixture(name), round(at_s * RATE) - _leading(name)
        yield _joined(name, "pause", [sound[:at], sound[at:]], next(pauses))
    if shutil.which("flite") is None:
        return
    for number, text in enumerate(FINISHED):
        yield _joined(text, "finished", [_said(text, number)], 0.0)
    for kind, turns in (("pause", UNFINISHED), ("two sentences", TWO_SENTENCES)):
        for number, parts in enumerate(turns):
            for _ in range(2):
                sounds = [_said(part, number) for part in parts]
                yield _joined(" | ".join(parts), kind, sounds, next(pauses))


def _endless_pauses() -> Iterator[float]:
    while True:
        yield from PAUSES_S


def _joined(name: str, kind: str, sounds: Sequence[Sound], pause_s: float) -> Recording:
    parts: list[Sound] = [np.zeros(round(BEFORE_S * RATE))]
    speech: list[tuple[float, float]] = []
    for number, sound in enumerate(sounds):
        if number:
            parts.append(np.zeros(round(pause_s * RATE)))
        begin = sum(map(len, parts)) / RATE
        parts.append(sound)
        speech.append((begin, begin + len(sound) / RATE))
    parts.append(np.zeros(round(AFTER_S * RATE)))
    whole = np.concatenate(parts)
    whole = whole + np.random.default_rng(7).normal(0, NOISE, len(whole))
    pcm = np.clip(whole, -32768, 32767).astype("<i2").tobytes()
    return Recording(f"{name} ({pause_s:g} s)" if pause_s else name, kind, pcm, speech)


@cache
def _said(text: str, voice: int) -> Sound:
    program = shutil.which("flite") or "flite"
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run([program, "-voice", ("rms", "awb", "slt")[voice % 3], "-t", text, "-o", file.name], check=True)
        return _trimmed(read_wav(Path(file.name)))


@cache
def _fixture(name: str) -> Sound:
    return _trimmed(read_wav(FIXTURES / name))


def _leading(name: str) -> int:
    """The number of samples before the speech of a fixture."""
    return _spoken(read_wav(FIXTURES / name))[0]


def read_wav(path: Path) -> Sound:
    """The samples of a WAV (16 kHz, 16 bits, mono), scaled to the same peak."""
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (RATE, 2, 1):
            raise ValueError(f"{path.name} must be 16 kHz, 16 bits, mono")
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
    return sound * (_PEAK / np.abs(sound).max())


def _trimmed(sound: Sound) -> Sound:
    begin, end = _spoken(sound)
    return sound[begin:end]


def _spoken(sound: Sound) -> tuple[int, int]:
    """The first sample of the speech, and the sample after its last one."""
    step = RATE // 50
    blocks = sound[: len(sound) // step * step].reshape(-1, step)
    (loud,) = np.nonzero(np.sqrt((blocks**2).mean(axis=1)) > _SPEECH)
    return int(loud[0]) * step, (int(loud[-1]) + 1) * step

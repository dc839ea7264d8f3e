"""Measures recognizers on sentences spoken by flite: word errors, CPU time, the wait for the final text, memory.

    python -m bench.recognition [--engines whisper pocketsphinx] [--sentences N] [--talks 1 4]

Word errors are measured in a quiet room and with other voices and noise 10 dB below the speech; the audio is fed as
fast as the engine takes it. CPU time and waits are measured at the pace of speech, with several talks at once. The wait
is the time from the end of the pause that ends a piece to its final text. The figures of CPU time depend little on
other load, the waits much.

Needs the program flite, and the models of `whisper` in the folder of models.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import cast

import numpy as np
from numpy.typing import NDArray

from bench.spoken_recordings import RATE, read_wav
from tertulia_shared.engines import STT_ENGINES, find_engine
from tertulia_shared.settings import load
from tertulia_stt.engine import RecognitionEngine, TranscriptionFinished
from tertulia_stt.engines import load_engine
from tertulia_stt.settings import STTSettings
from tests.harness.word_errors import word_errors

VOICES = ("slt", "rms", "awb", "kal16")
SENTENCES = (
    "Tell me a story about the ocean.", "What do you think about the weather today?", "I would like to go for a walk.",
    "Could you explain that again, please?", "We had dinner with my parents last night.",
    "That sounds like a good plan.",
    "How long does it take to get there?", "I do not agree with you at all.", "My brother works in a hospital.",
    "Let us talk about something else.", "What is the meaning of life?", "She reads a book every week.",
    "Do you remember the first time we met?", "I am looking for a new place to live.", "It was raining the whole day.",
    "Which of these two films is better?", "The train was twelve minutes late.", "Can you help me with my homework?",
    "Nobody knows what will happen next.", "Thank you very much for your help.",
)  # fmt: skip
NOISE_DB = 10.0
SPELLINGS = (("let us", "let's"), ("do not", "don't"), ("i am", "i'm"), ("12", "twelve"), ("what is", "what's"))
FRAME_S = 0.04
PACED = 12
"""Number of sentences that each talk speaks at the pace of speech."""

Sound = NDArray[np.float64]


@dataclass
class Score:
    """Word errors of an engine."""

    words: int = 0
    errors: int = 0

    def add(self, said: str, heard: str) -> None:
        """Count the errors of one sentence."""
        expected, found = plain_words(said), plain_words(heard)
        self.words += len(expected)
        self.errors += word_errors(expected, found)

    @property
    def percent(self) -> float:
        """Errors per hundred words."""
        return 100 * self.errors / self.words


@dataclass
class Paced:
    """Talks at the pace of speech."""

    audio_s: float = 0.0
    waits_ms: list[float] = field(default_factory=list[float])


def plain_words(text: str) -> list[str]:
    """The words in lower case, in one spelling."""
    text = text.lower()
    for long, short in SPELLINGS:
        text = text.replace(long, short)
    return re.sub(r"[^a-z0-9' ]", " ", text).split()


def spoken(text: str, voice: str) -> Sound:
    """The sentence in that voice, with silence before and after it."""
    program = shutil.which("flite") or "flite"
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run([program, "-voice", voice, "-t", text, "-o", file.name], check=True)
        sound = read_wav(Path(file.name))
    return np.concatenate([np.zeros(RATE // 2), sound, np.zeros(RATE)])


def with_noise(sound: Sound, others: Sequence[Sound], seed: int) -> bytes:
    """PCM of the sound; with other voices and pink noise, if there are other voices."""
    random = np.random.default_rng(seed)
    noise = random.normal(0, 6, len(sound))
    if others:
        babble = np.sum([np.resize(other, len(sound)) for other in others], axis=0)
        spectrum = np.fft.rfft(random.normal(size=len(sound)))
        pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), len(sound))
        mixed = babble / babble.std() + 0.7 * pink / pink.std()
        noise = mixed / mixed.std() * sound.std() * 10 ** (-NOISE_DB / 20)
    return np.clip(sound + noise, -32768, 32767).astype("<i2").tobytes()


async def hear(engine: RecognitionEngine, pcm: bytes) -> str:
    """The text of a recording, fed as fast as the engine takes it."""
    session = await engine.open()

    async def feed() -> None:
        for start in range(0, len(pcm), 6400):
            await session.feed(pcm[start : start + 6400])
        await session.finish()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed())
        texts = [event.text async for event in session.events() if isinstance(event, TranscriptionFinished)]
    await session.close()
    return " ".join(texts)


async def talk(engine: RecognitionEngine, pcm: bytes, result: Paced) -> None:
    """One talk at the pace of speech."""
    session, size = await engine.open(), int(FRAME_S * RATE) * 2
    begun = time.perf_counter()

    async def feed() -> None:
        for number, start in enumerate(range(0, len(pcm), size), 1):
            await asyncio.sleep(max(0.0, begun + number * FRAME_S - time.perf_counter()))
            await session.feed(pcm[start : start + size])
        await session.finish()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed())
        async for event in session.events():
            if isinstance(event, TranscriptionFinished) and event.text:
                result.waits_ms.append((time.perf_counter() - begun - event.end_sample / RATE) * 1000)
    await session.close()
    result.audio_s += len(pcm) / 2 / RATE


def cpu_s() -> float:
    """CPU time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measure(name: str, sentences: Sequence[str], talks: Sequence[int]) -> None:
    """Measure one engine, and print its figures."""
    settings = load(find_engine(STT_ENGINES, name).spec().settings)
    engine = load_engine(name, cast("STTSettings", settings))
    await engine.start()
    sounds = [(text, spoken(text, voice)) for text in sentences for voice in VOICES]
    for condition in ("quiet", f"noise at {NOISE_DB:g} dB"):
        score, begun, audio_s = Score(), cpu_s(), 0.0
        for number, (text, sound) in enumerate(sounds):
            others = (
                [sounds[(number + shift) % len(sounds)][1] for shift in (7, 23, 41)] if condition != "quiet" else []
            )
            pcm = with_noise(sound, others, number)
            audio_s += len(pcm) / 2 / RATE
            score.add(text, await hear(engine, pcm))
        cost = (cpu_s() - begun) / audio_s
        print(f"{name}, {condition}: {score.percent:.1f} % word errors, {cost:.2f} CPU s per s, as fast as possible")
    for count in talks:
        result, begun = Paced(), cpu_s()
        texts = list(islice(cycle(sounds), PACED * count))
        pcms = [b"".join(with_noise(sound, [], 0) for _, sound in texts[number::count]) for number in range(count)]
        await asyncio.gather(*(talk(engine, pcm, result) for pcm in pcms))
        cost, waits = (cpu_s() - begun) / result.audio_s, sorted(result.waits_ms)
        tail = waits[int(len(waits) * 0.95) - 1]
        print(
            f"{name}, talks at once: {count}: {cost:.2f} CPU s per s of each talk; final text after"
            f" {median(waits):.0f} ms (p95 {tail:.0f} ms)"
        )
    print(f"{name}, memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most")
    await engine.close()


def main() -> None:
    """Measure the engines one after another, each in this process; name one engine to see its memory alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", default=["whisper"])
    parser.add_argument("--sentences", type=int, default=len(SENTENCES))
    parser.add_argument("--talks", type=int, nargs="*", default=[1, 4])
    arguments = parser.parse_args()
    for name in arguments.engines:
        asyncio.run(measure(name, SENTENCES[: arguments.sentences], arguments.talks))


if __name__ == "__main__":
    main()

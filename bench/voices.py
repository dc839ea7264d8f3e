"""The voices of a speech engine: CPU time, first sound, level and pitch, and how many words a recognizer mishears.

    python -m bench.voices --engine kokoro                          the voices luna, rex and sage
    python -m bench.voices --engine kokoro --voices all --judge data/models/whisper-base

The judge is a Whisper model in CTranslate2's format; it needs the package faster-whisper. CPU seconds are the firm
figures: the times also depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
import soxr

from tertulia_shared.engines import TTS_ENGINES, find_engine
from tertulia_shared.settings import load
from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE, EngineError, SpeechEngine, Voice
from tertulia_tts.engines import load_engine
from tertulia_tts.settings import TTSSettings
from tests.harness.pcm_analysis import level_dbfs, pitch_hz, samples

SEED: Final = 20
JUDGE_RATE: Final = 16_000
SENTENCES: Final[Mapping[str, Sequence[str]]] = {
    "en": (
        "I was just thinking about lunch, and what we could cook together for everybody.",
        "The sea was calm that night, and the old keeper told me a story about a ship that never came home.",
        "Of course, let us see what the weather is like tomorrow.",
        "Do you remember the little house behind the station?",
    ),
    "es": (
        "Estaba pensando en la comida, y en lo que podríamos cocinar juntos.",
        "El mar estaba tranquilo aquella noche, y el viejo guardián me contó una historia.",
    ),
    "fr": (
        "Je pensais au déjeuner, et à ce que nous pourrions cuisiner ensemble.",
        "La mer était calme cette nuit, et le vieux gardien me racontait une histoire.",
    ),
    "hi": ("मैं बस दोपहर के खाने के बारे में सोच रहा था।", "उस रात समुद्र शांत था, और बूढ़े ने मुझे एक कहानी सुनाई।"),
    "it": (
        "Stavo pensando al pranzo, e a cosa potremmo cucinare insieme.",
        "Il mare era calmo quella notte, e il vecchio guardiano mi raccontò una storia.",
    ),
    "pt": (
        "Eu estava pensando no almoço, e no que poderíamos cozinhar juntos.",
        "O mar estava calmo naquela noite, e o velho guarda me contou uma história.",
    ),
}
"""What each voice says, by the language of the voice."""

Judge = Callable[[bytes, str], str]
"""The text of some PCM in a language."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence: its PCM, and the seconds until its first piece and in all."""

    pcm: bytes
    first_s: float
    wall_s: float
    cpu_s: float

    @property
    def seconds(self) -> float:
        return len(self.pcm) / BYTES_PER_SAMPLE / SAMPLE_RATE


async def speak(engine: SpeechEngine, text: str, voice: str) -> Spoken:
    """Speak a sentence."""
    pcm, first_s = b"", 0.0
    began, cpu = time.perf_counter(), time.process_time()
    async with aclosing(engine.synthesize(text, voice, SEED)) as pieces:
        async for piece in pieces:
            first_s = first_s or time.perf_counter() - began
            pcm += piece
    return Spoken(pcm, first_s, time.perf_counter() - began, time.process_time() - cpu)


def words(text: str) -> list[str]:
    """The words as they count for the comparison."""
    return re.sub(r"[^\w\s]", " ", text.lower()).split()


def misheard(said: Sequence[str], heard: Sequence[str]) -> int:
    """The smallest number of words that were replaced, left out or added."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(said, 1):
        above, row = row, [index]
        for at, other in enumerate(heard, 1):
            row.append(min(above[at] + 1, row[-1] + 1, above[at - 1] + (word != other)))
    return row[-1]


def whisper(folder: Path) -> Judge:
    """A judge that transcribes with faster-whisper."""
    from faster_whisper import WhisperModel  # noqa: PLC0415 - only installed where it is wanted

    model = WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)

    def judge(pcm: bytes, language: str) -> str:
        audio = soxr.resample((samples(pcm) / 32768).astype(np.float32), SAMPLE_RATE, JUDGE_RATE)
        segments, _ = model.transcribe(audio, language=language, beam_size=5)
        return " ".join(segment.text for segment in segments)

    return judge


async def measure(engine: SpeechEngine, voice: Voice, judge: Judge | None) -> None:
    """Let a voice speak its sentences, and print one line about it."""
    language = voice.language.partition("-")[0]
    texts = SENTENCES.get(language, ())
    if not texts:
        return
    spoken = [await speak(engine, text, voice.id) for text in texts]
    pcm = b"".join(one.pcm for one in spoken)
    seconds = sum(one.seconds for one in spoken)
    line = (
        f"{voice.id:14} {voice.language:6} {sum(map(len, texts)) / seconds:4.1f} characters/s  "
        f"{level_dbfs(pcm):6.1f} dBFS, peak {np.abs(samples(pcm)).max() / 32768:4.2f}  {pitch_hz(pcm):4.0f} Hz  "
        f"CPU {sum(one.cpu_s for one in spoken) / seconds:5.3f}  "
        f"RTF {sum(one.wall_s for one in spoken) / seconds:5.2f}  "
        f"first sound {', '.join(f'{one.first_s:.2f}' for one in spoken)} s"
    )
    if judge is not None:
        heard = [words(judge(one.pcm, language)) for one in spoken]
        wrong = [misheard(words(text), text_heard) for text, text_heard in zip(texts, heard, strict=True)]
        line += f"  misheard {sum(wrong)} of {sum(len(words(text)) for text in texts)}"
        line += "".join(f"\n    {' '.join(words)}" for words, count in zip(heard, wrong, strict=True) if count)
    print(line, flush=True)


async def main() -> None:
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="kokoro", help="(%(default)s)")
    parser.add_argument("--voices", default="luna,rex,sage", help="names, comma-separated, or all (%(default)s)")
    parser.add_argument("--judge", type=Path, help="folder of a Whisper model")
    asked = parser.parse_args()
    try:
        settings = load(find_engine(TTS_ENGINES, asked.engine).spec().settings)
        engine = load_engine(asked.engine, cast("TTSSettings", settings))
        began = time.perf_counter()
        await engine.start()
    except EngineError as error:
        sys.exit(f"bench: {error}")
    print(f"ready after {time.perf_counter() - began:.1f} s, {_memory_mb():.0f} MB", flush=True)
    judge = whisper(asked.judge) if asked.judge else None
    try:
        for voice in engine.voices():
            if asked.voices == "all" or voice.id in asked.voices.split(","):
                await measure(engine, voice, judge)
    finally:
        await engine.close()
    print(f"at most {_memory_mb():.0f} MB" + (" with the judge" if judge else ""))


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    asyncio.run(main())

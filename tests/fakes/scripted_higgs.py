"""A Higgs model without weights: the test scripts each run, and the sound is a function of the codes.

A frame's sound depends on the frames around it, as with the real codec, so a window decoded with too little context
differs. The codes of a clip are its length; the frames of a text are a function of text and seed.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tertulia_shared.voice_files import VoiceFiles
from tertulia_tts.engines.higgs.decode_windows import CONTEXT
from tertulia_tts.engines.higgs.delay_pattern import BEGIN, END, Codes
from tertulia_tts.engines.higgs.frame_decoder import SAMPLES_A_FRAME
from tertulia_tts.engines.higgs.model import ClonedVoice

CODEBOOKS = 8


@dataclass(slots=True)
class ScriptedModel:
    """The model. `seeds` and `texts` record the requests; `columns` counts the steps of all runs."""

    frames: int = 40
    fingerprint: str = "scripted"
    codebooks: int = CODEBOOKS
    seeds: list[int] = field(default_factory=list[int])
    texts: list[str] = field(default_factory=list[str])
    columns: int = 0
    freed: int = 0
    encoded: int = 0
    silent_from: int | None = None
    at_once: int = 0
    most_at_once: int = 0
    gate: threading.Event | None = None
    """If set, each column waits for it, as on a device that hangs."""
    errors: list[tuple[int, Exception] | None] = field(default_factory=list[tuple[int, Exception] | None])
    """For each coming run: the column at which it fails, and the error; None for a run that succeeds."""

    def encode(self, voice: VoiceFiles) -> Codes:
        self.encoded += 1
        return np.full((CODEBOOKS, int(voice.seconds * 25)), len(voice.pcm) % 1024, np.int16)

    def generate(
        self, voice: ClonedVoice, text: str, seed: int, max_frames: int, on_column: Callable[[Codes], bool]
    ) -> None:
        self.seeds.append(seed)
        self.texts.append(text)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        failure = self.errors.pop(0) if self.errors else None
        try:
            frames = spoken_frames(voice.files.id, text, seed, self.frames)
            if self.silent_from is not None:
                frames[:, self.silent_from :] = 0
            for at, column in enumerate(delayed(frames)[: max_frames + CODEBOOKS]):
                if self.gate is not None:
                    self.gate.wait()
                if failure is not None and at == failure[0]:
                    raise failure[1]
                self.columns += 1
                if not on_column(column):
                    return
        finally:
            self.at_once -= 1

    def decode(self, codes: Codes) -> NDArray[np.float32]:
        return sound_of(codes)

    def free(self) -> None:
        self.freed += 1


def spoken_frames(voice: str, text: str, seed: int, count: int) -> Codes:
    """The codes of a text, shape `(codebooks, count)`. No code is 0, which is silence."""
    source = random.Random(f"{voice} {text} {seed}")
    return np.array([[source.randrange(1, 1024) for _ in range(count)] for _ in range(CODEBOOKS)], np.int16)


def delayed(frames: Codes) -> Sequence[Codes]:
    """The columns that a model generates for these frames, including BEGIN and END."""
    count = frames.shape[1]
    columns = [np.full(CODEBOOKS, BEGIN, np.int16)]
    for at in range(count + CODEBOOKS):
        column = np.full(CODEBOOKS, END, np.int16)
        for codebook in range(CODEBOOKS):
            if at < codebook:
                column[codebook] = BEGIN
            elif at - codebook < count:
                column[codebook] = frames[codebook, at - codebook]
        columns.append(column)
    return columns


def sound_of(codes: Codes) -> NDArray[np.float32]:
    """The sound of codes: a constant level per frame, computed from the codes up to `CONTEXT` frames away."""
    loudness = codes.astype(np.float64).sum(axis=0) / (CODEBOOKS * 1024)
    padded = np.concatenate((np.zeros(CONTEXT), loudness, np.zeros(CONTEXT)))
    weights = 0.8 ** np.abs(np.arange(-CONTEXT, CONTEXT + 1))
    levels = np.convolve(padded, weights / weights.sum(), "valid")
    levels[loudness == 0] = 0
    tone = np.sin(2 * np.pi * np.arange(SAMPLES_A_FRAME) / 96)
    return (0.5 * levels[:, None] * tone).astype(np.float32).reshape(-1)

"""Kokoro-82M in onnxruntime: phonemes and a voice's style in, samples out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tertulia_tts.engine import EngineUnavailable
from tertulia_tts.engines.kokoro.alphabet import MAX_TOKENS

MODEL_FILE: Final = "kokoro-v1.0.int8.onnx"
VOICES_FOLDER: Final = "voices"
STYLE_VALUES: Final = 256
MAX_THREADS: Final = 4
"""More threads hardly make the model faster, and are missed elsewhere."""

_INPUTS: Final = ("tokens", "style", "speed")

Style = NDArray[np.float32]
"""A voice: for each number of tokens from 1 to `MAX_TOKENS`, one row of `STYLE_VALUES` values."""
Samples = NDArray[np.float32]


class Cancelled(Exception):
    """The run was cancelled by its `Run`."""


class Run:
    """One run of the model, which another thread may cancel."""

    def __init__(self) -> None:
        self._options = onnxruntime.RunOptions()
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    @property
    def options(self) -> onnxruntime.RunOptions:
        return self._options

    def cancel(self) -> None:
        """Make the run end at the next node of the graph."""
        self._cancelled = True
        self._options.terminate = True


class KokoroModel:
    """The model with the styles of its voices. `threads`: 0 uses as many as there are cores, at most `MAX_THREADS`.

    Equal arguments give equal samples, with any number of threads.
    """

    def __init__(self, folder: Path, voices: Sequence[str], threads: int = 0) -> None:
        """Load the model. Blocks for about a second.

        Raises:
            EngineUnavailable: a file is missing, or is another model.
        """
        self._styles = {voice: _style(folder / VOICES_FOLDER / f"{voice}.bin") for voice in voices}
        self._session = _session(folder / MODEL_FILE, threads or min(MAX_THREADS, _cores()))

    def samples(self, tokens: Sequence[int], voice: str, speed: float, run: Run) -> Samples:
        """Speak 1 to `MAX_TOKENS` tokens: samples between -1 and 1 at 24 kHz. Blocks.

        Raises:
            Cancelled: `run.cancel` was called.
        """
        if run.cancelled:
            raise Cancelled
        inputs: dict[str, NDArray[np.float32] | NDArray[np.int64]] = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": self._styles[voice][len(tokens) - 1 : len(tokens)],
            "speed": np.array([speed], np.float32),
        }
        try:
            return self._session.run(None, inputs, run.options)[0].ravel()
        except Exception as error:  # onnxruntime's errors have no common base but Exception
            if run.cancelled:
                raise Cancelled from error
            raise


def _style(path: Path) -> Style:
    try:
        values = np.fromfile(path, "<f4")
    except OSError as error:
        raise EngineUnavailable(f"the engine 'kokoro' lacks the voice {path}: {error.strerror}") from error
    if values.size != MAX_TOKENS * STYLE_VALUES:
        raise EngineUnavailable(
            f"{path} is not a voice of Kokoro-82M: it has {values.size * 4} bytes, not {MAX_TOKENS * STYLE_VALUES * 4}"
        )
    return values.reshape(MAX_TOKENS, STYLE_VALUES)


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # a thread that waits for work must not keep a core busy: other workers need it
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        raise EngineUnavailable(f"the engine 'kokoro' cannot load {path}: {error}") from error
    inputs = tuple(one.name for one in session.get_inputs())
    if inputs != _INPUTS:
        raise EngineUnavailable(f"{path} is not Kokoro-82M: it takes {inputs}, not {_INPUTS}")
    return session


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""A small model with the inputs of Kokoro-82M: it hums a tone. The voice is the pitch, and each token is as loud as its
number is large.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from tertulia_tts.engine import SAMPLE_RATE
from tertulia_tts.engines.kokoro.alphabet import MAX_TOKENS
from tertulia_tts.engines.kokoro.model import MODEL_FILE, STYLE_VALUES, VOICES_FOLDER
from tertulia_tts.engines.kokoro.voices import KOKORO_VOICES
from tests.fakes.tiny_onnx import FLOAT, INT64, Node, Port, model

TOKEN_SAMPLES: Final = 1_200
"""The length of a token, at the speed 1."""
PITCHES_HZ: Final = {"luna": 220.0, "rex": 90.0, "sage": 140.0}
_FIRST_PITCH_HZ: Final = 100.0
_PITCH_STEP_HZ: Final = 3.0


def make_tiny_kokoro(folder: Path) -> Path:
    """Write the model and all voices into `folder`, and return it."""
    (folder / VOICES_FOLDER).mkdir(parents=True)
    (folder / MODEL_FILE).write_bytes(_humming())
    for index, known in enumerate(KOKORO_VOICES):
        hz = PITCHES_HZ.get(known.voice.id, _FIRST_PITCH_HZ + _PITCH_STEP_HZ * index)
        style = np.zeros((MAX_TOKENS, STYLE_VALUES), "<f4")
        style[:, 0] = 2 * np.pi * hz / SAMPLE_RATE
        style.tofile(folder / VOICES_FOLDER / f"{known.kokoro_id}.bin")
    return folder


def _humming() -> bytes:
    nodes = [
        Node("Div", ["token_samples", "speed"], "each"),
        Node("Size", ["tokens"], "count_int"),
        Node("Cast", ["count_int"], "count", [("to", FLOAT)]),
        Node("Mul", ["count", "each"], "length_1d"),
        Node("Squeeze", ["length_1d"], "length"),
        Node("Range", ["zero", "length", "one"], "time"),
        Node("Div", ["time", "each"], "position"),
        Node("Cast", ["position"], "token_index", [("to", INT64)]),
        Node("Squeeze", ["tokens", "first_axis"], "flat_tokens"),
        Node("Gather", ["flat_tokens", "token_index"], "sounding_token"),
        Node("Cast", ["sounding_token"], "loudness", [("to", FLOAT)]),
        Node("Mul", ["loudness", "scale"], "amplitude"),
        Node("Gather", ["style", "zero_index"], "voice", [("axis", 1)]),
        Node("Squeeze", ["voice"], "radians"),
        Node("Mul", ["time", "radians"], "phase"),
        Node("Sin", ["phase"], "tone"),
        Node("Mul", ["tone", "amplitude"], "audio"),
    ]
    return model(
        nodes,
        [
            Port("tokens", INT64, [1, "count"]),
            Port("style", FLOAT, [1, STYLE_VALUES]),
            Port("speed", FLOAT, [1]),
        ],
        [Port("audio", FLOAT, ["samples"])],
        token_samples=np.array([TOKEN_SAMPLES], np.float32),
        zero=np.array(0, np.float32),
        one=np.array(1, np.float32),
        first_axis=np.array([0], np.int64),
        zero_index=np.array([0], np.int64),
        scale=np.array(0.001, np.float32),
    )

"""Text and audio of an undisturbed run: pure functions of the request, without the product's code.

The rig's model server answers with `reply_to`, and its speech server with `sound_of`. The checker calls the same
functions. So the expected text and samples of every reply are known without a recording.
"""

from __future__ import annotations

import random
import zlib

import numpy as np

SAMPLE_RATE = 24_000
"""Sample rate in Hz. The samples are mono, signed 16-bit, little-endian."""
GAP_SAMPLES = SAMPLE_RATE // 5
"""The 200 ms of silence that the speech engine appends to each sentence."""
MS_A_CHARACTER = 4
"""Length of the audio for each character of a sentence. A sentence lasts 60 to 160 ms; with its silence it is several
chunks.
"""
CHARACTERS = ("Luna", "Rex", "Sage")

_VOCABULARY = (
    "amber birch cedar copper delta ember falcon garnet harbor indigo juniper kestrel lantern maple nectar opal pepper "
    "quartz river saffron timber umber velvet willow yarrow zephyr"
)


def reply_to(said: str, character: str) -> str:
    """The full text of a character's reply to the user's message: two to four plain sentences."""
    dice = random.Random(f"{character}|{said}")
    sentences = (
        " ".join(dice.choices(_VOCABULARY.split(), k=dice.randint(3, 6))).capitalize()
        for _ in range(dice.randint(2, 4))
    )
    return " ".join(f"{sentence}." for sentence in sentences)


def sound_of(text: str, voice: str) -> bytes:
    """The speech server's samples for a text: noise without silence, different for each text and voice."""
    dice = np.random.default_rng(zlib.crc32(f"{voice}|{text}".encode()))
    count = max(1, len(text)) * MS_A_CHARACTER * SAMPLE_RATE // 1000
    return (dice.integers(1_000, 8_000, count) * dice.choice((-1, 1), count)).astype("<i2").tobytes()


def rendering_of(text: str, voice: str) -> bytes:
    """The audio of a sentence that a client receives in an undisturbed run."""
    return sound_of(text, voice) + bytes(2 * GAP_SAMPLES)

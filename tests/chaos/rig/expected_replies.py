"""Text and sound of an undisturbed run: pure functions of the request, without the product's code.

The rig's model server answers with `reply_to`, its speech server with `sound_of`. The checker calls the same functions,
so the expected text and samples of every reply are known without a recording.
"""

from __future__ import annotations

import random
import zlib

import numpy as np

SAMPLE_RATE = 24_000
"""Hz, of signed 16-bit little-endian mono."""
GAP_SAMPLES = SAMPLE_RATE // 5
"""The 200 ms of silence that the speech engine puts after each sentence."""
MS_A_CHARACTER = 4
"""Sound for each character of a sentence: a sentence lasts 60 to 160 ms, and is several chunks with its gap."""
CHARACTERS = ("Luna", "Rex", "Sage")

_VOCABULARY = (
    "amber birch cedar copper delta ember falcon garnet harbor indigo juniper kestrel lantern maple nectar opal pepper "
    "quartz river saffron timber umber velvet willow yarrow zephyr"
)


def reply_to(said: str, character: str) -> str:
    """The full text of a character's reply to what the user said: two to four plain sentences."""
    dice = random.Random(f"{character}|{said}")
    sentences = (
        " ".join(dice.choices(_VOCABULARY.split(), k=dice.randint(3, 6))).capitalize()
        for _ in range(dice.randint(2, 4))
    )
    return " ".join(f"{sentence}." for sentence in sentences)


def sound_of(text: str, voice: str) -> bytes:
    """The speech server's samples for a text: noise without any silence, different for every text and voice."""
    dice = np.random.default_rng(zlib.crc32(f"{voice}|{text}".encode()))
    count = max(1, len(text)) * MS_A_CHARACTER * SAMPLE_RATE // 1000
    return (dice.integers(1_000, 8_000, count) * dice.choice((-1, 1), count)).astype("<i2").tobytes()


def rendering_of(text: str, voice: str) -> bytes:
    """The sound of a sentence at the client without disturbance."""
    return sound_of(text, voice) + bytes(2 * GAP_SAMPLES)

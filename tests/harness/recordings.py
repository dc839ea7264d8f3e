"""Recordings of a voice for tests, as the page sends them."""

from __future__ import annotations

import base64
import math
from array import array
from typing import Any

from tertulia_shared.voice_clips import CLIP_HZ
from tertulia_shared.wav import wav_file


def recorded_pcm(seconds: float = 6.0, *, peak: float = 0.3, sound_s: float | None = None) -> bytes:
    """A tone of `sound_s` seconds (default: all of it), then silence."""
    count = int(seconds * CLIP_HZ)
    sounding = count if sound_s is None else int(sound_s * CLIP_HZ)
    step = 2 * math.pi * 220 / CLIP_HZ
    tone = array("h", (round(peak * 32_767 * math.sin(step * at)) for at in range(sounding)))
    return tone.tobytes() + bytes(2 * (count - sounding))


def new_clip(name: str = "Ada", pcm: bytes | None = None, **changes: Any) -> dict[str, Any]:
    """The body of a request that makes a voice."""
    wav = wav_file(recorded_pcm() if pcm is None else pcm, CLIP_HZ)
    body: dict[str, Any] = {
        "name": name,
        "language": "en-GB",
        "transcript": "The lighthouse keeper counted the waves.",
        "consent": True,
        "audio": base64.b64encode(wav).decode(),
    }
    return body | changes

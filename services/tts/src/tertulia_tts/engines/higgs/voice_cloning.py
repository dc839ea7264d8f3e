"""Encodes the clip of each voice once, and stores the codes on disk.

A GPU of another model may encode a clip slightly differently, and then every sentence of that voice would sound
different. Workers that share the folder with the stored codes sound the same.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tertulia_shared.voice_files import VoiceFiles
from tertulia_tts.engines.higgs.delay_pattern import CODES, Codes
from tertulia_tts.engines.higgs.model import ClonedVoice, SpeechModel

log = logging.getLogger(__name__)


def clone(model: SpeechModel, voices: Iterable[VoiceFiles], kept: Path) -> Sequence[ClonedVoice]:
    """Return each voice with its codes. Codes that are stored in the folder `kept` are read from there."""
    return [ClonedVoice(voice, _codes(model, voice, kept)) for voice in voices]


def _codes(model: SpeechModel, voice: VoiceFiles, kept: Path) -> Codes:
    digest = hashlib.blake2b(digest_size=16)
    for part in (model.fingerprint.encode(), str(voice.sample_rate).encode(), voice.pcm):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    file = kept / f"{digest.hexdigest()}.npy"
    codes = _read(file, model.codebooks)
    if codes is None:
        codes = model.encode(voice)
        _write(file, codes)
    return codes


def _read(file: Path, codebooks: int) -> Codes | None:
    try:
        codes = np.load(file, allow_pickle=False)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError) as error:
        log.warning("the stored codes of a voice cannot be read, encoding it again: %s", error)
        return None
    if codes.dtype != np.int16 or codes.ndim != 2 or codes.shape[0] != codebooks or not codes.size:  # noqa: PLR2004 - codebooks by frames
        return None
    return codes if codes.min() >= 0 and codes.max() < CODES else None


def _write(file: Path, codes: Codes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}.new.npy")
        np.save(new, codes)
        new.replace(file)
    except OSError as error:  # the folder is read-only or full, so the voice is encoded again at the next start
        log.warning("the voices' codes cannot be stored: %s", error)

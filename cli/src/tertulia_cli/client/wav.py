"""Reads a recording for the command: a WAV file as microphone PCM, or unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tertulia_cli.client.resampling import resampled
from tertulia_cli.exit_codes import MISUSED, Failure
from tertulia_shared.entries import SAMPLE_RATE_IN
from tertulia_shared.wav import Sound, as_bytes, mono, parse

MIC_HZ: Final = SAMPLE_RATE_IN
MAX_FILE_BYTES: Final = 200 * 1024 * 1024


def read_speech(path: Path) -> bytes:
    """Read a file's sound as microphone PCM: 16 kHz, 16 bit, mono.

    Raises:
        Failure: see `read_wav`.
    """
    sound = read_wav(path, MIC_HZ)
    return as_bytes(resampled(mono(sound), sound.layout.hz, MIC_HZ))


def read_wav(path: Path, advised_hz: int) -> Sound:
    """Read a WAV file. `advised_hz`: if the format is unsupported, the error advises to convert the file to this rate.

    Raises:
        Failure: the file cannot be read, or has an unsupported format.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Failure(f"{path} is above {MAX_FILE_BYTES >> 20} MiB: cut it into pieces.", MISUSED)
        raw = path.read_bytes()
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.", MISUSED) from error
    try:
        return parse(raw)
    except ValueError as error:
        raise Failure(
            f"{path} is not a PCM WAV file ({error}); convert it: "
            f"ffmpeg -i {path} -ac 1 -ar {advised_hz} -c:a pcm_s16le out.wav",
            MISUSED,
        ) from error

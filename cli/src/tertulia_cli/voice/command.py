"""`tertulia voice`: makes a voice to clone from a clip and its transcript, and lists the voices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tertulia_cli.client.resampling import resampled
from tertulia_cli.client.wav import read_wav
from tertulia_cli.exit_codes import FAILED, MISUSED, OK, Failure
from tertulia_shared.voice_files import HIGHEST_HZ, TEXTS, BadVoice, VoiceFiles, read_voices, write_voice
from tertulia_shared.wav import as_bytes, mono

ADVISED_HZ = 24_000
"""If a clip's format is unsupported, the error advises to convert it to this rate, which the speech engines use."""


@dataclass(frozen=True, slots=True)
class NewVoice:
    """Options of `tertulia voice add`."""

    id: str
    clip: Path
    transcript: str
    name: str = ""
    language: str = "und"
    description: str = ""
    scene: str = ""
    replace: bool = False


def add(folder: Path, new: NewVoice) -> int:
    """Check the clip and write the voice into `folder`.

    Raises:
        Failure: the clip is not suitable, or the voice cannot be written.
    """
    if (folder / new.id / TEXTS).exists() and not new.replace:
        raise Failure(f"{folder} already has a voice {new.id!r}; --replace replaces it.", MISUSED)
    rate, pcm = _read(new.clip)
    voice = VoiceFiles(
        new.id, " ".join(new.transcript.split()), rate, pcm, new.name, new.language, new.description, new.scene
    )
    try:
        made = write_voice(folder, voice)
    except BadVoice as error:
        raise Failure(f"{error}.", MISUSED) from error
    except OSError as error:
        raise Failure(f"{folder / new.id} cannot be written ({error.strerror}).", FAILED) from error
    print(f"voice {voice.id}: {made} ({voice.seconds:.1f} s at {rate} Hz). Restart the tts workers to use it.")
    return OK


def show(folder: Path) -> int:
    """List the voices in `folder`.

    Raises:
        Failure: a voice is malformed.
    """
    try:
        voices = read_voices(folder)
    except BadVoice as error:
        raise Failure(f"{error}.") from error
    if not voices:
        print(f'no voices in {folder}; add one: tertulia voice add NAME clip.wav "the words in the clip"')
    for voice in voices:
        about = f", {voice.description}" if voice.description else ""
        print(f"{voice.id}: {voice.name}, {voice.language}{about} ({voice.seconds:.1f} s)")
    return OK


def _read(path: Path) -> tuple[int, bytes]:
    """Sample rate and 16-bit mono PCM of a WAV file; rates above `HIGHEST_HZ` are reduced to it."""
    sound = read_wav(path, ADVISED_HZ)
    rate = min(sound.layout.hz, HIGHEST_HZ)
    return rate, as_bytes(resampled(mono(sound), sound.layout.hz, rate))

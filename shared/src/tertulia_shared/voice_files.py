"""Reads and writes the folder of voices to clone: `tertulia voice add --folder` writes it, a speech engine reads it.

    voices/<id>/reference.wav   a clip of the voice: a WAV of 3 to 30 s, 16 to 48 kHz; written as 16-bit mono PCM
    voices/<id>/voice.toml      its transcript and the voice's name

`voice.toml` has `transcript`, and may have `name`, `language` (a BCP 47 tag), `description` and `scene` (the place it
should sound like: "A quiet room."). Voices are in order of their ids; a folder without a `voice.toml` is not a voice.
"""

from __future__ import annotations

import json
import re
import tomllib
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tertulia_shared.visible_text import invisible_fault
from tertulia_shared.voice_levels import level_faults, levels_of
from tertulia_shared.wav import as_bytes, mono, parse

CLIP: Final = "reference.wav"
TEXTS: Final = "voice.toml"
SHORTEST_S, LONGEST_S = 3.0, 30.0
LOWEST_HZ, HIGHEST_HZ = 16_000, 48_000
MAX_TEXT: Final = 1_000

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class BadVoice(Exception):
    """A voice cannot be used; the message names it, the reason, and what is allowed."""


@dataclass(frozen=True, slots=True)
class VoiceFiles:
    """One voice. `pcm`: signed 16-bit little-endian mono at `sample_rate`."""

    id: str
    transcript: str
    sample_rate: int
    pcm: bytes
    name: str = ""
    language: str = "und"
    description: str = ""
    scene: str = ""

    @property
    def seconds(self) -> float:
        """The clip's length."""
        return len(self.pcm) / 2 / self.sample_rate


def check(voice: VoiceFiles) -> None:
    """Check that the engine can clone a voice from the clip.

    Raises:
        BadVoice: all faults, in one message.
    """
    wrong: list[str] = []
    if not _ID.fullmatch(voice.id):
        wrong.append("its id must be 1 to 40 of a-z, 0-9, - and _, and begin with a letter or digit")
    for what, text in (("transcript", voice.transcript), ("scene", voice.scene), ("description", voice.description)):
        if len(text) > MAX_TEXT:
            wrong.append(f"its {what} has {len(text)} characters; {MAX_TEXT} are allowed")
    if fault := invisible_fault(voice.name):
        wrong.append(f"its name {fault}")
    if not any(char.isalnum() for char in voice.transcript):
        wrong.append("its transcript is empty: say what is spoken in the clip, word for word")
    if not LOWEST_HZ <= voice.sample_rate <= HIGHEST_HZ:
        wrong.append(f"its clip has {voice.sample_rate} Hz; {LOWEST_HZ} to {HIGHEST_HZ} are needed")
    elif not SHORTEST_S <= voice.seconds <= LONGEST_S:
        wrong.append(f"its clip is {voice.seconds:.1f} s long; {SHORTEST_S:g} to {LONGEST_S:g} s are needed")
    else:
        wrong += (f"its clip {fault}" for fault in level_faults(levels_of(voice.pcm, voice.sample_rate)).values())
    if wrong:
        raise BadVoice(f"voice {voice.id!r}: {'; '.join(wrong)}")


def read_voices(folder: Path) -> Sequence[VoiceFiles]:
    """Read all voices of the folder, by id; none if the folder does not exist.

    Raises:
        BadVoice: a voice cannot be used (the first such voice).
    """
    if not folder.is_dir():
        return ()
    return tuple(read_voice(each.parent) for each in sorted(folder.glob(f"*/{TEXTS}")))


def read_voice(folder: Path) -> VoiceFiles:
    """Read and check one voice.

    Raises:
        BadVoice: the voice cannot be read or used.
    """
    try:
        texts = tomllib.loads((folder / TEXTS).read_text(encoding="utf-8"))
        clip = parse((folder / CLIP).read_bytes())
    except (OSError, ValueError) as error:  # UnicodeDecodeError and TOMLDecodeError are ValueErrors
        raise BadVoice(f"voice {folder.name!r} cannot be read: {error}") from error

    def text(key: str, default: str = "") -> str:
        value = texts.get(key, default)
        if not isinstance(value, str):
            raise BadVoice(f"voice {folder.name!r}: {key} in {TEXTS} must be a text")
        return value

    voice = VoiceFiles(
        folder.name,
        text("transcript"),
        clip.layout.hz,
        as_bytes(mono(clip)),
        text("name", folder.name.capitalize()),
        text("language", "und"),
        text("description"),
        text("scene"),
    )
    check(voice)
    return voice


def write_voice(folder: Path, voice: VoiceFiles) -> Path:
    """Check the voice and write it below `folder`; returns its new folder.

    Raises:
        BadVoice: see `check`.
        OSError: the voice cannot be written.
    """
    check(voice)
    made = folder / voice.id
    made.mkdir(parents=True, exist_ok=True)
    with wave.open(str(made / CLIP), "wb") as clip:
        clip.setparams((1, 2, voice.sample_rate, 0, "NONE", ""))
        clip.writeframes(voice.pcm)
    texts = {
        "name": voice.name or voice.id.capitalize(),
        "language": voice.language,
        "description": voice.description,
        "transcript": voice.transcript,
        "scene": voice.scene,
    }
    # a JSON string is a TOML string, except for DEL, which TOML does not allow: it is removed
    lines = [f"{key} = {json.dumps(text, ensure_ascii=False).replace(chr(127), '')}\n" for key, text in texts.items()]
    (made / TEXTS).write_text("".join(lines), encoding="utf-8")
    return made

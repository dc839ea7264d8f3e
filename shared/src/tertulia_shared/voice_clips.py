"""Voices made from recordings that the gateway keeps: their ids, and the rules for a recording.

The gateway publishes the recordings in Redis; the tts workers whose engine clones read them there
(docs/adr/0019-voice-clips.md). Pure.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from tertulia_shared.entries import VoiceClip
from tertulia_shared.voice_files import VoiceFiles
from tertulia_shared.voice_levels import level_faults, levels_of
from tertulia_shared.wav import Layout, read_header

CLIP_PREFIX: Final = "clip-"
CLIP_DIGITS: Final = 16
CLIP_HZ: Final = 24_000
"""Sample rate of a recording: that of the engines, so that neither the gateway nor a worker converts it."""
SHORTEST_S, LONGEST_S = 5.0, 30.0
LEAST_SOUND_S: Final = 3.0
"""A recording with less sound than this between its pauses is too short to clone."""
MAX_NAME_CHARS: Final = 40
MAX_TRANSCRIPT_CHARS: Final = 1_000
CONSENT: Final = "I am this person, or I have their permission."
"""What the user confirms. It is kept with the recording, and so is the time."""
LANGUAGE: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
"""A BCP 47 tag, or "und"."""

_ID: Final = re.compile(f"{CLIP_PREFIX}[0-9a-f]{{{CLIP_DIGITS}}}")
_LAYOUT: Final = Layout(CLIP_HZ, channels=1, sample_bytes=2)


class BadRecording(ValueError):
    """A recording cannot be used; the message says why, and what is needed.

    `code` is the first fault for programs: "recording_unreadable", "recording_length" (`params`: seconds, least, most),
    "recording_sound" (seconds, least), or "recording_" and a kind of `level_faults`.
    """

    def __init__(self, code: str, message: str, **params: float) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


def new_clip_id() -> str:
    """A random id, so that no file or key is named by a user's text."""
    return f"{CLIP_PREFIX}{secrets.token_hex(CLIP_DIGITS // 2)}"


def is_clip_id(value: str) -> bool:
    """True if this is the id of a voice made from a recording; it may be deleted meanwhile."""
    return _ID.fullmatch(value) is not None


def pcm_of(wav: bytes) -> bytes:
    """The samples of a WAV file with a recording.

    Raises:
        BadRecording: it is not a whole WAV file of 16-bit PCM, mono, 24 kHz.
    """
    try:
        header = read_header(wav)
    except ValueError as error:
        message = f"The recording must be a WAV file, 16-bit PCM, mono, 24 kHz: {error}."
        raise BadRecording("recording_unreadable", message) from error
    if header is None or header.layout != _LAYOUT:
        raise BadRecording("recording_unreadable", "The recording must be a WAV file, 16-bit PCM, mono, 24 kHz.")
    size = header.size or 0
    if not size or size % 2 or header.at + size > len(wav):
        raise BadRecording("recording_unreadable", "The WAV file is not complete: its header says another length.")
    return wav[header.at : header.at + size]


def check_recording(pcm: bytes) -> None:
    """Check that a voice can be made from the samples. Takes about 0.1 s of CPU time.

    Raises:
        BadRecording: all faults, in one message.
    """
    seconds = len(pcm) / 2 / CLIP_HZ
    if not SHORTEST_S <= seconds <= LONGEST_S:
        message = f"The recording is {seconds:.1f} s long; {SHORTEST_S:g} to {LONGEST_S:g} s are needed."
        raise BadRecording("recording_length", message, seconds=round(seconds, 1), least=SHORTEST_S, most=LONGEST_S)
    levels = levels_of(pcm, CLIP_HZ)
    faults = level_faults(levels)
    if faults:
        raise BadRecording(f"recording_{next(iter(faults))}", f"The recording {'; it '.join(faults.values())}.")
    if levels.sound_s < LEAST_SOUND_S:
        sound_s = round(levels.sound_s, 1)
        message = f"The recording has only {sound_s:.1f} s of sound; at least {LEAST_SOUND_S:g} s are needed."
        raise BadRecording("recording_sound", message, seconds=sound_s, least=LEAST_SOUND_S)


def voice_files(clip: VoiceClip, pcm: bytes) -> VoiceFiles:
    """The voice as the engines take it."""
    return VoiceFiles(clip.id, clip.transcript, CLIP_HZ, pcm, clip.name, clip.language)

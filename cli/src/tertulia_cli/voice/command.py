"""`tertulia voice add` and `tertulia voice list`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from tertulia_cli.client.resampling import resampled
from tertulia_cli.client.wav import read_wav
from tertulia_cli.exit_codes import FAILED, MISUSED, NO_ANSWER, NO_CONNECTION, OK, Failure
from tertulia_shared.voice_clips import CLIP_HZ, CONSENT, BadRecording, check_recording
from tertulia_shared.voice_files import HIGHEST_HZ, TEXTS, BadVoice, VoiceFiles, check, read_voices, write_voice
from tertulia_shared.wav import Layout, as_bytes, decoded, mono

READY_S: Final = 60.0
"""How long `add` waits until a speech engine has made the voice."""
POLL_S: Final = 0.5


class VoicesApi(Protocol):
    """What the commands need of the gateway's REST API."""

    def clips(self) -> list[dict[str, Any]]: ...
    def make(self, voice: VoiceFiles) -> str: ...


@dataclass(frozen=True, slots=True)
class NewVoice:
    """Options of `tertulia voice add`. `description`, `scene` and `replace` are for the folder only."""

    id: str
    clip: Path
    transcript: str
    name: str = ""
    language: str = "und"
    description: str = ""
    scene: str = ""
    replace: bool = False


def add_voice(
    api: VoicesApi | None,
    folder: Path,
    new: NewVoice,
    *,
    consent: bool,
    must_answer: bool,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Make a voice in the gateway; without `api`, or if no gateway answers, in `folder`.

    `must_answer`: fail if no gateway answers. `pause`: waits for a number of seconds.

    Raises:
        Failure: the recording is not suitable, the gateway refuses it, or the voice cannot be written.
    """
    if api is None:
        return _write(folder, new, "")
    try:
        api.clips()
    except Failure as failure:
        if failure.code != NO_CONNECTION or must_answer:
            raise
        return _write(folder, new, "No gateway answers, so only workers that read this folder get it. ")
    return _send(api, new, consent=consent, pause=pause)


def show(api: VoicesApi, folder: Path, *, must_answer: bool) -> int:
    """List the voices in `folder`, and those made from recordings if a gateway answers. `must_answer`: see
    `add_voice`.

    Raises:
        Failure: a voice is malformed, or the gateway refuses the request.
    """
    try:
        voices = read_voices(folder)
    except BadVoice as error:
        raise Failure(f"{error}.") from error
    try:
        clips = api.clips()
    except Failure as failure:
        if failure.code != NO_CONNECTION or must_answer:
            raise
        clips = []
    if not voices and not clips:
        print(f'no voices in {folder}; add one: tertulia voice add NAME clip.wav "the words in the clip"')
    for voice in voices:
        about = f", {voice.description}" if voice.description else ""
        print(f"{voice.id}: {voice.name}, {voice.language}{about} ({voice.seconds:.1f} s)")
    for clip in clips:
        state = clip["problem"] or ("ready" if clip["ready"] else "no running engine has made it")
        print(f"{clip['id']}: {clip['name']}, {clip['language']} ({clip['seconds']:.1f} s), in the gateway: {state}")
    return OK


def _send(api: VoicesApi, new: NewVoice, *, consent: bool, pause: Callable[[float], None]) -> int:
    if new.description or new.scene or new.replace:
        raise Failure("--description, --scene and --replace are for voices in the folder: add --folder.", MISUSED)
    if not consent:
        raise Failure(f'confirm with --consent: "{CONSENT}" The gateway keeps this with the recording.', MISUSED)
    voice = _checked(new)
    samples = decoded(Layout(voice.sample_rate, channels=1, sample_bytes=2), voice.pcm)
    voice = replace(voice, sample_rate=CLIP_HZ, pcm=as_bytes(resampled(samples, voice.sample_rate, CLIP_HZ)))
    try:
        check_recording(voice.pcm)
    except BadRecording as error:
        raise Failure(f"{new.clip}: {error}", MISUSED) from error
    made = api.make(voice)
    print(
        f"voice {made}: {voice.name} ({voice.seconds:.1f} s), kept by the gateway for the tts workers of all machines"
    )
    print(_state_of(api, made, pause))
    return OK


def _state_of(api: VoicesApi, made: str, pause: Callable[[float], None]) -> str:
    """Wait until an engine has made the voice.

    Raises:
        Failure: no engine can make it, or none has within `READY_S`.
    """
    for _ in range(int(READY_S / POLL_S)):
        for clip in api.clips():
            if clip["id"] == made and clip["problem"]:
                raise Failure(f"the voice cannot be made: {clip['problem']}. Delete it in the page.", FAILED)
            if clip["id"] == made and clip["ready"]:
                return "It can speak now: choose it for a character."
        pause(POLL_S)
    raise Failure(
        f"no speech engine has made the voice within {READY_S:g} s. It is kept; see the logs of the tts workers.",
        NO_ANSWER,
    )


def _write(folder: Path, new: NewVoice, reason: str) -> int:
    if (folder / new.id / TEXTS).exists() and not new.replace:
        raise Failure(f"{folder} already has a voice {new.id!r}; --replace replaces it.", MISUSED)
    voice = _checked(new)
    try:
        made = write_voice(folder, voice)
    except OSError as error:
        raise Failure(f"{folder / new.id} cannot be written ({error.strerror}).", FAILED) from error
    print(
        f"voice {voice.id}: {made} ({voice.seconds:.1f} s at {voice.sample_rate} Hz). {reason}"
        "Restart the tts workers to use it."
    )
    return OK


def _checked(new: NewVoice) -> VoiceFiles:
    """The voice with the clip as 16-bit mono PCM; rates above `HIGHEST_HZ` are reduced to it.

    Raises:
        Failure: the clip cannot be read, or is not suitable.
    """
    sound = read_wav(new.clip, CLIP_HZ)
    rate = min(sound.layout.hz, HIGHEST_HZ)
    voice = VoiceFiles(
        new.id,
        " ".join(new.transcript.split()),
        rate,
        as_bytes(resampled(mono(sound), sound.layout.hz, rate)),
        new.name or new.id.capitalize(),
        new.language,
        new.description,
        new.scene,
    )
    try:
        check(voice)
    except BadVoice as error:
        raise Failure(f"{error}.", MISUSED) from error
    return voice

"""Gives the voices of the voices folder to the server: once, as an upload, or with each request."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

import aiohttp

from tertulia_shared.voice_files import BadVoice, VoiceFiles, read_voices
from tertulia_shared.wav import wav_file
from tertulia_tts.engine import EngineUnavailable, Voice

CONSENT: Final = "given to the operator of this server"
"""Servers ask for a note about the speaker's consent. The page asks the user to confirm it, and so does
`tertulia voice add`.
"""
UPLOAD_S: Final = 120.0
NEEDED: Final = frozenset({"luna", "rex", "sage"})
"""The voices of a new store's characters."""
_HASH_CHARS: Final = 8
_ERROR_CHARS: Final = 300

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Clip:
    """One voice of the folder."""

    files: VoiceFiles

    @property
    def voice(self) -> Voice:
        """The voice, as the engine offers it."""
        files = self.files
        return Voice(files.id, files.name or files.id.capitalize(), files.language, files.description or "a clone")

    @property
    def wav(self) -> bytes:
        """The clip as a WAV file."""
        return wav_file(self.files.pcm, self.files.sample_rate)

    @property
    def server_name(self) -> str:
        """The name on the server. It changes with the clip, so that a server never keeps an older one."""
        known = f"{self.files.transcript}\n{self.files.sample_rate}\n".encode() + self.files.pcm
        return f"{self.files.id}-{hashlib.sha256(known).hexdigest()[:_HASH_CHARS]}"

    @property
    def reference(self) -> Mapping[str, str]:
        """The fields of a request that carry the clip."""
        encoded = base64.b64encode(self.wav).decode()
        return {"ref_audio": f"data:audio/wav;base64,{encoded}", "ref_text": self.files.transcript}


def read_clips(folder: Path) -> Sequence[Clip]:
    """The voices of the folder.

    Raises:
        EngineUnavailable: a voice cannot be used, or one of the default voices is missing.
    """
    try:
        clips = tuple(Clip(files) for files in read_voices(folder))
    except BadVoice as error:
        raise EngineUnavailable(str(error)) from error
    if missing := NEEDED - {clip.files.id for clip in clips}:
        raise EngineUnavailable(
            f"the folder {folder} lacks the voice(s) {', '.join(sorted(missing))}: set TERTULIA_VOICES_DIR to a folder"
            " that has them, or add them by `tertulia voice add --folder`"
        )
    return clips


async def upload(session: aiohttp.ClientSession, base_url: str, clips: Sequence[Clip]) -> Mapping[str, str]:
    """Upload the clips that the server does not have yet. Returns the names for requests, by our ids.

    Raises:
        EngineUnavailable: the server takes no voices.
    """
    try:
        there = await _listed(session, base_url)
        names = {clip.files.id: there.get(clip.server_name, "") for clip in clips}
        for clip in clips:
            names[clip.files.id] = names[clip.files.id] or await _upload_once(session, base_url, clip)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise EngineUnavailable(
            f"the speech server {base_url} cannot be reached ({type(error).__name__}: {error});"
            " check TERTULIA_TTS_OPENAI_BASE_URL"
        ) from error
    return names


async def delete(session: aiohttp.ClientSession, base_url: str, name: str) -> None:
    """Delete an uploaded voice. A server that cannot delete it keeps it, and the log says so."""
    try:
        async with session.delete(f"{base_url}/audio/voices/{quote(name, safe='')}") as answer:
            if not answer.ok and answer.status != 404:  # noqa: PLR2004 - another worker has deleted it
                log.warning("the speech server keeps the deleted voice %s (HTTP %d)", name, answer.status)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("the speech server keeps the deleted voice %s (%s)", name, type(error).__name__)


async def _listed(session: aiohttp.ClientSession, base_url: str) -> Mapping[str, str]:
    """The server's voices: the name in requests, by the name of the upload."""
    async with session.get(f"{base_url}/audio/voices") as answer:
        if answer.status != 200:  # noqa: PLR2004 - OK
            return {}
        try:
            listed = cast("object", await answer.json(content_type=None))
        except ValueError:
            return {}
    return dict(_names(listed))


def _names(listed: object) -> Iterator[tuple[str, str]]:
    if isinstance(listed, Mapping):
        for value in cast("Mapping[str, object]", listed).values():
            yield from _names(cast("object", value)) if isinstance(value, list) else ()
    elif isinstance(listed, list):
        for entry in cast("list[object]", listed):
            if isinstance(entry, str):
                yield entry, entry
            elif isinstance(entry, Mapping):
                fields = cast("Mapping[str, Any]", entry)
                name = str(fields.get("name") or _id(fields))
                yield name, _id(fields) or name


async def _upload_once(session: aiohttp.ClientSession, base_url: str, clip: Clip) -> str:
    """Upload the clip. Another worker may do the same now; some servers then refuse the second upload."""
    try:
        return await _upload(session, base_url, clip)
    except EngineUnavailable:
        if name := (await _listed(session, base_url)).get(clip.server_name):
            return name
        raise


async def _upload(session: aiohttp.ClientSession, base_url: str, clip: Clip) -> str:
    form = aiohttp.FormData()
    form.add_field("name", clip.server_name)
    form.add_field("consent", CONSENT)
    form.add_field("ref_text", clip.files.transcript)
    if clip.files.description:
        form.add_field("speaker_description", clip.files.description)
    form.add_field("audio_sample", clip.wav, filename=f"{clip.server_name}.wav", content_type="audio/wav")
    timeout = aiohttp.ClientTimeout(total=UPLOAD_S)
    async with session.post(f"{base_url}/audio/voices", data=form, timeout=timeout) as answer:
        body = await answer.text(errors="replace")
        if not answer.ok:
            advice = (
                "it takes no uploads; set TERTULIA_TTS_OPENAI_CLONING=ref_audio, or off"
                if answer.status in (404, 405, 501)
                else "it refuses this one"
            )
            raise EngineUnavailable(
                f"the voice {clip.files.id} cannot be uploaded to the speech server {base_url}: {advice}"
                f" (HTTP {answer.status}: {body.strip()[:_ERROR_CHARS]})"
            )
        try:
            made = cast("object", await answer.json(content_type=None))
        except ValueError:
            made = None
    return (_id(cast("Mapping[str, Any]", made)) if isinstance(made, Mapping) else "") or clip.server_name


def _id(fields: Mapping[str, Any]) -> str:
    return str(fields.get("id") or fields.get("voice_id") or "")

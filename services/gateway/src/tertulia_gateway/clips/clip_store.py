"""Keeps the recordings of voices in a folder, so that they survive a restart of the gateway and of Redis.

    clips/<id>.wav    the recording: 16-bit PCM, mono, 24 kHz
    clips/<id>.json   the voice's name, language and transcript, and when the user confirmed the person's consent

The JSON file is written last and deleted first: a recording without it does not count, and is deleted at the next
start. Every call reads the folder, so gateways that share it agree. The calls block; run them in a thread.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, cast

from tertulia_shared.entries import VoiceClip
from tertulia_shared.voice_clips import CLIP_HZ, CLIP_PREFIX, CONSENT, BadRecording, is_clip_id, pcm_of
from tertulia_shared.wav import wav_file

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
_TEXTS: Final = ("id", "name", "language", "transcript", "created_at", "consented_at")

log = logging.getLogger(__name__)


class ClipStoreFailed(Exception):
    """The folder cannot be read or written; the message names it and the reason."""


@dataclass(frozen=True, slots=True)
class StoredClip:
    """A voice made from a recording. Times are ISO 8601 in UTC."""

    id: str
    name: str
    language: str
    transcript: str
    seconds: float
    created_at: str
    consented_at: str

    @property
    def published(self) -> VoiceClip:
        """What the workers need to know."""
        return VoiceClip(self.id, self.name, self.language, self.transcript)


class ClipStore:
    """The recordings in `folder`, at most `limit`."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self.limit = limit

    def all(self) -> Sequence[StoredClip]:
        """All voices, the oldest first. A file that cannot be read is left out.

        Raises:
            ClipStoreFailed: the folder cannot be read.
        """
        if not self._folder.is_dir():
            return ()
        try:
            files = sorted(self._folder.glob("*.json"))
        except OSError as error:
            raise self._failed("read", error) from error
        found = [clip for file in files if (clip := _read(file)) is not None]
        return sorted(found, key=lambda clip: (clip.created_at, clip.id))

    def pcm(self, clip_id: str) -> bytes:
        """The samples of a recording; empty if it cannot be read."""
        try:
            return pcm_of(self._file(clip_id, "wav").read_bytes())
        except (OSError, BadRecording) as error:
            log.warning("the recording %s cannot be read: %s", clip_id, type(error).__name__)
            return b""

    def save(self, clip: StoredClip, pcm: bytes) -> None:
        """Write a new recording.

        Raises:
            ClipStoreFailed: the folder cannot be written.
        """
        try:
            self._folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            _write_whole(self._file(clip.id, "wav"), wav_file(pcm, CLIP_HZ))
            record = json.dumps({**asdict(clip), "consent": CONSENT}, ensure_ascii=False, indent=2)
            _write_whole(self._file(clip.id, "json"), record.encode())
        except OSError as error:
            self.delete(clip.id)
            raise self._failed("written", error) from error

    def delete(self, clip_id: str) -> None:
        """Delete a recording; one that does not exist is not an error.

        Raises:
            ClipStoreFailed: the files cannot be deleted.
        """
        try:
            self._file(clip_id, "json").unlink(missing_ok=True)
            self._file(clip_id, "wav").unlink(missing_ok=True)
        except OSError as error:
            raise self._failed("written", error) from error

    def delete_incomplete(self) -> None:
        """Delete recordings whose voice was not written completely. Call it before the first `save`.

        Raises:
            ClipStoreFailed: the files cannot be deleted.
        """
        try:
            for file in self._folder.glob(f"{CLIP_PREFIX}*.*"):
                is_complete = file.with_name(f"{file.name.partition('.')[0]}.json").exists()
                if not is_complete or file.suffix == ".new":
                    file.unlink()
        except OSError as error:
            raise self._failed("written", error) from error

    def _file(self, clip_id: str, kind: str) -> Path:
        if not is_clip_id(clip_id):
            raise ValueError(f"{clip_id!r} is not the id of a recording")
        return self._folder / f"{clip_id}.{kind}"

    def _failed(self, done: str, error: OSError) -> ClipStoreFailed:
        return ClipStoreFailed(f"The folder {self._folder} cannot be {done} ({error.strerror}).")


def _write_whole(file: Path, content: bytes) -> None:
    """Write a file that only this user can read, so that it is there as a whole or not at all."""
    new = file.with_name(f"{file.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)


def _read(file: Path) -> StoredClip | None:
    try:
        held = cast("dict[str, Any]", json.loads(file.read_bytes()))
        clip = StoredClip(seconds=float(held["seconds"]), **{name: held[name] for name in _TEXTS})
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        log.warning("the recording %s cannot be read: %s", file.stem[:40], type(error).__name__)
        return None
    is_ours = clip.id == file.stem and all(isinstance(held[name], str) for name in _TEXTS) and is_clip_id(clip.id)
    return clip if is_ours else None

"""Serializes events and audio into the client's frames. No I/O.

It runs for every frame, so an entry's fields are converted to JSON or msgpack directly, without an event object in
between.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import msgpack
import orjson

from tertulia_shared.codec import BadEntry, Fields, as_dict, check_version, count
from tertulia_shared.entries import SAMPLE_RATE_OUT, ModelSettings
from tertulia_shared.events import EVENTS, Event, TurnAccepted


def event_json(entry_id: str, fields: Fields, epoch: int) -> str:
    """Serialize an entry of the `events` stream as a text frame.

    Raises:
        BadEntry: the entry was written by a newer release, or it is broken.
    """
    check_version(fields)
    kind = fields.get(b"type", b"").decode(errors="replace")
    cls = EVENTS.get(kind)
    if cls is None:
        raise BadEntry(f"event type {kind!r} is not known to this release")
    message: dict[str, Any] = {"type": kind, **as_dict(cls, fields), "event_id": entry_id, "epoch": epoch}
    try:
        return _json(message)
    except (TypeError, ValueError) as error:
        raise BadEntry(f"event {entry_id} has a value that JSON cannot represent: {error}") from error


def answer_json(event: Event, **extra: str) -> str:
    """Serialize an event that only this connection gets as a text frame. It has no `event_id`."""
    # not `asdict`, which copies deeply: orjson writes nested dataclasses itself
    values = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    return _json({"type": event.type, **values, **extra})


def _json(message: dict[str, Any]) -> str:
    if message["type"] == TurnAccepted.type:
        del message["tentative"]  # always false here: clients get a turn only after its confirmation
    return orjson.dumps(message).decode()


def audio_frame(entry_id: str, fields: Fields) -> bytes:
    """Serialize an entry of an `audio` stream as a binary frame.

    Raises:
        BadEntry: the entry was written by a newer release, or it is broken.
    """
    check_version(fields)
    try:
        return msgpack.packb(
            {
                "type": "audio",
                "message_id": fields[b"message_id"].decode(),
                "character_id": fields[b"character_id"].decode(),
                "sentence_index": count(fields[b"sentence_index"]),
                "chunk_index": count(fields[b"chunk_index"]),
                "id": entry_id,
                "sample_rate": SAMPLE_RATE_OUT,
                "pcm": fields[b"audio"],
            }
        )
    except (KeyError, ValueError) as error:
        raise BadEntry(f"audio entry {entry_id} cannot be read: {error}") from error


def settings_json(settings: ModelSettings) -> str:
    """The text frame that answers the command `model_settings`: all current settings."""
    return orjson.dumps({"type": "model_settings", **dataclasses.asdict(settings)}).decode()

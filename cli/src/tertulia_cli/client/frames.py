"""What comes over the WebSocket, as values. No I/O. Types and fields that we don't know are left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgpack
import orjson


class BadFrame(Exception):
    """The gateway sent what no gateway sends."""


@dataclass(frozen=True, slots=True)
class Event:
    """A JSON event; `id` is "" for those that answer this connection only."""

    type: str
    id: str = ""
    epoch: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def text(self, name: str) -> str:
        """A field as text; "" if it isn't there."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else str(value)


@dataclass(frozen=True, slots=True)
class Audio:
    """A piece of speech (signed 16-bit little-endian mono at `sample_rate` Hz)."""

    message_id: str
    character_id: str
    sentence_index: int
    chunk_index: int
    id: str
    sample_rate: int
    pcm: bytes


def parse_event(frame: str) -> Event:
    """A text frame.

    Raises:
        BadFrame: it is no event.
    """
    try:
        message: object = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        raise BadFrame(f"a text frame is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadFrame("a text frame is no JSON object")
    fields = cast("dict[str, Any]", message)
    kind, id, epoch = fields.get("type"), fields.get("event_id", ""), fields.get("epoch", 0)
    if not isinstance(kind, str) or not isinstance(id, str) or not isinstance(epoch, int):
        raise BadFrame("a text frame lacks a readable `type`, `event_id` or `epoch`")
    return Event(kind, id, epoch, fields)


def parse_audio(frame: bytes) -> Audio | None:
    """A binary frame; None if it is of a type that we don't know.

    Raises:
        BadFrame: it is no msgpack map, or lacks a field.
    """
    try:
        fields = cast("dict[str, Any]", msgpack.unpackb(frame))
        if fields["type"] != "audio":
            return None
        return Audio(**{name: fields[name] for name in Audio.__slots__})
    except (ValueError, TypeError, KeyError, msgpack.UnpackException) as error:
        raise BadFrame(f"a binary frame cannot be read: {error!r}") from None

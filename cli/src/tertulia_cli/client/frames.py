"""Parses the gateway's WebSocket frames. No I/O. Unknown types and fields are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgpack
import orjson


class BadFrame(Exception):
    """A frame violates the protocol."""


@dataclass(frozen=True, slots=True)
class Event:
    """A JSON event. `id` is "" for events that only this connection gets."""

    type: str
    id: str = ""
    epoch: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def text(self, name: str) -> str:
        """A field as text; "" if it is missing."""
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
    """Parse a text frame.

    Raises:
        BadFrame: the frame is not an event.
    """
    try:
        message: object = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        raise BadFrame(f"a text frame is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadFrame("a text frame is not a JSON object")
    fields = cast("dict[str, Any]", message)
    kind, id, epoch = fields.get("type"), fields.get("event_id", ""), fields.get("epoch", 0)
    if not isinstance(kind, str) or not isinstance(id, str) or not isinstance(epoch, int):
        raise BadFrame("a text frame lacks a readable `type`, `event_id` or `epoch`")
    return Event(kind, id, epoch, fields)


def parse_audio(frame: bytes) -> Audio | None:
    """Parse a binary frame; None for an unknown type.

    Raises:
        BadFrame: the frame is not a msgpack map, or a field is missing.
    """
    try:
        fields = cast("dict[str, Any]", msgpack.unpackb(frame))
        if fields["type"] != "audio":
            return None
        return Audio(**{name: fields[name] for name in Audio.__slots__})
    except (ValueError, TypeError, KeyError, msgpack.UnpackException) as error:
        raise BadFrame(f"a binary frame cannot be read: {error!r}") from None


def order(id: str) -> tuple[int, int]:
    """The sort key of an event's or audio frame's id."""
    ms, _, seq = id.partition("-")
    return int(ms or 0), int(seq or 0)

"""Parses the server-sent events of `/chat/completions`. Pure; makes no object per token.

Servers differ: comment lines keep the connection alive (`: OPENROUTER PROCESSING`); a chunk may have empty `choices`,
`content` null, or only usage; an `error` object may stand in place of a chunk; some servers never send [DONE].
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

MAX_LINE_BYTES = 1 << 20
"""Maximum length of a line. A stream with a longer one is broken."""


class BrokenStream(ValueError):
    """The data is not an event stream of chat completions."""


@dataclass(slots=True)
class Delta:
    """The content of one read. `error` is the server's own error object; `usage` as the server sends it."""

    text: str = ""
    done: bool = False
    finish_reason: str = ""
    error: Mapping[str, Any] | None = None
    usage: Mapping[str, Any] = field(default_factory=dict[str, Any])


class StreamParser:
    """Parses one response, fed in pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Delta:
        """Take more bytes; return the events that they complete, as one `Delta`.

        Raises:
            BrokenStream: a line is too long, or its data is not JSON.
        """
        delta = Delta()
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_LINE_BYTES:
            raise BrokenStream(f"the model server sent a line of more than {MAX_LINE_BYTES} bytes")
        texts: list[str] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._event(line[5:].strip(), delta, texts)
        delta.text = "".join(texts)
        return delta

    def _event(self, data: bytes, delta: Delta, texts: list[str]) -> None:
        if data == b"[DONE]":
            delta.done = True
            return
        try:
            chunk = _loaded(data)
        except (ValueError, RecursionError) as error:
            raise BrokenStream(f"the model server sent an event that is not JSON: {error}") from error
        if not isinstance(chunk, dict):
            raise BrokenStream("the model server sent an event that is not a JSON object")
        try:
            _read(cast("dict[str, Any]", chunk), delta, texts)
        except (AttributeError, TypeError) as error:
            raise BrokenStream(f"the model server sent an event of another shape: {error}") from error


def _loaded(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:  # a server that escapes may cut between the halves of a surrogate pair
        return json.loads(data)


def _read(event: dict[str, Any], delta: Delta, texts: list[str]) -> None:
    if event.get("error"):
        error = event["error"]
        delta.error = cast("dict[str, Any]", error) if isinstance(error, dict) else {"message": str(error)}
        return
    if isinstance(event.get("usage"), dict):  # servers also send null, and other types
        delta.usage = event["usage"] or delta.usage
    for choice in event.get("choices") or ():
        fields: dict[str, Any] = choice.get("delta") or {}
        content: str | None = fields.get("content")
        if content:
            if not isinstance(content, str):  # pyright: ignore[reportUnnecessaryIsInstance] - from a server's JSON
                raise TypeError(f"`content` is not text but {type(content).__name__}")
            texts.append(content)
        if choice.get("finish_reason"):
            delta.finish_reason = choice["finish_reason"]

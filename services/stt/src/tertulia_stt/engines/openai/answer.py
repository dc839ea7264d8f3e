"""Reads the answers of a transcription server. Pure.

Servers answer with JSON, with plain text, or with server-sent events. Two kinds of events are in use: OpenAI's own
(`transcript.text.delta`, `transcript.text.done`), and chunks like those of chat completions (vLLM).
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

MAX_LINE_CHARS: Final = 1_000_000


class BadAnswer(ValueError):
    """The server answered, but not with a transcription. The message quotes its answer."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A text and the evidence for it: the mean log probability of its tokens, and the probability that there was no
    speech. Each is None if the server does not report it.
    """

    text: str
    confidence: float | None = None
    no_speech: float | None = None


def read_json(body: bytes) -> Transcript:
    """Read an answer in the format `json` or `verbose_json`.

    Raises:
        BadAnswer: it has no text.
    """
    fields = _object(body.decode(errors="replace"))
    text = fields.get("text")
    if not isinstance(text, str):
        raise BadAnswer(_quoted(fields))
    segments = _list(fields.get("segments"))
    confidence = _weighted(segments, "avg_logprob")
    if confidence is None:
        confidence = _mean_logprob(fields)
    return Transcript(text.strip(), confidence, _weighted(segments, "no_speech_prob"))


def read_text(body: bytes) -> Transcript:
    """Read an answer of plain text. Some servers send JSON as plain text."""
    text = body.decode(errors="replace").strip()
    return read_json(body) if text.startswith("{") else Transcript(text)


class EventReader:
    """Reads a stream of server-sent events, which may be cut anywhere."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._line = ""
        self._deltas: list[str] = []
        self._whole = ""
        self._confidence: float | None = None
        self.is_done = False
        """True if the server has sent its last event."""

    @property
    def text(self) -> str:
        """The text so far. The text of the last event counts, but some servers leave it empty there."""
        return (self._whole or "".join(self._deltas)).strip()

    @property
    def transcript(self) -> Transcript:
        """The text, with its confidence if the last event reports it."""
        return Transcript(self.text, self._confidence)

    def feed(self, raw: bytes) -> bool:
        """Read a part of the stream. Returns True if the text has changed.

        Raises:
            BadAnswer: the server reports an error, or sends something else than events.
        """
        before = self.text
        *lines, self._line = (self._line + self._decoder.decode(raw)).split("\n")
        if len(self._line) > MAX_LINE_CHARS:
            raise BadAnswer("a line without an end")
        for line in lines:
            self._read(line.rstrip("\r"))
        return self.text != before

    def _read(self, line: str) -> None:
        if not line.startswith("data:"):
            return  # the name of an event, a comment, or the empty line between events
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            self.is_done = True
            return
        fields = _object(data)
        kind = fields.get("type", "")
        if fields.get("error") or kind == "error":
            raise BadAnswer(_quoted(fields))
        if kind == "transcript.text.done":
            self._whole = _text(fields.get("text"))
            self._confidence = _mean_logprob(fields)
            self.is_done = True
        elif kind == "transcript.text.delta":
            self._deltas.append(_text(fields.get("delta")))
        else:
            self._deltas += [
                _text(_dict(choice.get("delta")).get("content")) for choice in _list(fields.get("choices"))
            ]


def _object(text: str) -> dict[str, Any]:
    try:
        held = json.loads(text)
    except ValueError:
        raise BadAnswer(_cut(text)) from None
    if not isinstance(held, dict):
        raise BadAnswer(_cut(text))
    return cast("dict[str, Any]", held)


def _list(value: object) -> Sequence[dict[str, Any]]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def _dict(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _weighted(segments: Sequence[dict[str, Any]], name: str) -> float | None:
    """The mean over the segments, each with the weight of its text's length."""
    held = [(_number(segment.get(name)), len(_text(segment.get("text")))) for segment in segments]
    known = [(value, max(1, weight)) for value, weight in held if value is not None]
    if not known:
        return None
    return sum(value * weight for value, weight in known) / sum(weight for _, weight in known)


def _mean_logprob(fields: dict[str, Any]) -> float | None:
    values = [_number(token.get("logprob")) for token in _list(fields.get("logprobs"))]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _quoted(fields: dict[str, Any]) -> str:
    return _cut(json.dumps(fields.get("error") or fields, ensure_ascii=False))


def _cut(text: str) -> str:
    return text.strip()[:200] or "an empty answer"

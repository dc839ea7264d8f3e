"""Reads the JSON of a chat completion (all of it, or one chunk of a stream) in the variants that servers send. Pure.

The variants: `content` is text, a list of parts, or one part; `message` replaces `delta`; an `error` is beside the
choices or in a choice; the event itself is the choice (Ollama). Everything else is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from tertulia_llm.model.split_unicode import CharacterJoiner
from tertulia_llm.model.unnamed_errors import unnamed_error

JsonObject = dict[str, Any]
_REASONING = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "reasoning_text", "thought")
"""Fields with reasoning, beside `content`. Some servers send the same reasoning in two of these fields."""
_REASONING_PART = re.compile(r"think|thought|reason", re.IGNORECASE)
"""Found in the types of reasoning: `thinking`, `redacted_thinking`, `reasoning_text`."""
_MAX_DEPTH = 4
_IN_PLAIN_CHOICES = frozenset({"index", "delta", "logprobs", "finish_reason"})


@dataclass(slots=True)
class Delta:
    """The content of one or more events. `error`: the server's error object. `usage`: as the server sends it."""

    text: str = ""
    reasoning: int = 0
    """Number of characters of reasoning that came in fields of their own."""
    refused: bool = False
    calls_tool: bool = False
    done: bool = False
    finish_reason: str = ""
    native_finish_reason: str = ""
    error: Mapping[str, Any] | None = None
    usage: Mapping[str, Any] | None = None
    broken: str = ""
    """The reason why nothing more can be read; "" if reading can continue."""
    is_whole: bool = False
    """True if it has more than text and usage. The next event then needs a new `Delta`."""


class ChunkReader:
    """Reads the events of one response. Of several choices, it reads only the one that came first."""

    def __init__(self) -> None:
        self._index: int | None = None
        self._has_deltas = False
        self._joiner = CharacterJoiner()
        self.possible_error: Mapping[str, Any] | None = None
        """The last event that may be an error in a shape of its own; None once a choice follows it."""
        self.may_have_halves = False
        """True once a character may be split between two events."""

    def read(self, event: object, delta: Delta, texts: list[str], *, is_error: bool = False) -> bool:
        """Add an event to `delta`, and its text to `texts`. `is_error`: the name of the event is "error".

        Returns:
            False if the event has no known content.
        """
        if isinstance(event, list):
            read = [self.read(one, delta, texts, is_error=is_error) for one in cast("list[object]", event)]
            return any(read)
        return isinstance(event, dict) and self._object(cast("JsonObject", event), delta, texts, is_error=is_error)

    def plain_text(self, event: Any) -> str | None:
        """The text of an event that has nothing but a piece of the text, as most events do. None: `read` reads it.

        It is a shortcut: `read` checks for many variants.
        """
        try:
            (choice,) = event["choices"]
            fields = choice["delta"]
            text = fields["content"]
            is_plain = len(fields) == 1 and bool(text) and choice["index"] == self._index and not event.get("usage")
            if not is_plain or event.get("error") or not choice.keys() <= _IN_PLAIN_CHOICES:
                return None
            if choice.get("finish_reason") or not isinstance(text, str):
                return None
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        self._has_deltas = True
        return self.next_text(text)

    def next_text(self, text: str) -> str:
        """Take the text of an event that has nothing else, after such an event was read."""
        self.possible_error = None
        return self._joiner.feed(text) if self.may_have_halves else text

    def _object(self, fields: JsonObject, delta: Delta, texts: list[str], *, is_error: bool) -> bool:
        choices = fields.get("choices")
        error = fields.get("error")
        if error or (choices is None and (is_error or fields.get("object") == "error")):
            delta.error, delta.is_whole = _error(error, fields), True
            return True
        usage = fields.get("usage")
        if isinstance(usage, dict):  # some servers send null or other types
            delta.usage = cast("JsonObject", usage) or delta.usage
        if isinstance(choices, list):
            for choice in cast("list[object]", choices):
                if isinstance(choice, dict) and self._choice(cast("JsonObject", choice), delta, texts):
                    break
            return True
        if choices is None and isinstance(fields.get("message"), dict):
            self._choice(fields, delta, texts)
            return True
        if "choices" not in fields and not isinstance(usage, dict):
            self.possible_error = unnamed_error(fields)
            return False
        return True

    def _choice(self, choice: JsonObject, delta: Delta, texts: list[str]) -> bool:
        """Read a choice. Returns False if it is not the choice that this reader follows."""
        self.possible_error = None
        index = choice.get("index", 0)
        if index != self._index:
            if self._index is not None and isinstance(index, int):
                return False
            self._index = index if isinstance(index, int) else 0
        content = choice.get("delta")
        if content is not None:
            self._has_deltas = True
        elif not self._has_deltas:  # if there were deltas, a `message` only repeats the whole reply
            content = choice.get("message") or choice.get("text")
        if isinstance(content, dict):
            self._content(cast("JsonObject", content), delta, texts)
        elif isinstance(content, str) and content:
            texts.append(self._whole(content))
        _finish(choice, delta)
        return True

    def _content(self, fields: JsonObject, delta: Delta, texts: list[str]) -> None:
        content = fields.get("content")
        if isinstance(content, str):
            if content:
                texts.append(self._whole(content))
                if len(fields) == 1:  # the usual case
                    return
        elif content:
            self._parts(content, delta, texts)
        for name in _REASONING:
            reasoning = fields.get(name)
            if reasoning:
                delta.reasoning += _length(reasoning)
                delta.is_whole = True
                break
        refusal = fields.get("refusal")
        if isinstance(refusal, str) and refusal:
            delta.refused = delta.is_whole = True
            texts.append(self._whole(refusal))
        if fields.get("tool_calls") or fields.get("function_call"):
            delta.calls_tool = delta.is_whole = True

    def _parts(self, content: object, delta: Delta, texts: list[str], depth: int = 0) -> None:
        for part in cast("Iterable[object]", content if isinstance(content, list) else [content]):
            if isinstance(part, str):
                texts.append(self._whole(part))
            elif isinstance(part, dict):
                self._part(cast("JsonObject", part), delta, texts, depth)

    def _part(self, part: JsonObject, delta: Delta, texts: list[str], depth: int) -> None:
        kind = part.get("type")
        if part.get("thought") is True or (isinstance(kind, str) and _REASONING_PART.search(kind)):
            delta.reasoning += _length(part)
            delta.is_whole = True
            return
        refusal = part.get("refusal")
        text = refusal if kind == "refusal" and refusal else part.get("text")
        inner = part.get("content") or part.get("parts")
        if not text and inner and depth < _MAX_DEPTH:
            self._parts(inner, delta, texts, depth + 1)
            return
        if isinstance(text, dict):  # for example {"type": "text", "text": {"value": "…"}}
            text = cast("JsonObject", text).get("value")
        if isinstance(text, str) and text:
            if kind == "refusal":
                delta.refused = delta.is_whole = True
            texts.append(self._whole(text))

    def _whole(self, text: str) -> str:
        return self._joiner.feed(text) if self.may_have_halves else text


def _finish(choice: JsonObject, delta: Delta) -> None:
    reason = choice.get("finish_reason") or choice.get("done_reason")
    if isinstance(reason, str) and reason:
        delta.finish_reason, delta.is_whole = reason, True
        native = choice.get("native_finish_reason")
        delta.native_finish_reason = native if isinstance(native, str) else ""
    error = choice.get("error")
    if error:
        delta.error, delta.is_whole = _error(error, choice), True


def _error(error: object, beside: JsonObject) -> Mapping[str, Any]:
    if isinstance(error, dict):
        return cast("JsonObject", error)
    if isinstance(error, str) and error:
        return {"message": error, **{name: beside[name] for name in ("code", "type") if name in beside}}
    return beside if isinstance(beside.get("message"), str) else {"message": str(error or beside)[:500]}


def _length(reasoning: object) -> int:
    return len(reasoning) if isinstance(reasoning, str) else len(str(reasoning))

"""Reads the errors of model servers in their various formats. Pure.

Known formats: OpenAI's `{"error": {"message", "param", "code", "type"}}`; `{"error": "text"}`; a list of those
(Gemini); `{"detail": "text"}` and `{"detail": [{"loc": ["body", "seed"], "msg"}]}` (FastAPI); `{"message": …}` with
text or another error in it (Mistral, Cohere); a provider's error as JSON text in `error.metadata.raw` (OpenRouter);
plain text; a web page.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

MAX_MESSAGE_CHARS: Final = 300
MAX_READ_CHARS: Final = 4_000
"""A longer body is truncated before it is searched."""
_MAX_DEPTH = 6
_INNER = ("error", "errors", "detail", "details", "message", "msg")
_CODES = ("code", "type", "status", "error_type", "error_code")
_FIGURES = ("n_ctx", "n_prompt_tokens")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(r"\s*(<!doctype html|<html|<head|<body|<\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")


@dataclass(frozen=True, slots=True)
class ServerError:
    """A model server's error.

    `text`: the whole message, in one line. `codes`: its codes and types, in lower case. `params`: the parameters that a
    field of the error names (`seed`, `messages.0.role`). `figures`: the token counts in fields of the error.
    `page_title`: the title if the body is a web page ("" if it has no title); None if the body is not a web page.
    """

    text: str = ""
    codes: frozenset[str] = frozenset()
    params: tuple[str, ...] = ()
    figures: Mapping[str, int] = field(default_factory=dict[str, int])
    status: int | None = None
    """The HTTP status that the body states; 0 if it states none."""
    retry_after_s: float | None = None
    page_title: str | None = None

    @property
    def message(self) -> str:
        """The message, short enough to be shown."""
        return self.text if len(self.text) <= MAX_MESSAGE_CHARS else self.text[: MAX_MESSAGE_CHARS - 1].rstrip() + "…"


def read_error(body: object) -> ServerError:
    """Read an error from a response's body, or from JSON that is already parsed."""
    if isinstance(body, bytes | bytearray):
        body = bytes(body).decode("utf-8", "replace")
    return _read(body, 0)


def _read(body: object, depth: int) -> ServerError:
    if depth > _MAX_DEPTH or body is None or isinstance(body, bool):
        return ServerError()
    if isinstance(body, str):
        return _of_text(body, depth)
    if isinstance(body, Mapping):
        return _of_object(cast("Mapping[str, Any]", body), depth)
    if isinstance(body, Sequence):
        return _joined([_read(each, depth + 1) for each in cast("Sequence[object]", body)[:20]])
    return ServerError(text=str(body))


def _of_text(text: str, depth: int) -> ServerError:
    stripped = text.strip()
    if stripped[:1] in ("{", "["):
        try:
            return _read(json.loads(stripped), depth + 1)
        except (ValueError, RecursionError):
            pass
    if _PAGE.match(stripped):
        title = _TITLE.search(stripped)
        return ServerError(page_title=_line(html.unescape(title.group(1)))[:80] if title else "")
    return ServerError(text=_line(stripped))


def _of_object(body: Mapping[str, Any], depth: int) -> ServerError:
    found = _joined([_read(body[name], depth + 1) for name in _INNER if body.get(name)])
    metadata = body.get("metadata")
    if isinstance(metadata, Mapping):
        raw = _read(cast("Mapping[str, Any]", metadata).get("raw"), depth + 1)
        found = _joined([found, raw])
    codes = {str(body[name]).lower() for name in _CODES if isinstance(body.get(name), str | int)}
    figures = {
        name: value
        for name in _FIGURES
        if isinstance(value := body.get(name), int) and not isinstance(value, bool) and value > 0
    }
    own_status = next((code for name in ("code", "status", "status_code") if _is_status(code := body.get(name))), None)
    return replace(
        found,
        codes=found.codes | codes,
        params=tuple(dict.fromkeys([*_params(body), *found.params])),
        figures={**found.figures, **figures},
        status=own_status or found.status,
        retry_after_s=_delay(body.get("retryDelay")) if body.get("retryDelay") else found.retry_after_s,
    )


def _joined(parts: Sequence[ServerError]) -> ServerError:
    texts = dict.fromkeys(part.text for part in parts if part.text)
    figures: dict[str, int] = {}
    for part in parts:
        figures.update(part.figures)
    return ServerError(
        text=": ".join(texts)[:MAX_READ_CHARS],
        codes=frozenset(code for part in parts for code in part.codes),
        params=tuple(dict.fromkeys(param for part in parts for param in part.params)),
        figures=figures,
        status=next((part.status for part in parts if part.status), None),
        retry_after_s=next((part.retry_after_s for part in parts if part.retry_after_s is not None), None),
        page_title=next((part.page_title for part in parts if part.page_title is not None), None),
    )


def _params(body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("param", "field", "parameter"):
        value = body.get(name)
        if isinstance(value, str) and value:
            yield _param(value)
    loc = body.get("loc")
    if isinstance(loc, Sequence) and not isinstance(loc, str):
        parts = [str(part) for part in cast("Sequence[object]", loc)]
        if parts[:1] in (["body"], ["query"]):
            parts.pop(0)
        if parts:
            yield ".".join(parts)
    violations = body.get("fieldViolations")
    if isinstance(violations, Sequence) and not isinstance(violations, str):
        for violation in cast("Sequence[object]", violations):
            if isinstance(violation, Mapping):
                yield from _params(cast("Mapping[str, Any]", violation))


def _param(text: str) -> str:
    return text.replace("[", ".").replace("]", "").removeprefix("body.").strip("./ ")


def _delay(value: object) -> float | None:
    found = _SECONDS.fullmatch(str(value))
    return float(found.group(1)) if found else None


def _is_status(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599  # noqa: PLR2004 - HTTP's errors


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text[:MAX_READ_CHARS]).split())

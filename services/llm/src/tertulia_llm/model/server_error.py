"""Reads the errors of model servers in their various formats. Pure.

Known formats: OpenAI's `{"error": {"message", "param", "code", "type"}}`; `{"error": "text"}`; a list of those
(Gemini); `{"detail": "text"}` and `{"detail": [{"loc": ["body", "seed"], "msg"}]}` (FastAPI); `{"message": …}` with
text or another error in it (Mistral, Cohere); a provider's error as JSON text in `error.metadata.raw` (OpenRouter);
plain text; a web page; `{"errors": {"seed": ["is not allowed"]}}` (Rails, ASP.NET); JSON:API's `source.pointer`;
the issues of zod.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from tertulia_llm.model.error_params import named_params, plain_param

MAX_MESSAGE_CHARS: Final = 300
MAX_READ_CHARS: Final = 4_000
"""A longer body is truncated before it is searched."""
MAX_PAGE_CHARS: Final = 16_000
_MAX_DEPTH = 6
_INNER = (
    "error", "errors", "detail", "details", "message", "msg", "issues", "meta", "external_model_error", "innererror",
    "error_message", "errorMessage", "error_msg", "error_description", "Message", "base_resp", "status_msg",
)  # fmt: skip
_TITLES = ("title", "reason", "description")
"""What an error says if it has no other words."""
_CODES = ("code", "type", "status", "error_type", "error_code", "status_code")
_STATUSES = ("code", "status", "status_code", "statusCode")
_FIGURES = ("n_ctx", "n_prompt_tokens")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_INVISIBLE = re.compile(
    r"<(script|style|head|title)\b.*?</\1\s*>|<!--.*?-->|<!doctype[^>]*>", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<[^>]*>")
_WAIT = re.compile(
    r"\b(?:try again|retry|wait)(?: again)?(?: in| after| for|:)?(?: about| approximately)? "
    r"(?:(?P<d>\d+) ?d(?:ays?)? ?)?(?:(?P<h>\d+) ?h(?:(?:ou)?rs?)? ?)?(?:(?P<m>\d+) ?m(?:in(?:ute)?s?)?(?!s) ?)?"
    r"(?:(?P<s>\d+(?:\.\d+)?) ?s(?:ec(?:ond)?s?)?)?(?:(?P<ms>\d+(?:\.\d+)?) ?(?:ms|milliseconds))?\b",
    re.IGNORECASE,
)
_UNITS_S: Final = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PAGE = re.compile(r"\s*(<!doctype html|<html|<head|<body|<\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")


@dataclass(frozen=True, slots=True)
class ServerError:
    """A model server's error.

    `text`: the whole message, in one line. `codes`: its codes and types, in lower case. `params`: the parameters that a
    field of the error names (`seed`, `messages.0.role`). `figures`: the token counts in fields of the error.
    `page_title`: the title if the body is a web page ("" if it has no title), and `text` what it shows; None for other
    bodies.
    """

    text: str = ""
    codes: frozenset[str] = frozenset()
    params: tuple[str, ...] = ()
    figures: Mapping[str, int] = field(default_factory=dict[str, int])
    status: int | None = None
    """The HTTP status that the body states; None if it states none."""
    retry_after_s: float | None = None
    page_title: str | None = None

    @property
    def message(self) -> str:
        """The message, short enough to be shown."""
        return self.text if len(self.text) <= MAX_MESSAGE_CHARS else self.text[: MAX_MESSAGE_CHARS - 1].rstrip() + "…"

    @property
    def gist(self) -> str:
        """What the error says, without what differs from one request to the next."""
        words = ("#" if any(map(str.isdigit, word)) else word for word in self.text.split())
        return " ".join([*words, *self.params])


def read_error(body: object) -> ServerError:
    """Read an error from a response's body, or from JSON that is already parsed."""
    if isinstance(body, bytes | bytearray):
        body = bytes(body).decode("utf-8", "replace")
    error = _read(body, 0)
    if not error.text and error.page_title is None:
        error = replace(error, text=_raw(body))
    if error.retry_after_s is None:
        error = replace(error, retry_after_s=_wait_in(error.text))
    return error


def _raw(body: object) -> str:
    """A body without words in a known place, as it is; "" if it says nothing at all."""
    try:
        value = json.loads(body) if isinstance(body, str) else body
        return "" if _is_empty(value, 0) else _line(json.dumps(value, ensure_ascii=False, default=str))
    except (ValueError, RecursionError):
        return ""


def _is_empty(value: object, depth: int) -> bool:
    """True if there is no value in it but null and empty text."""
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, Mapping):
        return all(_is_empty(each, depth + 1) for each in cast("Mapping[str, object]", value).values())
    if isinstance(value, list | tuple):
        return all(_is_empty(each, depth + 1) for each in cast("Sequence[object]", value))
    return value is None or value == ""


def _wait_in(text: str) -> float | None:
    """The wait that the words ask for: `try again in 7m12s`, `retry after 48 seconds`."""
    for found in _WAIT.finditer(text):
        parts = {unit: number for unit, number in found.groupdict().items() if number}
        if parts:
            return sum(float(number[:9]) * _UNITS_S[unit] for unit, number in parts.items())
    return None


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
        stripped = stripped[:MAX_PAGE_CHARS]
        title = _TITLE.search(stripped)
        shown = _TAG.sub(" ", _INVISIBLE.sub(" ", stripped))
        return ServerError(
            text=_line(html.unescape(shown)), page_title=_line(html.unescape(title.group(1)))[:80] if title else ""
        )
    return ServerError(text=_line(stripped))


def _of_object(body: Mapping[str, Any], depth: int) -> ServerError:
    parts = [_read(body[name], depth + 1) for name in _INNER if body.get(name) and not _is_by_name(name, body[name])]
    parts += [_by_name(body[name], depth + 1) for name in _INNER if _is_by_name(name, body.get(name))]
    found = _joined(parts)
    if not found.text:
        titles = [_read(body[name], depth + 1) for name in _TITLES if isinstance(body.get(name), str)]
        found = _joined([found, *titles[:1]])
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
    own_status = next((code for name in _STATUSES if (code := _status(body.get(name)))), None)
    return replace(
        found,
        codes=found.codes | codes,
        params=tuple(dict.fromkeys([*named_params(body), *found.params])),
        figures={**found.figures, **figures},
        status=own_status or found.status,
        retry_after_s=_delay(body.get("retryDelay")) if body.get("retryDelay") else found.retry_after_s,
    )


def _is_by_name(name: str, value: object) -> bool:
    """True for errors by the name of the parameter: `{"seed": ["is not allowed"]}`."""
    if name != "errors" or not isinstance(value, Mapping):
        return False
    held = cast("Mapping[str, Any]", value)
    return bool(held) and not any(known in held for known in (*_INNER, *_CODES, *_TITLES))


def _by_name(value: Mapping[str, Any], depth: int) -> ServerError:
    """Errors by the name of the parameter."""
    read: list[ServerError] = []
    for name, words in list(value.items())[:20]:
        error = _read(words, depth + 1)
        text = f"{name}: {error.text}" if error.text else str(name)
        read.append(replace(error, text=text, params=(plain_param(str(name)), *error.params)))
    return _joined(read)


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


def _delay(value: object) -> float | None:
    found = _SECONDS.fullmatch(str(value))
    return float(found.group(1)) if found else None


def _status(value: object) -> int | None:
    """An HTTP status of an error: 401, "401"."""
    if isinstance(value, str) and len(value) == 3 and value.isdecimal():  # noqa: PLR2004 - digits of a status
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 400 <= value <= 599 else None  # noqa: PLR2004 - HTTP's errors


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text[:MAX_READ_CHARS]).split())

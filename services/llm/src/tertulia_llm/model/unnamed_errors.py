"""Recognizes errors that a server sends with status 200 and in a shape of its own. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

_WORDS: Final = ("detail", "errors", "message", "msg", "error_msg", "error_message", "errorMessage", "status_msg")
_STATUSES: Final = ("code", "status", "status_code", "statusCode", "error_code")
_WRAPPERS: Final = ("base_resp", "header", "response", "result")
_BY_WORDS: Final = (
    (401, r"\bkeys?\b|\bapi.?key|unauthori[sz]ed|authenticat|authoriz|log[ -]?in\b|sign in|(invalid|expired) token"),
    (429, r"rate limit|too many requests|slow down"),
    (503, r"overload|busy|try again|time.?out|timed out|unavailable|capacity|not ready|loading"),
)
_REFUSED: Final = 400
_STATUS: Final = range(400, 600)


def unnamed_error(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The error, with an HTTP status that fits its code or its words; None if the event has no words."""
    for name in _WRAPPERS:
        inner = fields.get(name)
        if isinstance(inner, dict) and any(cast("Mapping[str, Any]", inner).get(word) for word in _WORDS):
            fields = cast("Mapping[str, Any]", inner)
            break
    words = {name: fields[name] for name in _WORDS if fields.get(name)}
    if not words:
        return None
    found = {**fields, "message": next(iter(words.values()))}
    return {**found, "code": _status(fields, str(words)), "type": str(fields.get("code", ""))}


def _status(fields: Mapping[str, Any], words: str) -> int:
    for name in _STATUSES:
        value = fields.get(name)
        if isinstance(value, int | str) and str(value).isdecimal() and int(value) in _STATUS:
            return int(value)
    for status, pattern in _BY_WORDS:
        if re.search(pattern, words, re.IGNORECASE):
            return status
    return _REFUSED

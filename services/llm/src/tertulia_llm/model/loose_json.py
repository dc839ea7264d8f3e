"""Reads JSON as servers send it: with NaN, half characters, line ends in strings, several objects in a line. Pure."""

from __future__ import annotations

import json
import re
from typing import Final

NOT_JSON: Final = object()
_DECODER: Final = json.JSONDecoder(strict=False)
_BETWEEN: Final = re.compile(r"(?:\s|,|data:|\ufeff|\x1e)*")


def loosely_loaded(data: bytes) -> object:
    """The JSON value in the data, or the list of the objects in it; `NOT_JSON` if there is none.

    Bytes that are not UTF-8 become surrogates.
    """
    text = data.decode("utf-8", "surrogateescape")
    try:
        return _DECODER.decode(text)
    except RecursionError:
        return NOT_JSON
    except ValueError:
        pass
    try:
        return _objects(text)
    except (ValueError, RecursionError):
        return NOT_JSON


def _objects(text: str) -> object:
    found: list[object] = []
    at = _after(text, 0)
    while text.startswith("{", at):
        one, at = _DECODER.raw_decode(text, at)
        found.append(one)
        at = _after(text, at)
    return found if found and at == len(text) else NOT_JSON


def _after(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return at if found is None else found.end()

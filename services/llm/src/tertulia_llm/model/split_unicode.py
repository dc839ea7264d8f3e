r"""Joins characters that a server split: the first part in one event, the rest in the next. Pure.

A server that escapes characters may split between `\ud83d` and `\ude00`. A server that streams bytes may split inside
the UTF-8 sequence of a character; the JSON reader passes such bytes on as the surrogates U+DC80 to U+DCFF
(`surrogateescape`).
"""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BYTES = re.compile("[\udc80-\udcff]+")
_LEAD_BYTES = ((0xF0, 0xF8, 4), (0xE0, 0xF0, 3), (0xC2, 0xE0, 2))
"""Ranges of the first byte of a character in UTF-8 (from, below), and the number of the character's bytes."""


class CharacterJoiner:
    """Joins the parts of split characters in successive texts. A part without its other part is dropped."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        """Take a text; return it without incomplete characters. The part of a character at its end waits for the next
        text.
        """
        if not self._half and _SURROGATE.search(text) is None:
            return text
        text = _PAIR.sub(_joined, self._half + text)
        text = _BYTES.sub(_decoded, text)
        self._half = _unfinished(text)
        return _SURROGATE.sub("", text)


def _joined(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _decoded(run: re.Match[str]) -> str:
    """The characters that these bytes encode. An incomplete character at the very end of the text stays as it is."""
    data = run.group().encode("utf-8", "surrogateescape")
    rest = _unfinished_bytes(data) if run.end() == len(run.string) else 0
    whole = data[: len(data) - rest].decode("utf-8", "ignore")
    return whole + run.group()[len(data) - rest :]


def _unfinished(text: str) -> str:
    """The incomplete character at the end of a text; "" if there is none."""
    if "\ud800" <= text[-1:] <= "\udbff":
        return text[-1:]
    at = len(text)
    while at and "\udc80" <= text[at - 1] <= "\udcff":
        at -= 1
    return text[at:]


def _unfinished_bytes(data: bytes) -> int:
    """The number of bytes at the end that begin a character but do not complete it."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        for low, high, length in _LEAD_BYTES:
            if low <= byte < high:
                return back if back < length else 0
        if not 0x80 <= byte < 0xC0:  # noqa: PLR2004 - no continuation byte
            break
    return 0

"""Prepares text for a synthesizer: removes unspeakable characters, and splits long text."""

from __future__ import annotations

import re
import unicodedata

MAX_SEGMENT_CHARS = 240
"""Longest text that is synthesized at once: about 15 s of prose. The worst case is 6 minutes (espeak-ng reads 240 emoji
by name). The limit bounds the audio in memory, and the wait of other syntheses."""

_UNSPEAKABLE = frozenset({"Cc", "Cs", "Co", "Cn"})  # control, surrogate, private, unassigned
_EMPHASIS = re.compile(r"(?<=\S)[*_`~]+|[*_`~]+(?=\S)")  # Markdown around words; "2 * 3" keeps its sign
_CLAUSE_END = re.compile(r"[.!?;:,…](?=\s)|[。！？、，；：]|\s[-–—](?=\s)")  # noqa: RUF001 - these Unicode marks are intended


def speakable(text: str) -> str:
    """Return `text` on one line, without control characters, lone surrogates and Markdown emphasis."""
    plain = "".join(" " if unicodedata.category(char) in _UNSPEAKABLE else char for char in text)
    return " ".join(_EMPHASIS.sub(" ", plain).split())


def says_something(text: str) -> bool:
    """True if the text has a letter or a digit: neural voices turn bare punctuation into random sounds."""
    return any(char.isalnum() for char in text)


def segments(text: str, max_chars: int = MAX_SEGMENT_CHARS) -> list[str]:
    """Split `text` into parts of at most `max_chars`: at the last end of a clause, else of a word, else anywhere.

    A cut at the end of a clause hardly changes the intonation.
    """
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > max_chars:
        cut = _last_cut(rest[: max_chars + 1], max_chars)
        parts.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    if rest:
        parts.append(rest)
    return parts


def _last_cut(window: str, max_chars: int) -> int:
    clause_ends = [match.end() for match in _CLAUSE_END.finditer(window) if match.end() <= max_chars]
    if clause_ends and clause_ends[-1] >= max_chars // 4:
        return clause_ends[-1]
    space = window.rfind(" ")
    return space if space > 0 else max_chars

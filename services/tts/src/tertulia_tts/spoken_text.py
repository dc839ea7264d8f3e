"""Prepares text for a synthesizer: removes characters that cannot be spoken, and splits long text."""

from __future__ import annotations

import re
import unicodedata

MAX_SEGMENT_CHARS = 240
"""Maximum length of a text that is synthesized at once: about 15 s of prose, at worst 6 minutes (espeak-ng reads 240
emoji by name). It limits the audio in memory, and how long other syntheses wait.
"""

_UNSPEAKABLE = frozenset({"Cc", "Cs", "Co", "Cn"})  # control, surrogate, private use, unassigned
# only Markdown signs next to words: "2*3" is not changed
_EMPHASIS = re.compile(r"(?<=[^\s\d])[*_`~]+|[*_`~]+(?=[^\s\d])")
_CLAUSE_END = re.compile(r"[.!?;:,…](?=\s)|[。！？、，；：]|\s[-–—](?=\s)")  # noqa: RUF001 - these Unicode marks are intended


def speakable(text: str) -> str:
    """Return `text` on one line, without control characters, lone surrogates and Markdown emphasis."""
    plain = "".join(" " if unicodedata.category(char) in _UNSPEAKABLE else char for char in text)
    return " ".join(_EMPHASIS.sub(" ", plain).split())


def says_something(text: str) -> bool:
    """True if the text contains a letter or a digit. From punctuation alone, neural voices make random sounds."""
    return any(char.isalnum() for char in text)


def segments(text: str, max_chars: int = MAX_SEGMENT_CHARS) -> list[str]:
    """Split `text` into segments of at most `max_chars`. A segment ends at the end of a clause if possible, else at the
    end of a word, else anywhere.

    A split at the end of a clause hardly changes the intonation.
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


def clause_ends(text: str) -> list[int]:
    """The positions behind each punctuation mark that ends a clause, without the end of the text."""
    return [match.end() for match in _CLAUSE_END.finditer(text)]


def _last_cut(window: str, max_chars: int) -> int:
    ends = [end for end in clause_ends(window) if end <= max_chars]
    if ends and ends[-1] >= max_chars // 4:
        return ends[-1]
    space = window.rfind(" ")
    return space if space > 0 else max_chars

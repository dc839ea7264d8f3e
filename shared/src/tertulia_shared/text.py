"""Cleans text: defines the characters that Tertulia keeps, and replaces the others.

Every text is cleaned on entry: typed, spoken, from the model, over REST, from a stream or a row. The store
accepts exactly the results of `clean_text` and `clean_line`, so an accepted message can always be saved. Pure.

- Line ends (CRLF, CR, U+2028, U+2029, form feed, vertical tab) become LF.
- U+0080 to U+009F are read as Windows-1252, because pasted text has them for that reason. U+0092 becomes an apostrophe.
- Halves of a surrogate pair become U+FFFD; a matching pair becomes its character.
- Other control characters (NUL and the rest of C0, DEL, unassigned Windows-1252 bytes) are dropped.
"""

from __future__ import annotations

import re
from typing import Final

_LINE_END: Final = re.compile("\r\n|[\r\x0b\x0c\u2028\u2029]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPACES: Final = re.compile(r"\s+")
REFUSED_WHEN_TYPED: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""C0 controls that are refused in a client's message: a program sent them by mistake."""


def clean_text(text: str) -> str:
    """Clean text of any number of lines. Idempotent; the result is never longer."""
    if text.isascii() and text.isprintable():
        return text
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", joined_pairs(text))
    text = _LINE_END.sub("\n", text)
    return _CONTROL.sub(_from_windows_1252, text)


def clean_line(text: str) -> str:
    """Clean text of one line (a name, a title): each run of white space becomes one space, none at the ends."""
    return _SPACES.sub(" ", clean_text(text)).strip()


def is_clean_text(text: str) -> bool:
    """True if `clean_text` returns it unchanged."""
    return clean_text(text) == text


def is_clean_line(text: str) -> bool:
    """True if it is clean text of one line. Spaces inside it and at its ends are allowed."""
    return "\n" not in text and "\t" not in text and is_clean_text(text)


def joined_pairs(text: str) -> str:
    """Replace each matching surrogate pair by its character; halves stay."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _from_windows_1252(match: re.Match[str]) -> str:
    code = ord(match.group())
    return bytes((code,)).decode("cp1252", "ignore") if code > 0x7F else ""  # noqa: PLR2004 - the end of ASCII

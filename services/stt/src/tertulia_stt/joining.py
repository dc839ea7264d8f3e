"""Joins the texts of a turn's pieces. Pure.

A recognizer writes each piece as a sentence: with a capital letter and, if it writes punctuation, with a full stop.
Both are wrong in the middle of a sentence.
"""

from __future__ import annotations

import re
from typing import Final

from tertulia_stt.engine import Writing
from tertulia_stt.turn_end import Completeness, completeness

_SENTENCE_END: Final = (".", "?", "!", "\u3002", "\uff1f", "\uff01")
_FIRST_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SPACELESS: Final = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uff60]")
"""Characters of Chinese and Japanese, which are written without spaces between words."""
_ALWAYS_CAPITAL: Final = re.compile(r"I(?:['\u2019]|$)")
_NOUNS_ARE_CAPITAL: Final = "de"


def join_pieces(text: str, piece: str, writing: Writing, *, is_cut: bool = False) -> str:
    """Append the text of the next piece to the text of a turn.

    `is_cut`: the text was cut off within a sentence, perhaps within a word.
    """
    if not text or not piece:
        return text or piece
    if is_cut or _goes_on(text, writing):
        text, piece = _without_full_stop(text), _as_continuation(piece, writing)
    if _SPACELESS.match(text[-1]) and _SPACELESS.match(piece):
        return text + piece
    return f"{text} {piece}"


def _goes_on(text: str, writing: Writing) -> bool:
    if not writing.is_punctuated or not text.endswith(_SENTENCE_END):
        return True
    judged = completeness(text, punctuated=True, names=writing.names, language=writing.language)
    return judged is Completeness.OPEN and text.endswith((".", "\u3002"))


def _without_full_stop(text: str) -> str:
    is_ellipsis = text.endswith("..")
    return text if is_ellipsis else text.rstrip(".\u3002").rstrip() or text


def _as_continuation(piece: str, writing: Writing) -> str:
    """The piece with a lower-case first letter, unless its first word is always written with a capital."""
    word = _FIRST_WORD.match(piece)
    if word is None or writing.language == _NOUNS_ARE_CAPITAL:
        return piece
    names = {part.casefold() for name in writing.names for part in _FIRST_WORD.findall(name)}
    first = word.group()
    is_acronym = len(first) > 1 and first[1:] != first[1:].lower()
    if is_acronym or first.casefold() in names or (writing.language in {"", "en"} and _ALWAYS_CAPITAL.match(first)):
        return piece
    return piece[0].lower() + piece[1:]

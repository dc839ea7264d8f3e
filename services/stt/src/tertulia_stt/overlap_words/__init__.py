"""What the user's words during a character's speech are: backchannel, or words with which people break in. Pure.

The words of each language are in the files of this package: `[backchannel]` shows only attention, `[break_in]` asks for
the word or for something else, and `[around]` may come before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from tertulia_shared.phrases.books import merged_book, phrase_books
from tertulia_shared.phrases.matching import match_any, name_phrases

_LAUGHTER = re.compile(
    r"(?=.*h.*h)[haeiou]{3,}|(?:j[aeiou]){2,}|(?=.*\u0445.*\u0445)[\u0445\u0430\u0435\u0438\u043e]{3,}"
)
"""In Latin and Cyrillic letters: "haha", "jaja" and the like."""
MAX_OPENING = 3
"""Maximum number of words before a name."""
_ARTICLES = frozenset(
    (word,) for word in ["the", "la", "le", "el", "il", "der", "die", "das", "de", "het", "o", "a", "of", "von", "van"]
)
"""Words of names that call nobody without the rest of the name."""
_CALLS = frozenset({"hey", "hello", "hi", "hallo", "oye", "dis", "ehi", "ei", "ej", "hej", "эй"})
_DESCRIPTION = re.compile(r"\([^)]*(?:\)|$)|\[[^\]]*(?:\]|$)|\*[^*]*\*|[♪♫]")
"""What recognizers write for sounds that are no words: "(coughs)", "[laughter]"."""
_HUM = re.compile(r"[hm]+|[хмг]+")


def without_descriptions(text: str) -> str:
    """The text without descriptions of sounds: "(coughs)"."""
    return _DESCRIPTION.sub(" ", text)


def is_backchannel(tokens: Sequence[str]) -> bool:
    """True if all words show only attention, in any language: "yeah yeah, okay", "ah oui", laughter."""
    words = without_sounds(tokens)
    return not words or merged_book(__name__, "backchannel").match(words).is_whole


def without_sounds(tokens: Sequence[str]) -> tuple[str, ...]:
    """The tokens without laughter and hums."""
    return tuple(token for token in tokens if not (_LAUGHTER.fullmatch(token) or _HUM.fullmatch(token)))


def begins_with_break_in(tokens: Sequence[str]) -> bool:
    """True if the speech begins like an interruption that wants an answer: "no", "yeah but", "excuse me"."""
    return match_any(phrase_books(__name__, "break_in"), without_sounds(tokens)).is_beginning


def begins_with_name(tokens: Sequence[str], names: Sequence[str]) -> bool:
    """True if the speech begins with one of the names, or with words such as "okay" or "hey" and then the name.

    A name that is also a common word counts only there: "Will, wait" calls Will, "I will" does not.
    """
    rest = without_sounds(tokens)
    called = name_phrases(tuple(names)).phrases - _ARTICLES
    opening = _openings()
    for _ in range(MAX_OPENING + 1):
        if any(rest[: len(phrase)] == phrase for phrase in called):
            return True
        if not rest or rest[0] not in opening:
            return False
        rest = rest[1:]
    return False


@cache
def _openings() -> frozenset[str]:
    """The single words that may come before a name."""
    books = phrase_books(__name__, "break_in")
    return frozenset(phrase[0] for book in books for phrase in book.around if len(phrase) == 1) | _CALLS

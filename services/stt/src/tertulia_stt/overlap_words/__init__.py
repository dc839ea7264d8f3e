"""Classifies the user's words during a character's speech: as backchannel, or as words with which people interrupt.
Pure.

The words of each language are in the files of this package: words of `[backchannel]` show only attention, words of
`[break_in]` begin an interruption, and words of `[around]` may come before those of `[break_in]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from tertulia_shared.names import Case, NameFinder, normalized
from tertulia_shared.phrases.books import merged_book, phrase_books
from tertulia_shared.phrases.matching import match_any, name_phrases
from tertulia_shared.phrases.tokens import tokens_of

_LAUGHTER = re.compile(
    r"(?=.*h.*h)[haeiou]{3,}|(?:j[aeiou]){2,}|(?=.*\u0445.*\u0445)[\u0445\u0430\u0435\u0438\u043e]{3,}"
)
"""Laughter as recognizers write it, in Latin and Cyrillic letters: "haha", "jaja"."""
_LAUGH = re.compile(r"h[aeiou]h?|j[aeiou]|\u0445[\u0430\u0435\u0438\u043e]")
"""One syllable of laughter: "ha"."""
MIN_LAUGHS = 2
MAX_OPENING = 3
"""Maximum number of words before a name."""
_ARTICLES = frozenset(
    (word,) for word in ["the", "la", "le", "el", "il", "der", "die", "das", "de", "het", "o", "a", "of", "von", "van"]
)
"""Words of names that do not call a character without the rest of the name."""
_CALLS = frozenset({"hey", "hello", "hi", "hallo", "oye", "dis", "ehi", "ei", "ej", "hej", "эй"})
_DESCRIPTION = re.compile(r"\([^)]*(?:\)|$)|\[[^\]]*(?:\]|$)|\*[^*]*\*|[♪♫]")
"""Descriptions that recognizers write for sounds without words: "(coughs)", "[laughter]"."""
_SIGHS = frozenset({"whew", "phew", "ugh", "ooh", "hoo", "ew", "the", "a"})
_HUM = re.compile(r"[hm]+|[хмг]+")
_WRITTEN_FOR_HUMS = frozenset({"two", "who", "boo", "woo", "whoop", "tata"})
"""Words that a recognizer writes for a hum or a laugh, and that hardly ever follow a finished sentence."""
_WRITTEN_FOR_LAUGHTER = frozenset({"ta", "ha", "huh", "heh", "hut", "uh", "ah"})
"""Words that a recognizer writes for syllables of laughter."""


def without_descriptions(text: str) -> str:
    """The text without descriptions of sounds: "(coughs)"."""
    return _DESCRIPTION.sub(" ", text)


def is_backchannel(tokens: Sequence[str]) -> bool:
    """True if all words show only attention, in any language ("yeah yeah, okay", "ah oui"), or if most words are
    laughter.
    """
    words = without_sounds(tokens)
    laughs = sum(_LAUGH.fullmatch(token) is not None for token in tokens)
    is_laughter = laughs >= MIN_LAUGHS and 2 * laughs > len(tokens)
    return not words or is_laughter or merged_book(__name__, "backchannel").match(words).is_whole


def is_interjection(tokens: Sequence[str]) -> bool:
    """True if the text has only words that recognizers write for a hum or a sigh."""
    return is_backchannel([token for token in tokens if token not in _SIGHS])


def is_unlikely_after_sentence(tokens: Sequence[str]) -> bool:
    """True if the text has only words that recognizers write for a hum, a sigh or laughter, and that a user hardly ever
    adds to a finished sentence: "two", "ta ta ta".
    """
    is_laughter = len(tokens) >= MIN_LAUGHS and _WRITTEN_FOR_LAUGHTER.issuperset(tokens)
    return is_laughter or is_interjection([token for token in tokens if token not in _WRITTEN_FOR_HUMS])


def without_sounds(tokens: Sequence[str]) -> tuple[str, ...]:
    """The tokens without laughter and hums."""
    return tuple(token for token in tokens if not (_LAUGHTER.fullmatch(token) or _HUM.fullmatch(token)))


def begins_with_break_in(tokens: Sequence[str]) -> bool:
    """True if the speech begins like an interruption that wants an answer: "no", "yeah but", "excuse me"."""
    return match_any(phrase_books(__name__, "break_in"), without_sounds(tokens)).is_beginning


def begins_with_name(tokens: Sequence[str], names: Sequence[str]) -> bool:
    """True if the speech begins with one of the names, or with words such as "okay" or "hey" and then the name.

    So a name that is also a common word does not count elsewhere: "Will, wait" calls Will, "I will" does not.
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


def sounds_like_call(text: str, names: Sequence[str], being_said: Sequence[str]) -> bool:
    """True if the speech begins with a name as a recognizer may spell or mishear it.

    A word that only sounds like a name does not count if it is in `being_said`.
    """
    spelled = normalized(text)
    for mention in _finder(tuple(names)).find(text, by_sound=True):
        before = without_sounds(tokens_of(spelled[: mention.start]))
        if mention.case is Case.OTHER or len(before) > MAX_OPENING or not _openings().issuperset(before):
            return False
        said = {token for sentence in being_said for token in tokens_of(sentence)}
        return not (mention.by_sound and said.issuperset(tokens_of(spelled[mention.start : mention.end])))
    return False


@lru_cache(maxsize=64)
def _finder(names: tuple[str, ...]) -> NameFinder:
    return NameFinder(names)


@cache
def _openings() -> frozenset[str]:
    """The single words that may come before a name."""
    books = phrase_books(__name__, "break_in")
    return frozenset(phrase[0] for book in books for phrase in book.around if len(phrase) == 1) | _CALLS

"""Finds out whether a text only asks the characters to be quiet: "Rex, stop", "okay, please be quiet now". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from tertulia_shared.phrases.books import phrase_books
from tertulia_shared.phrases.matching import Match, match_any, name_phrases
from tertulia_shared.phrases.tokens import tokens_of

MAX_TOKENS = 40
"""A longer text is no plain stop."""
MAX_TAKEN_BACK_TOKENS = 15
"""A longer text is not taken back by its own last sentence."""
MAX_CHARS = 1000
"""Only this many characters of a text are read."""
_CONTINUATIONS = (("and",), ("then",))
"""Words before a stop phrase that continue a sentence: "and then stop"."""
_DENIAL = re.compile(
    r"^\W*(?:no|não|nao|nie|non|nein|nee|нет|hay\u0131r|いいえ|不)\s*[,.!;:\u3001\uff0c\u3002\uff01\u2026\u2014-]+\s*",
    re.IGNORECASE,
)
"""A "no" that stands alone before the phrase. Without the comma, "no para" and "não pare" forbid to stop."""

_SENTENCE_END = re.compile(r"[.!?\u2026]\s+|[\u3002\uff01\uff1f]\s*")
_QUOTATION_MARK = re.compile(r"[\"\u201c\u201d\u00bb]")


def is_plain_stop(text: str, names: Iterable[str] = ()) -> bool:
    """True if the text consists of phrases such as "stop" or "be quiet", with names or politeness around them.

    `names`: the names that may stand in it. "Don't stop" and "Stop the car story and tell me more" are no plain stops.
    """
    return _match(text, tuple(names)).is_whole


def begins_with_stop(text: str, names: Iterable[str] = ()) -> bool:
    """True if the text begins with such a phrase, with names or politeness before it: "stop the car story"."""
    return _match(text, tuple(names)).is_beginning


def is_withdrawal(text: str, names: Iterable[str] = ()) -> bool:
    """True if a plain stop also cancels the words that the user said before it: "never mind", "stop", but not
    "wait".
    """
    continues = tokens_of(text[:MAX_CHARS])[:1] in _CONTINUATIONS
    return not continues and _match(text, tuple(names), "withdrawal").is_whole


def ends_with_withdrawal(text: str, names: Iterable[str] = ()) -> bool:
    """True if the last sentences of a short text take the others back: "Tell me a story. Never mind. Thanks."

    Always False for a text without punctuation: the last word of "Where is the bus stop" asks for nothing. Also False
    for a quotation, and for a longer text, because a story may have the sentence "Silence."
    """
    if len(text) > MAX_CHARS or len(tokens_of(text)) > MAX_TAKEN_BACK_TOKENS:
        return False
    known = tuple(names)
    endings = (text[end.end() :] for end in _SENTENCE_END.finditer(text))
    return any(not _QUOTATION_MARK.search(ending) and is_withdrawal(ending, known) for ending in endings)


@lru_cache(maxsize=1024)
def _match(text: str, names: tuple[str, ...], key: str = "stop") -> Match:
    tokens = tokens_of(_DENIAL.sub("", text[:MAX_CHARS]))
    found = match_any(phrase_books("tertulia_shared.phrases.words", key), tokens[:MAX_TOKENS], name_phrases(names))
    return (
        found
        if len(tokens) <= MAX_TOKENS and len(text) <= MAX_CHARS
        else Match(is_whole=False, is_beginning=found.is_beginning)
    )

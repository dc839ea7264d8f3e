"""Distinguishes emphasis from stage directions in asterisks, underscores and tildes. Pure functions."""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.text import stage_words as words_of
from tertulia_llm.text.directions import WIDE_LETTER, WORD, is_remark, lower
from tertulia_llm.text.stage_verbs import FIRST_PERSON, VERBS

_CLAUSE: Final = re.compile(r"[.,;:!?…—–()\n]")
_MIN_TITLE_WORD_CHARS: Final = 4
_PREPOSITIONS: Final = frozenset({"with", "from", "into", "over", "upon"})
_MAX_NOUN_WORDS: Final = 3
_MAX_PHRASE_WORDS: Final = 5
_MAX_NARRATED_WORDS: Final = 6


def narrates(span: str, *, punctuated: bool) -> bool:  # noqa: PLR0911 - one return per rule
    """True if a span in single asterisks that stands alone narrates: "*The lights go out.*", but not "*Moby Dick*".

    `punctuated`: a mark follows, so that the span may be the whole sentence: "My answer? *freedom*."
    """
    written = WORD.findall(span)
    words = lower(written)
    if not words or any(char.isdigit() for char in span) or span.rstrip().endswith(("!", "?")):
        return False
    if WIDE_LETTER.search(span):
        return not punctuated and not any(part in span for part in words_of.NOT_WIDE + words_of.WIDE_ANSWERS)
    if is_title(span):
        return False
    if written[0] == "I" and len(words) > 1:
        return words[1] in FIRST_PERSON  # "*I smile.*"
    if is_remark(span, written, words) or words[0] in words_of.ANSWERS or words[0] == "it" or "we" in words:
        return False
    acts = any(word in VERBS or word in words_of.BODY for word in words[:_MAX_PHRASE_WORDS])
    if written[0][0].islower():
        return acts or not punctuated
    if len(words) == 1 or ":" in span or "who" in words:
        return False
    if (
        (words[0] in words_of.NARRATORS or words[1] in words_of.SCENERY)
        and len(words) <= _MAX_NARRATED_WORDS
        and _no_fact(words)
    ):
        return True
    return acts and not VERBS.union(words_of.BODY).isdisjoint(words[:_MAX_NOUN_WORDS])


def _no_fact(words: list[str]) -> bool:
    return words_of.FINITE.isdisjoint(words) and words_of.COPULAS.isdisjoint(words)


def is_title(span: str) -> bool:
    """True for "Moby Dick" and "The Lord of the Rings"."""
    written = WORD.findall(span)
    long_words = [word for word in written[1:] if len(word) >= _MIN_TITLE_WORD_CHARS and word not in _PREPOSITIONS]
    return (
        written[:1] != []
        and written[0][0].isupper()
        and bool(long_words)
        and all(word[0].isupper() for word in long_words)
    )


def is_subject(before: str) -> bool:
    """True if the words of the clause so far may be the subject of an emphasised verb: "My baby *cries* a lot"."""
    words = lower(WORD.findall(_CLAUSE.split(before)[-1]))
    if not 0 < len(words) <= _MAX_NOUN_WORDS or not words_of.GREETINGS.isdisjoint(words[:1]):
        return False
    return words_of.NO_SUBJECTS.isdisjoint(words)

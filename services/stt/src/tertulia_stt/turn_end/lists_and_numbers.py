"""Recognizes unfinished numbers and lists."""

from __future__ import annotations

from itertools import takewhile
from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar
from tertulia_stt.turn_end.sentence import Sentence

_PHONE_DIGITS: Final = 7
"""Telephone numbers have at least this many digits."""
_LEADING_ZERO: Final = frozenset({"0", "zero", "oh", "null", "cero", "zéro", "nul", "ноль", "sıfır"})
_LIST_ITEMS: Final = 2
_LONGEST_ITEM: Final = 2


def unfinished_number(sentence: Sentence, grammar: Grammar) -> Completeness | None:
    """The judgement of a sentence whose last number may be unfinished; None for other sentences."""
    last = sentence.words[-1]
    if last in grammar.tens:
        alone = len(sentence.words) == 1 and sentence.mark != "?"
        return Completeness.OPEN if alone or not sentence.ended else Completeness.UNCLEAR
    return Completeness.OPEN if sentence.mark != "?" and _goes_on(sentence, grammar) else None


def _goes_on(sentence: Sentence, grammar: Grammar) -> bool:
    """True if the sentence ends in a part of a number: "three point", or the first digits of a telephone number."""
    last = sentence.words[-1]
    if last in grammar.points and len(sentence.words) > 1:
        return _is_number(sentence.words[-2], grammar)
    if not _is_number(last, grammar):
        return False
    run = tuple(takewhile(lambda word: _is_number(word, grammar), reversed(sentence.words)))
    digits = sum(sum(char.isdigit() for char in word) or 1 for word in run)
    if digits >= _PHONE_DIGITS:
        return False
    text = " ".join(sentence.words)
    if any(phrase in text for phrase in grammar.phone_words):
        return True
    return run[-1] in _LEADING_ZERO and digits > 1 and not sentence.ended


def _is_number(word: str, grammar: Grammar) -> bool:
    return word in grammar.digits or word in grammar.tens or word[:1].isdigit()


def unfinished_list(sentence: Sentence, grammar: Grammar) -> Completeness | None:
    """OPEN after "first … second", UNCLEAR for a list without "and"; None if the sentence is no unfinished list."""
    words = sentence.words
    last = words[-1]
    if last in grammar.nexts and not grammar.firsts.isdisjoint(words[:-1]):
        return Completeness.OPEN
    if words[0] in grammar.firsts and grammar.nexts.isdisjoint(words):
        return Completeness.OPEN if len(words) == 1 else Completeness.UNCLEAR
    return Completeness.UNCLEAR if _is_list_without_and(sentence) else None


def _is_list_without_and(sentence: Sentence) -> bool:
    """True for short items between commas ("apples, pears, plums")."""
    if sentence.mark == "?" or len(sentence.breaks) < _LIST_ITEMS:
        return False
    ends = (*sentence.breaks[1:], len(sentence.words))
    return all(end - start <= _LONGEST_ITEM - 1 for start, end in zip(sentence.breaks, ends, strict=True))

"""Judges a sentence of a language that separates words by spaces.

The rules run in a fixed order. The first ones use certain signs: the sentence is only a name, or it ends in "and". The
last ones use weak signs, such as a final full stop, which recognizers write after almost every text.
"""

from __future__ import annotations

from typing import Final

from tertulia_stt.turn_end.clause import Clause, last_clause
from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar
from tertulia_stt.turn_end.last_word import judge_last_word
from tertulia_stt.turn_end.lists_and_numbers import unfinished_list, unfinished_number
from tertulia_stt.turn_end.missing_parts import (
    LONGEST_PHRASE,
    judge_missing_object,
    judge_phrase,
    judge_subordinate_clause,
)
from tertulia_stt.turn_end.names import Names
from tertulia_stt.turn_end.questions import is_finished_question, is_finished_request
from tertulia_stt.turn_end.sentence import GOES_ON, Sentence

_NAMED_WORDS: Final = 6
"""Names count as a call only among this many words at the beginning and at the end of a sentence."""

FINISHED, UNCLEAR, OPEN = Completeness.FINISHED, Completeness.UNCLEAR, Completeness.OPEN


def judge_sentence(sentence: Sentence, grammar: Grammar | None, names: Names) -> Completeness:
    """Judge a sentence. Without a grammar only names and marks count."""
    end = len(sentence.words) - _NAMED_WORDS
    named = tuple((at < _NAMED_WORDS or at >= end) and names.has(word) for at, word in enumerate(sentence.words))
    if not any(named):
        return _judge(sentence, grammar)
    if all(named) or (grammar is not None and _only_calls(sentence, grammar, named)):
        return UNCLEAR if sentence.mark == "?" or not sentence.is_first else OPEN
    if grammar is not None and _without_names(sentence, named) in grammar.greetings:
        return OPEN if sentence.mark in GOES_ON else UNCLEAR
    first, end = named.index(False), len(named) - named[::-1].index(False)
    if first and _is_subject(sentence, first, grammar):
        first = 0
    without = _judge(sentence.part(first, end), grammar)
    if without is OPEN and end < len(named) and end not in sentence.breaks:  # the object: "do you like Luna"
        return _judge(sentence.part(first, len(named)), grammar)
    return without


def _only_calls(sentence: Sentence, grammar: Grammar, named: tuple[bool, ...]) -> bool:
    """True if the sentence only calls characters: it has only names and words such as "hey" ("hey Luna", "Luna and
    Rex").
    """
    return all(
        is_name or word in grammar.calls or word in grammar.fillers
        for word, is_name in zip(sentence.words, named, strict=True)
    )


def _without_names(sentence: Sentence, named: tuple[bool, ...]) -> str:
    return " ".join(word for word, is_name in zip(sentence.words, named, strict=True) if not is_name)


def _is_subject(sentence: Sentence, end: int, grammar: Grammar | None) -> bool:
    """True if the name before word `end` is the subject of the sentence ("Rex is funny") and not a call."""
    if grammar is None or end in sentence.breaks or sentence.words[end] not in grammar.auxiliaries:
        return False
    return all(word not in grammar.pronouns for word in sentence.words[end + 1 : end + 2])


def _judge(sentence: Sentence, grammar: Grammar | None) -> Completeness:
    if grammar is None:
        return OPEN if sentence.mark in GOES_ON else FINISHED if sentence.ended else UNCLEAR
    clause = last_clause(sentence, grammar)
    complete = _is_complete(clause)
    if sentence.mark in GOES_ON:
        return UNCLEAR if complete and sentence.mark == "…" else OPEN
    if complete:
        asks_last = grammar.asks_last and len(clause.words) > 1
        return FINISHED if sentence.ended or asks_last or clause.last not in grammar.questions else UNCLEAR
    if clause.last in grammar.fillers:
        return UNCLEAR if clause.asked else OPEN
    return UNCLEAR if _only_greets(clause) else _after_tag(clause) or _judge_clause(clause)


def _only_greets(clause: Clause) -> bool:
    grammar, words = clause.grammar, clause.sentence.words
    calls = len(words) == 1 and words[0] in grammar.calls - grammar.never_last - grammar.openers
    return calls or " ".join(words) in grammar.greetings


def _is_complete(clause: Clause) -> bool:
    """True if the sentence is a known whole utterance, or consists of two of them ("okay thank you")."""
    sentence, words, complete = clause.sentence, clause.words, clause.grammar.complete
    if sentence.breaks and len(words) == 1 and words[0] in clause.grammar.questions and not clause.asked:
        return False
    if any(" ".join(reading) in complete for reading in (sentence.words, sentence.clause(), words)):
        return True
    halves = ((words[:at], words[at:]) for at in range(1, len(words)) if len(words) <= LONGEST_PHRASE)
    return any(" ".join(first) in complete and " ".join(second) in complete for first, second in halves)


def _after_tag(clause: Clause) -> Completeness | None:
    """The judgement of a sentence that ends in a tag such as "please" or "isn't it"."""
    sentence, words, grammar = clause.sentence, clause.sentence.words, clause.grammar
    for length in range(min(LONGEST_PHRASE, len(words) - 1), 0, -1):
        tag = " ".join(words[-length:])
        if tag in grammar.tags and not _is_ordinary_word(tag, clause, len(words) - length):
            before = last_clause(sentence.part(0, len(sentence.words) - length), grammar)
            return OPEN if len(before.words) > 1 and _judge_clause(before) is OPEN else FINISHED
    return None


def _is_ordinary_word(tag: str, clause: Clause, before: int) -> bool:
    """True if the tag, which follows the first `before` words, is probably a part of the clause."""
    grammar = clause.grammar
    if clause.sentence.ended:
        return False
    return tag in grammar.questions or (tag in grammar.complete and before == 1)


def _judge_clause(clause: Clause) -> Completeness:
    sentence, grammar = clause.sentence, clause.grammar
    judgement = (
        judge_phrase(clause)
        or unfinished_number(sentence, grammar)
        or judge_last_word(clause)
        or unfinished_list(sentence, grammar)
        or judge_subordinate_clause(clause)
        or judge_missing_object(clause)
        or (grammar.clause_rule(sentence, grammar) if grammar.clause_rule is not None else None)
    )
    if judgement is not None:
        return judgement
    finished = sentence.ended or is_finished_question(clause) or is_finished_request(clause)
    return FINISHED if finished else UNCLEAR

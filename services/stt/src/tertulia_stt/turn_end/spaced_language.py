"""Judges a sentence of a language that separates words by spaces.

The rules run in a fixed order, from signs that are certain (the sentence is only a name; it ends in "and") to signs that
are weak (a final full stop: recognizers write one after almost every text).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar
from tertulia_stt.turn_end.lists_and_numbers import unfinished_list, unfinished_number
from tertulia_stt.turn_end.requests import is_finished_question, is_finished_request, is_question
from tertulia_stt.turn_end.sentence import GOES_ON, Names, Sentence

_LONGEST_TAIL: Final = 4
_SHORT: Final = 2

FINISHED, UNCLEAR, OPEN = Completeness.FINISHED, Completeness.UNCLEAR, Completeness.OPEN


def judge_sentence(sentence: Sentence, grammar: Grammar | None, names: Names) -> Completeness:
    """Judge a sentence. Without a grammar only names and marks count."""
    words = sentence.words
    named = [names.has(word) for word in words]
    if not any(named):
        return _judge(sentence, grammar)
    first = named.index(False) if False in named else len(words)
    last = len(words) - (named[::-1].index(False) if False in named else 0)
    if first == len(words) or _only_calls(sentence, grammar, named):
        return UNCLEAR if sentence.mark == "?" or not sentence.is_first else OPEN
    if grammar is not None and _without_names(sentence, named) in grammar.greetings:
        return OPEN if sentence.mark in GOES_ON else UNCLEAR
    if first and not _is_subject(sentence, first, grammar):
        sentence = sentence.part(first, len(words))
        last -= first
    if last == len(sentence.words):
        return _judge(sentence, grammar)
    without = _judge(sentence.part(0, last), grammar)
    if without is OPEN and last not in sentence.breaks:
        return _judge(sentence, grammar)
    return without


def _only_calls(sentence: Sentence, grammar: Grammar | None, named: list[bool]) -> bool:
    """True if all words but the names call somebody ("hey Luna", "Luna and Rex")."""
    if grammar is None:
        return False
    return all(
        is_name or word in grammar.calls or word in grammar.fillers
        for word, is_name in zip(sentence.words, named, strict=True)
    )


def _without_names(sentence: Sentence, named: list[bool]) -> str:
    return " ".join(word for word, is_name in zip(sentence.words, named, strict=True) if not is_name)


def _is_subject(sentence: Sentence, end: int, grammar: Grammar | None) -> bool:
    """True if the name before word `end` is the subject of the sentence, and calls nobody ("Rex is funny")."""
    if grammar is None or end in sentence.breaks or sentence.words[end] not in grammar.verbs_before_subject:
        return False
    following = sentence.words[end + 1 : end + 2]
    return not following or following[0] not in grammar.subjects | grammar.both_cases


def _judge(sentence: Sentence, grammar: Grammar | None) -> Completeness:
    if grammar is None:
        return OPEN if sentence.mark in GOES_ON else FINISHED if sentence.ended else UNCLEAR
    clause = _without_lead(sentence.clause(), grammar)
    complete = any(text in grammar.complete for text in _readings(sentence, clause))
    if sentence.mark in GOES_ON:
        return UNCLEAR if complete and sentence.mark == "…" else OPEN
    if complete:
        return FINISHED
    if sentence.words[-1] in grammar.fillers:
        return OPEN if sentence.mark != "?" else UNCLEAR
    only_call = len(sentence.words) == 1 and clause[0] in grammar.calls and clause[0] not in grammar.never_last
    if only_call or " ".join(sentence.words) in grammar.greetings:
        return UNCLEAR
    return _after_tag(sentence, clause, grammar) or _judge_clause(sentence, clause, grammar)


def _without_lead(clause: tuple[str, ...], grammar: Grammar) -> tuple[str, ...]:
    start = 0
    while start < len(clause) - 1 and (clause[start] in grammar.lead or clause[start] in grammar.fillers):
        start += 1
    return clause[start:]


def _readings(sentence: Sentence, clause: tuple[str, ...]) -> Iterator[str]:
    yield " ".join(sentence.words)
    yield " ".join(sentence.clause())
    yield " ".join(clause)


def _after_tag(sentence: Sentence, clause: tuple[str, ...], grammar: Grammar) -> Completeness | None:
    """The judgement of a sentence that ends in a tag such as "please" or "isn't it"."""
    for length in range(min(_LONGEST_TAIL, len(clause) - 1), 0, -1):
        if " ".join(clause[-length:]) in grammar.tags:
            rest = sentence.part(0, len(sentence.words) - length)
            rest_clause = _without_lead(rest.clause(), grammar)
            before = _judge_clause(rest, rest_clause, grammar) if rest_clause else UNCLEAR
            return OPEN if before is OPEN and len(rest_clause) > 1 else FINISHED
    return None


def _judge_clause(sentence: Sentence, clause: tuple[str, ...], grammar: Grammar) -> Completeness:
    opens = (
        _open_phrase(sentence, clause, grammar)
        or unfinished_number(sentence, grammar)
        or _open_last_word(sentence, clause, grammar)
        or unfinished_list(sentence, grammar)
        or _lone_subordinate_clause(sentence, clause, grammar)
        or _missing_object(sentence, clause, grammar)
    )
    if opens is not None:
        return opens
    if grammar.clause_rule is not None:
        judgement = grammar.clause_rule(sentence, grammar)
        if judgement is not None:
            return judgement
    if sentence.ended:
        return FINISHED
    if is_finished_question(clause, grammar) or is_finished_request(clause, grammar):
        return FINISHED
    return UNCLEAR


def _open_phrase(sentence: Sentence, clause: tuple[str, ...], grammar: Grammar) -> Completeness | None:
    asks = sentence.mark == "?"
    if " ".join(clause) in grammar.openers or " ".join(sentence.clause()) in grammar.openers:
        return UNCLEAR if asks and len(clause) <= _SHORT else OPEN
    for length in range(1, min(_LONGEST_TAIL, len(sentence.words)) + 1):
        if " ".join(sentence.words[-length:]) in grammar.tails:
            return UNCLEAR if asks and sentence.words[-1] not in grammar.never_last else OPEN
    return None


def _open_last_word(sentence: Sentence, clause: tuple[str, ...], grammar: Grammar) -> Completeness | None:
    last = sentence.words[-1]
    if last in grammar.stranded and any(word in grammar.questions for word in sentence.words[:-1]):
        return FINISHED if sentence.mark == "?" else UNCLEAR
    if last in grammar.never_last or last.endswith("'"):
        return OPEN
    before = sentence.words[-2] if len(sentence.words) > 1 else ""
    if last in grammar.subjects or (last in grammar.both_cases and before):
        judgement = _after_pronoun(sentence, clause, grammar, before)
        if judgement is not None:
            return judgement
    if last in grammar.modals or last in grammar.copulas:
        return _after_auxiliary(sentence, clause, grammar, before)
    if last in grammar.rarely_last:
        if sentence.mark == "?":
            return FINISHED if is_question(clause, grammar) and len(clause) > _SHORT else UNCLEAR
        return UNCLEAR if sentence.ended or is_question(clause, grammar) else OPEN
    return None


def _after_pronoun(
    sentence: Sentence, clause: tuple[str, ...], grammar: Grammar, before: str
) -> Completeness | None:
    """A pronoun that may be a subject without its verb ("because I", "what do you")."""
    last = clause[-1]
    if before in grammar.question_finders and sentence.mark != "?":
        return OPEN
    if before in grammar.modals and (last in grammar.subjects or len(clause) <= _SHORT or is_question(clause, grammar)):
        if grammar.inverts or last in grammar.subjects:
            return UNCLEAR if sentence.mark == "?" and len(clause) <= _SHORT else OPEN
        return None
    if last not in grammar.subjects:
        return None
    if before in grammar.never_last or len(clause) == 1:
        return OPEN
    if sentence.mark == "?" or is_question(clause, grammar):
        return FINISHED if before in grammar.copulas or sentence.mark == "?" else None
    verb_second = grammar.inverts and not grammar.question_needs_auxiliary
    if before in grammar.copulas:
        return OPEN if verb_second and not sentence.ended and clause[0] not in grammar.both_cases else UNCLEAR
    if verb_second and clause[0] not in grammar.subordinators:
        return UNCLEAR
    return OPEN


def _after_auxiliary(
    sentence: Sentence, clause: tuple[str, ...], grammar: Grammar, before: str
) -> Completeness | None:
    """A final "is" or "can": open, but for answers ("yes it is") and embedded questions ("what time it is")."""
    pronoun = before in grammar.subjects or before in grammar.both_cases
    if sentence.mark == "?":
        finished = len(clause) > _SHORT and (pronoun or (not grammar.inverts and is_question(clause, grammar)))
        return FINISHED if finished else UNCLEAR
    embedded = pronoun and not grammar.questions.isdisjoint(sentence.words[:-1])
    if not grammar.question_needs_auxiliary and clause[0] in grammar.subordinators and len(clause) > _SHORT:
        return UNCLEAR
    if embedded or (pronoun and sentence.ended):
        return UNCLEAR
    return OPEN


def _lone_subordinate_clause(sentence: Sentence, clause: tuple[str, ...], grammar: Grammar) -> Completeness | None:
    """A clause such as "if it rains" needs a main clause."""
    first = clause[0]
    if first not in grammar.subordinators or sentence.breaks or sentence.mark == "?":
        return None
    if first in grammar.questions and is_finished_question(clause, grammar):
        return None
    if first in grammar.questions and (not grammar.inverts or not sentence.is_first):
        return UNCLEAR if not sentence.ended else None
    pronouns = grammar.subjects | grammar.both_cases
    subjects = sum(word in pronouns for word in clause[1:])
    if subjects > 1:
        return None
    return OPEN


def _missing_object(sentence: Sentence, clause: tuple[str, ...], grammar: Grammar) -> Completeness | None:
    """A verb such as "want" directly after its subject."""
    if clause[-1] not in grammar.transitives or is_question(clause, grammar):
        return None
    pronouns = grammar.subjects | grammar.both_cases | grammar.negations | grammar.verbs_before_subject
    if not all(word in pronouns for word in clause[:-1]):
        return None
    return UNCLEAR if sentence.mark == "?" else OPEN

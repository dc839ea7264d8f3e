"""Recognizes clauses that lack a part: known openings, lone subordinate clauses, verbs without their object."""

from __future__ import annotations

from typing import Final

from tertulia_stt.turn_end.clause import SHORT, Clause
from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.questions import is_finished_question, is_question

LONGEST_PHRASE: Final = 4
"""Maximum number of words of a phrase in `Grammar.tails` and `Grammar.tags`."""
_LONGEST_SUBORDINATE: Final = 6
"""A longer clause that begins with "if" probably also contains the main clause."""

FINISHED, UNCLEAR, OPEN = Completeness.FINISHED, Completeness.UNCLEAR, Completeness.OPEN


def judge_phrase(clause: Clause) -> Completeness | None:
    """The judgement of a clause such as "I want to"; None if it ends in no known phrase."""
    grammar, sentence = clause.grammar, clause.sentence
    if clause.last in grammar.subjects and not grammar.comparatives.isdisjoint(sentence.words):
        return UNCLEAR
    last_part = sentence.clause()
    if sentence.breaks and len(last_part) == 1 and clause.last in grammar.clause_starts and not clause.asked:
        return OPEN
    if " ".join(clause.words) in grammar.openers or " ".join(last_part) in grammar.openers:
        return UNCLEAR if clause.asked and clause.is_short else OPEN
    for length in range(1, min(LONGEST_PHRASE, len(sentence.words)) + 1):
        if " ".join(sentence.words[-length:]) in grammar.tails:
            return _after_tail(clause)
    return None


def _after_tail(clause: Clause) -> Completeness:
    grammar, first = clause.grammar, clause.words[0]
    if clause.last in grammar.never_last:
        return OPEN
    asks = first in grammar.questions and first not in grammar.subordinators
    if clause.asked:
        return FINISHED if asks and not clause.is_short else UNCLEAR
    return UNCLEAR if asks and not grammar.inverts else OPEN


def judge_subordinate_clause(clause: Clause) -> Completeness | None:
    """OPEN for a clause such as "if it rains" without a main clause."""
    grammar, sentence, words = clause.grammar, clause.sentence, clause.words
    if words[0] not in grammar.subordinators or sentence.breaks or clause.asked:
        return None
    if words[0] in grammar.questions:
        if is_finished_question(clause):
            return None
        if not grammar.inverts:
            states = any(word in grammar.copulas or word in grammar.subjects for word in words[1:3])
            return OPEN if states else None if sentence.ended else UNCLEAR
    subjects = sum(word in grammar.pronouns for word in words[1:])
    if words[0] in grammar.reasons and sentence.ended and len(words) > SHORT + 1:
        return UNCLEAR
    has_main_clause = subjects > 1 or (len(words) > _LONGEST_SUBORDINATE and not sentence.ended)
    return None if has_main_clause else OPEN


def judge_missing_object(clause: Clause) -> Completeness | None:
    """OPEN for a verb such as "want" directly after its subject."""
    grammar, words = clause.grammar, clause.words
    if clause.last not in grammar.transitives or is_question(clause):
        return None
    if any(word not in grammar.before_object for word in words[:-1]):
        return None
    refuses = len(words) == SHORT and words[0] in grammar.negations and words[0] not in grammar.subjects
    return UNCLEAR if clause.asked or (refuses and clause.sentence.ended) else OPEN

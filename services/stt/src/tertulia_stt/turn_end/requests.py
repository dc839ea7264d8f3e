"""Recognizes finished questions and requests without punctuation."""

from __future__ import annotations

from typing import Final

from tertulia_stt.turn_end.grammar import Grammar

_PREPOSITION_AND_WORD: Final = 2
_SHORTEST_INVERTED: Final = 3


def is_question(clause: tuple[str, ...], grammar: Grammar) -> bool:
    """True if a clause begins with a question word, perhaps after a preposition ("with whom")."""
    if not clause:
        return False
    if clause[0] in grammar.questions:
        return not (clause[0] in grammar.subordinators and clause[1:2] and clause[1] in grammar.subjects)
    if len(clause) < _PREPOSITION_AND_WORD or clause[1] not in grammar.questions:
        return False
    return clause[0] in grammar.never_last or clause[0] in grammar.rarely_last


def is_finished_question(clause: tuple[str, ...], grammar: Grammar) -> bool:
    """True if a clause, whose last word may end a sentence, has the word order of a question and is complete."""
    if _is_yes_no_question(clause, grammar):
        return True
    if not is_question(clause, grammar):
        return False
    rest = clause[1:] if clause[0] in grammar.questions else clause[2:]
    if not rest:
        return False
    if not grammar.inverts:
        ending = grammar.second_person_ending
        return clause[0] not in grammar.subordinators or (ending != "" and clause[-1].endswith(ending))
    if rest[0] in grammar.subjects or rest[0] in grammar.both_cases:
        return False
    if not grammar.question_needs_auxiliary:
        return len(clause) >= _SHORTEST_INVERTED
    return any(word in grammar.verbs_before_subject for word in rest[:3]) and len(clause) >= _SHORTEST_INVERTED


def _is_yes_no_question(clause: tuple[str, ...], grammar: Grammar) -> bool:
    for length in (1, 2):
        if " ".join(clause[:length]) in grammar.yes_no_starts:
            return len(clause) >= length + 2
    if not grammar.inverts or len(clause) < _SHORTEST_INVERTED:
        return False
    if clause[1] not in grammar.subjects and clause[1] not in grammar.both_cases:
        return False
    if clause[0] in grammar.verbs_before_subject:
        return True
    return clause[1] in grammar.second_person and clause[0] not in grammar.words_before_subject


def is_finished_request(clause: tuple[str, ...], grammar: Grammar) -> bool:
    """True if a clause begins with an imperative and has an object."""
    return len(clause) > 1 and clause[0] in grammar.imperatives

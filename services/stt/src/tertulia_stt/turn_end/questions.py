"""Recognizes questions and requests by their words, without punctuation."""

from __future__ import annotations

from typing import Final

from tertulia_stt.turn_end.clause import Clause
from tertulia_stt.turn_end.grammar import Grammar

_SHORTEST_INVERTED: Final = 3
"""Question word, verb and subject; or verb, subject and object."""
_LONGEST_WITHOUT_VERB: Final = 2
_SHORTEST_REQUEST_WITH_CLITIC: Final = 2


def is_question(clause: Clause) -> bool:
    """True if a clause begins with a question word, perhaps after a preposition ("with whom")."""
    words, grammar = clause.words, clause.grammar
    if words[0] in grammar.questions:
        return not (words[0] in grammar.subordinators and words[1:2] and words[1] in grammar.subjects)
    return _has_question_word_second(words, grammar)


def _has_question_word_second(words: tuple[str, ...], grammar: Grammar) -> bool:
    if len(words) == 1 or words[1] not in grammar.questions or words[1] in grammar.question_nouns:
        return False
    return words[0] in grammar.never_last or words[0] in grammar.rarely_last


def is_finished_question(clause: Clause) -> bool:
    """True if a clause has the word order of a question and is complete. Its last word must be one that may end a
    sentence.
    """
    if _is_yes_no_question(clause.words, clause.grammar):
        return True
    if not is_question(clause):
        return False
    words, grammar = clause.words, clause.grammar
    rest = words[1:] if words[0] in grammar.questions else words[2:]
    if not rest or rest[-1] in grammar.questions or _lacks_verb(words, rest, grammar):
        return False
    return _is_inverted(words, rest, grammar) if grammar.inverts else _is_direct(words, rest, grammar)


def _is_direct(words: tuple[str, ...], rest: tuple[str, ...], grammar: Grammar) -> bool:
    """For languages whose questions have the word order of statements. A question word that is also a conjunction does
    not show a question.
    """
    if rest[-1] in grammar.both_cases:
        return False
    ending = grammar.second_person_ending
    return words[0] not in grammar.subordinators or (ending != "" and words[-1].endswith(ending))


def _is_inverted(words: tuple[str, ...], rest: tuple[str, ...], grammar: Grammar) -> bool:
    if rest[0] in grammar.pronouns or len(words) < _SHORTEST_INVERTED:
        return False
    if grammar.verb_second or words[0] in grammar.question_subjects:
        return True
    return any(word in grammar.auxiliaries for word in rest[:3])


def _lacks_verb(words: tuple[str, ...], rest: tuple[str, ...], grammar: Grammar) -> bool:
    """True if the question word is followed only by a noun or an adjective ("at what time")."""
    if not grammar.inverts:
        return len(rest) == 1 and (words[0] in grammar.question_determiners or rest != words[1:])
    if len(rest) > _LONGEST_WITHOUT_VERB or rest[0] in grammar.auxiliaries or rest[-1] in grammar.both_cases:
        return False
    return words[0] in grammar.question_determiners


def starts_yes_no_question(clause: Clause) -> bool:
    """True if a clause begins with a phrase such as "est-ce que"."""
    return _length_of_yes_no_start(clause.words, clause.grammar) > 0


def _length_of_yes_no_start(words: tuple[str, ...], grammar: Grammar) -> int:
    return next((length for length in (1, 2) if " ".join(words[:length]) in grammar.yes_no_starts), 0)


def _is_yes_no_question(words: tuple[str, ...], grammar: Grammar) -> bool:
    start = _length_of_yes_no_start(words, grammar)
    if start:
        return len(words) >= start + 2
    if not grammar.inverts or len(words) < _SHORTEST_INVERTED or words[1] not in grammar.pronouns:
        return False
    return words[0] in grammar.auxiliaries or (words[1] in grammar.second_person and words[0] not in grammar.not_verbs)


def is_finished_request(clause: Clause) -> bool:
    """True if a clause begins with an imperative and has an object."""
    words, grammar = clause.words, clause.grammar
    if words[0] in grammar.request_clitics:
        return len(words) > _SHORTEST_REQUEST_WITH_CLITIC and words[1] in grammar.imperatives
    return len(words) > 1 and words[0] in grammar.imperatives and words[1] not in grammar.second_person

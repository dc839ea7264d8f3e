"""Judges a clause by its last word: an article, a conjunction, a pronoun or an auxiliary."""

from __future__ import annotations

from itertools import pairwise

from tertulia_stt.turn_end.clause import Clause
from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.questions import is_question, starts_yes_no_question

FINISHED, UNCLEAR, OPEN = Completeness.FINISHED, Completeness.UNCLEAR, Completeness.OPEN


def judge_last_word(clause: Clause) -> Completeness | None:
    """The judgement by the last word; None if the word often ends a sentence."""
    grammar, last = clause.grammar, clause.last
    judgement = _question_word(clause)
    if judgement is not None:
        return judgement
    if last in grammar.never_last or last.endswith("'"):
        one = last in grammar.ones and clause.sentence.ended and not grammar.partitives.isdisjoint(clause.words)
        return UNCLEAR if one else OPEN
    if last in grammar.pronouns and (last in grammar.subjects or clause.before):
        judgement = _pronoun(clause)
        if judgement is not None:
            return judgement
    if last in grammar.auxiliaries:
        return None if _is_infinitive_of_question(clause) else _auxiliary(clause)
    if (judgement := _topic_is_missing(clause)) is not None:
        return judgement
    return _rarely_last(clause) if last in grammar.rarely_last else None


def _question_word(clause: Clause) -> Completeness | None:
    """The judgement of a final question word, or of a final preposition after a question word; None for other words."""
    grammar, last, words = clause.grammar, clause.last, clause.sentence.words
    if last in grammar.stranded and not grammar.questions.isdisjoint(words[:-1]):
        return FINISHED if clause.asked else UNCLEAR
    if last not in grammar.questions:
        return None
    if clause.asked:
        return FINISHED
    if _is_relative(clause):
        return OPEN
    if last in grammar.reasons and len(words) > 1:  # "I did not come because" and "I do not know why" in Italian
        return UNCLEAR
    return UNCLEAR if last not in grammar.never_last and clause.before in grammar.copulas else None


def _is_relative(clause: Clause) -> bool:
    """True if the last word refers to a noun ("the woman who")."""
    grammar, words = clause.grammar, clause.sentence.words
    return any(
        word in grammar.never_last or word in grammar.rarely_last or word in grammar.both_cases for word in words[-3:-2]
    )


def _pronoun(clause: Clause) -> Completeness | None:
    """The judgement of a final pronoun, which may be a subject whose verb is missing ("because I", "what do you")."""
    grammar, last, before = clause.grammar, clause.last, clause.before
    if (before in grammar.clause_starts or before in grammar.complementizers) and not clause.asked:
        asks = before in grammar.questions and not grammar.inverts and last in grammar.both_cases
        return UNCLEAR if asks and clause.is_short and not clause.sentence.breaks else OPEN
    if before in grammar.modals:
        judgement = _pronoun_after_modal(clause)
        if judgement is not None:
            return judgement
    return _subject(clause) if last in grammar.subjects else None


def _pronoun_after_modal(clause: Clause) -> Completeness | None:
    grammar, is_subject = clause.grammar, clause.last in clause.grammar.subjects
    if clause.words[0] in grammar.both_cases and clause.sentence.ended and not clause.is_short:
        return UNCLEAR
    if not is_subject and not (grammar.inverts and (clause.is_short or is_question(clause))):
        return None
    return UNCLEAR if clause.asked and clause.is_short else OPEN


def _subject(clause: Clause) -> Completeness | None:
    """The judgement of a final pronoun that can only be a subject. It ends a sentence only if its verb stands before
    it.
    """
    grammar, before = clause.grammar, clause.before
    if before in grammar.never_last or len(clause.words) == 1:
        return OPEN
    if clause.asked:
        return FINISHED
    if is_question(clause):
        return FINISHED if before in grammar.copulas else None
    if before in grammar.copulas:
        main_clause = clause.words[0] in grammar.both_cases or clause.sentence.ended
        return OPEN if grammar.verb_second and not main_clause else UNCLEAR
    return UNCLEAR if grammar.verb_second and clause.words[0] not in grammar.subordinators else OPEN


def _is_infinitive_of_question(clause: Clause) -> bool:
    """True for "what to do"."""
    grammar, words = clause.grammar, clause.sentence.words
    return clause.before in grammar.infinitive_marker and not grammar.questions.isdisjoint(words[-3:-2])


def _auxiliary(clause: Clause) -> Completeness | None:
    """The judgement of a final "is" or "can": OPEN, except in answers ("yes it is") and embedded questions ("what time
    it is").
    """
    grammar, before, sentence = clause.grammar, clause.before, clause.sentence
    if before in grammar.auxiliaries:
        return OPEN
    pronoun = before in grammar.pronouns
    if starts_yes_no_question(clause) and clause.last in grammar.modals:
        return UNCLEAR if clause.asked else OPEN
    asks = not grammar.inverts and is_question(clause)
    if clause.asked:
        return FINISHED if asks or (pronoun and not clause.is_short) else UNCLEAR
    if grammar.verb_second and any(
        word in grammar.clause_starts or word in grammar.complementizers for word in sentence.words[:-2]
    ):
        return None
    if asks:
        return UNCLEAR if clause.is_short else FINISHED
    questions = grammar.questions - grammar.never_last if clause.last in grammar.modals else grammar.questions
    embedded = pronoun and not questions.isdisjoint(sentence.words[:-1])
    answers = sentence.ended and (pronoun or before in grammar.negations)
    return UNCLEAR if embedded or answers or before in grammar.clitics else OPEN


def _topic_is_missing(clause: Clause) -> Completeness | None:
    """The judgement of a final "about" after a verb such as "tell"; None if the topic may stand before it."""
    grammar, words = clause.grammar, clause.sentence.words
    if clause.asked or clause.last not in grammar.topics or grammar.tellings.isdisjoint(words):
        return None
    if not grammar.questions.isdisjoint(words[:-1]):  # "I know what you think about"
        return FINISHED if clause.sentence.ended else None
    return None if _has_relative_clause(clause) else OPEN


def _has_relative_clause(clause: Clause) -> bool:
    """True for "the film that I read about", "the film I told you about" and "something to think about"."""
    grammar, words = clause.grammar, clause.words
    for before, word in pairwise(words[1:-1]):
        is_noun = before not in grammar.not_verbs and before not in grammar.auxiliaries
        is_object = word in grammar.both_cases and before in grammar.tellings  # "tell you"
        if word in grammar.complementizers or (is_noun and word in grammar.pronouns and not is_object):
            return True
        if word in grammar.infinitive_marker and is_noun and f"{before} {word}" not in grammar.tails:
            return True
    return False


def _rarely_last(clause: Clause) -> Completeness:
    asks = is_question(clause)
    if clause.asked:
        return FINISHED if asks and not (clause.is_short and clause.grammar.inverts) else UNCLEAR
    return UNCLEAR if clause.sentence.ended or asks else OPEN

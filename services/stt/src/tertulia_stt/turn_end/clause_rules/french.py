"""French. A hyphen between verb and subject shows a question."""

from __future__ import annotations

from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar
from tertulia_stt.turn_end.sentence import Sentence

_INVERTED: Final = ("-tu", "-vous", "-il", "-elle", "-on", "-ils", "-elles")


def verb_before_subject(sentence: Sentence, grammar: Grammar) -> Completeness | None:
    """The judgement of a question with a hyphen between verb and subject ("aimes-tu la musique"); None for other
    clauses.
    """
    clause = sentence.clause()
    asks = any(word.endswith(_INVERTED) for word in clause)
    if sentence.ended or not asks:
        return None
    return Completeness.FINISHED if len(clause) > 1 and clause[-1] not in grammar.transitives else Completeness.UNCLEAR

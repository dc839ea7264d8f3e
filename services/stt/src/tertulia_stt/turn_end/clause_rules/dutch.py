"""Dutch. A clause with a modal or an auxiliary ends in an infinitive or a participle."""

from __future__ import annotations

from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar, words
from tertulia_stt.turn_end.sentence import Sentence

_NEED_VERB: Final = words(
    "kan kun kunt kunnen kon zou zouden moet moeten moest mag mogen wil wilt willen wilde heb hebt heeft hebben had zal"
    " zullen ga gaat gaan"
)
_DANGLING: Final = words(
    "me mij je jou hem haar ons hen gisteren vandaag morgen al nog graag even ook nooit altijd misschien dat het"
    " hiermee daarmee ermee hier daar er"
)
"""Objects and adverbs that stand before the verb at the end."""
_SUBJECT_VERB_OBJECT: Final = 3


def verb_is_missing(sentence: Sentence, grammar: Grammar) -> Completeness | None:
    """OPEN or UNCLEAR if the clause lacks the verb at its end or the rest of a comparison."""
    clause = tuple(word for word in sentence.clause() if word not in grammar.lead)
    if len(clause) < 2:  # noqa: PLR2004  # a verb and something else
        return None
    if clause[-1] == "dan" and clause[-2].endswith("er"):
        return Completeness.OPEN
    if clause[-2:] == ("is", "dat") and clause[0] not in grammar.questions and len(clause) > 2:  # noqa: PLR2004
        return Completeness.OPEN
    if len(clause) < _SUBJECT_VERB_OBJECT or clause[-1] not in _DANGLING or _NEED_VERB.isdisjoint(clause[:-1]):
        return None
    if sentence.ended or clause[0] in grammar.questions:
        return Completeness.UNCLEAR if sentence.mark == "." else None
    return Completeness.OPEN

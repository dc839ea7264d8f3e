"""German. A clause with a modal or an auxiliary ends in an infinitive or a participle."""

from __future__ import annotations

from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar, words
from tertulia_stt.turn_end.sentence import Sentence

_NEED_INFINITIVE: Final = words(
    "kann kannst könnt können könnte könntest könnten muss musst müssen müsst musste mussten soll sollst sollen sollte"
    " solltest sollten darf darfst dürfen durfte dürfte würde würdest würden werde wirst wird werden"
)
_NEED_PARTICIPLE: Final = words("habe hab hast hat haben habt hatte hattest hatten bin")
_DANGLING: Final = words(
    "mir dir ihm ihr uns euch ihnen mich dich ihn sich gestern heute morgen schon noch immer bitte mal gerne gern auch"
    " nur eben einfach vielleicht jetzt dann wieder oft so es sie damit hier da dabei daran darüber dafür"
)
"""Objects and adverbs that stand before the verb at the end."""
_VERB_ENDINGS: Final = ("en", "eln", "ern", "tun", "sein", "t")
_PREFIXES: Final = words("mit nach an auf zu vor ab ein durch")
"""Prepositions that may also be the separated prefix of a verb ("ich komme mit")."""
_SEPARABLE: Final = tuple(
    words(
        "komm geh nehm nimm mach bring ruf hör steh fang fäng schau hol pass leg zieh denk fahr fähr sag lauf läuf"
        " schlaf schläf gib geb stell biet zeig teil spiel les bieg"
    )
)
"""Beginnings of verbs that may have such a prefix."""
_VERB_LAST: Final = words("dass weil ob obwohl damit wenn")
_PRONOUN_VERB_OBJECT: Final = 3


def verb_is_missing(sentence: Sentence, grammar: Grammar) -> Completeness | None:
    """OPEN or UNCLEAR if the clause lacks the verb at its end or the verb's prefix."""
    clause = tuple(word for word in sentence.clause() if word not in grammar.lead)
    if len(clause) < 2:  # noqa: PLR2004  # a verb and something else
        return None
    last = clause[-1]
    if last in _PREFIXES:
        return _after_prefix(sentence, clause)
    if last in _DANGLING and not sentence.noun_last:
        return _after_object(sentence, clause, grammar)
    needs_infinitive = not _NEED_INFINITIVE.isdisjoint(clause[:2])
    if needs_infinitive and not last.endswith(_VERB_ENDINGS) and sentence.mark != "?":
        return Completeness.UNCLEAR
    return Completeness.OPEN if clause[0] in _VERB_LAST and sentence.noun_last else None


def _after_prefix(sentence: Sentence, clause: tuple[str, ...]) -> Completeness | None:
    """The judgement of a clause that ends in a word such as "mit": OPEN, unless it is the prefix of a verb ("ich komme
    mit").
    """
    if any(word.startswith(_SEPARABLE) for word in clause[:-1]):
        return None
    return Completeness.UNCLEAR if sentence.ended else Completeness.OPEN


def _after_object(sentence: Sentence, clause: tuple[str, ...], grammar: Grammar) -> Completeness | None:
    """The judgement of a clause that ends in a word such as "mir" or "gestern": OPEN after "kannst du" and "ich
    habe".
    """
    needs_infinitive = not _NEED_INFINITIVE.isdisjoint(clause[:-1])
    if needs_infinitive or not _NEED_PARTICIPLE.isdisjoint(clause[:-1]):
        asks = clause[0] in grammar.questions or sentence.mark == "?"
        return None if asks and not needs_infinitive else Completeness.OPEN
    short = len(clause) == _PRONOUN_VERB_OBJECT and clause[0] in grammar.pronouns
    return Completeness.UNCLEAR if short and not sentence.ended else None

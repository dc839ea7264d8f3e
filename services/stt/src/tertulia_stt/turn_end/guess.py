"""Finds the language of a text from its words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tertulia_stt.turn_end.clause_rules import dutch, french, german, turkish
from tertulia_stt.turn_end.grammar import ClauseRule, Grammar, read_grammar

_CLAUSE_RULES: Final[dict[str, ClauseRule]] = {
    "de": german.verb_is_missing,
    "fr": french.verb_before_subject,
    "nl": dutch.verb_is_missing,
    "tr": turkish.judge_last_word,
}
GRAMMARS: Final = {
    code: read_grammar(code, _CLAUSE_RULES.get(code))
    for code in ("en", "de", "es", "fr", "it", "pt", "nl", "pl", "tr", "ru")
}

_TIE: Final = 0.8
"""A language is also possible if it has at least this share of the best score."""
_MOST_LANGUAGES: Final = 3
_COMMON_WEIGHT: Final = 2.0
_LETTER_WEIGHT: Final = 0.5
_LETTERS: Final = {
    letter: codes
    for letters, codes in (
        ("ßä", ("de",)),
        ("ñ", ("es",)),
        ("ãõ", ("pt",)),
        ("œ", ("fr",)),
        ("ùûîêâ", ("fr", "pt", "it")),
        ("łżźśńćęą", ("pl",)),
        ("ğış", ("tr",)),
        ("öü", ("de", "tr")),
        ("ç", ("fr", "pt", "tr")),
    )
    for letter in letters
}
"""Letters, each with the languages that have it."""


def _weights() -> dict[str, tuple[tuple[str, float], ...]]:
    """The languages of each word, with weights. A word that many languages have gets a low weight."""
    codes: dict[str, list[str]] = {}
    for code, grammar in GRAMMARS.items():
        for word in grammar.vocabulary:
            codes.setdefault(word, []).append(code)
    return {
        word: tuple((code, (_COMMON_WEIGHT if word in GRAMMARS[code].common else 1.0) / len(found)) for code in found)
        for word, found in codes.items()
    }


_WEIGHTS: Final = _weights()


def grammar_of(language: str) -> Grammar | None:
    """The grammar of a BCP 47 tag; None if its words are not known."""
    return GRAMMARS.get(language.partition("-")[0].lower())


def possible_grammars(words: Sequence[str]) -> tuple[Grammar, ...]:
    """The grammars of the languages that a sentence may be in, the most probable first."""
    text = " ".join(words)
    answers = tuple(grammar for grammar in GRAMMARS.values() if text in grammar.complete)
    if answers:
        return answers
    scores: dict[str, float] = {}
    for word in words:
        for code, weight in _WEIGHTS.get(word, ()):
            scores[code] = scores.get(code, 0.0) + weight
        if not word.isascii():
            for code in (code for letter in word for code in _LETTERS.get(letter, ())):
                scores[code] = scores.get(code, 0.0) + _LETTER_WEIGHT
    if not scores:
        return ()
    least = max(scores.values()) * _TIE
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    return tuple(GRAMMARS[code] for code in ranked if scores[code] >= least)[:_MOST_LANGUAGES]

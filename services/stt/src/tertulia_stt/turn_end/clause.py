"""The last clause of a sentence, with the grammar of its language."""

from __future__ import annotations

from dataclasses import dataclass

from tertulia_stt.turn_end.grammar import Grammar
from tertulia_stt.turn_end.sentence import Sentence

SHORT = 2
"""A clause of at most this many words is short: "can you", "who is"."""


@dataclass(frozen=True, slots=True)
class Clause:
    """The words after a sentence's last comma, without the words of `Grammar.lead` and fillers at their beginning."""

    sentence: Sentence
    words: tuple[str, ...]
    grammar: Grammar

    @property
    def last(self) -> str:
        return self.words[-1]

    @property
    def before(self) -> str:
        """The last word but one of the sentence, even if it is in an earlier clause; "" if the sentence has only one
        word.
        """
        return self.sentence.words[-2] if len(self.sentence.words) > 1 else ""

    @property
    def asked(self) -> bool:
        """True if the sentence has a question mark."""
        return self.sentence.mark == "?"

    @property
    def is_short(self) -> bool:
        return len(self.words) <= SHORT


def last_clause(sentence: Sentence, grammar: Grammar) -> Clause:
    """The last clause of a sentence that is not empty. The clause keeps at least one word."""
    words = sentence.clause()
    start = 0
    while start < len(words) - 1 and (words[start] in grammar.lead or words[start] in grammar.fillers):
        start += 1
    return Clause(sentence, words[start:], grammar)

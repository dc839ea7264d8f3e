"""Finds the characters that a remark excludes: "everyone except Rex", "not you, Rex". Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_llm.text.addressing.lexicon import Lexicon
from tertulia_llm.text.addressing.sentences import Gap, Kind, PhraseTable, Unit
from tertulia_shared.names import fold

_NEGATIONS: Final = frozenset(
    fold(word) for word in "not nicht no pas non não niet nie не nor nur tylko только".split()
)
"""First words of phrases that exclude only at the start of a clause or after a word like "everyone"."""
_AFTER_ALL: Final = frozenset("but op".split())
"""Phrases that exclude only after a word like "everyone" or "nobody"."""
_NOBODY: Final = frozenset(
    fold(word)
    for word in "nobody none one niemand keiner nadie personne nessuno ninguém niemand nikt kimse никто никого".split()
)
"""Last words of phrases after which "except Rex" means that only Rex is meant."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A sentence without the parts that exclude characters, and what these parts say."""

    units: list[Unit]
    names: frozenset[int]
    only: tuple[int, ...]
    """The characters of "nobody except Rex"."""
    not_last: bool
    """True if the sentence has "not you" without a name."""


class ExclusionFinder:
    """Finds and removes the parts of a sentence that exclude characters."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._openers = PhraseTable(lexicon.openers)
        self._before = PhraseTable(lexicon.except_before)
        self._after = PhraseTable(lexicon.except_after)
        self._not_you = PhraseTable(lexicon.not_you)
        self._first_words = self._not_you.first_words | self._before.first_words

    def find(self, units: Sequence[Unit]) -> Excluded:
        """Find the excluded characters of a sentence."""
        # without a name, only "not you" excludes somebody
        has_name = any(unit.kind is Kind.NAME for unit in units)
        if not has_name and self._not_you.first_words.isdisjoint(unit.text for unit in units):
            return Excluded(list(units), frozenset(), (), not_last=False)
        removed: set[int] = set()
        names: set[int] = set()
        only: list[int] = []
        not_last = False
        at = 0
        while at < len(units):
            if units[at].kind is not Kind.NAME and units[at].text not in self._first_words:  # most words
                at += 1
                continue
            end, excluded, is_last = self._at(units, at)
            if end == at:
                at += 1
                continue
            removed.update(range(at, end))
            if at and units[at - 1].text in _NOBODY and units[at].gap is Gap.NONE:
                only.extend(excluded)
            else:
                names.update(excluded)
            not_last = not_last or is_last
            at = end
        return Excluded(_without(units, removed), frozenset(names), tuple(only), not_last)

    def _at(self, units: Sequence[Unit], at: int) -> tuple[int, tuple[int, ...], bool]:
        """Read an exclusion that begins at the index `at`.

        Returns the index after it (`at` if there is none), the names, and whether it means the last speaker.
        """
        length = self._not_you.length_at(units, at)
        if length and self._begins_clause(units, at):
            end = at + length
            named_end, names = self._names_at(units, end)
            if names:
                return named_end, names, False
            if end == len(units) or units[end].gap >= Gap.COMMA:
                return end, (), True
        length = self._before.length_at(units, at)
        if length:
            end, names = self._names_at(units, at + length, gap=Gap.NONE)
            if names and self._may_exclude(units, at, length):
                return end, names, False
        if units[at].kind is Kind.NAME:
            end, names = self._names_at(units, at, gap=Gap.STOP)
            if end < len(units) and (after := self._excluded_after(units, at, end)):
                return after, names, False
        return at, (), False

    def _excluded_after(self, units: Sequence[Unit], start: int, end: int) -> int:
        """The end of a phrase after a name that excludes it; 0 if there is none."""
        length = self._not_you.length_at(units, end)
        after = end + length
        if length and (after == len(units) or (units[after].gap >= Gap.COMMA and units[after].kind is not Kind.NAME)):
            return after
        length = self._after.length_at(units, end)
        if not length or units[end].gap is not Gap.NONE:
            return 0
        after = end + length
        is_negation = units[end].text in _NEGATIONS
        if is_negation and not (self._begins_clause(units, start) and self._ends_clause(units, after)):
            return 0
        return after

    @staticmethod
    def _ends_clause(units: Sequence[Unit], at: int) -> bool:
        return at == len(units) or units[at].gap >= Gap.COMMA

    def _may_exclude(self, units: Sequence[Unit], at: int, length: int) -> bool:
        previous = units[at - 1] if at else None
        if length == 1 and units[at].text in _AFTER_ALL:
            return previous is not None and (previous.kind is Kind.ALL or previous.text in _NOBODY)
        if units[at].text not in _NEGATIONS or (length > 1 and units[at + 1].text in _NEGATIONS):
            return True
        return self._begins_clause(units, at) or (previous is not None and previous.kind is not Kind.WORD)

    def _begins_clause(self, units: Sequence[Unit], at: int) -> bool:
        """True if only openers, conjunctions or names stand between the start of the clause and this unit."""
        start = at
        while start and units[start].gap is Gap.NONE:
            start -= 1
        while start < at:
            step = self._openers.length_at(units, start) or (
                1 if units[start].text in self._lexicon.conjunctions or units[start].kind is not Kind.WORD else 0
            )
            if not step:
                return False
            start += step
        return start == at

    def _names_at(self, units: Sequence[Unit], at: int, *, gap: Gap = Gap.COMMA) -> tuple[int, tuple[int, ...]]:
        """The end of the joined names that begin here, after an article, and the names."""
        start = at
        while (
            start < len(units)
            and start < at + 2
            and units[start].text in self._lexicon.before
            and units[start].gap is Gap.NONE
        ):
            start += 1
        if start >= len(units) or units[start].kind is not Kind.NAME or units[start].gap > gap:
            return at, ()
        names = list(units[start].names)
        end = start + 1
        while end + 1 < len(units) and units[end].text in self._lexicon.conjunctions:
            further = end + 1
            while further < len(units) - 1 and units[further].text in self._lexicon.determiners:
                further += 1
            if units[further].kind is not Kind.NAME or units[further].gap is not Gap.NONE:
                break
            names.extend(units[further].names)
            end = further + 1
        return end, tuple(names)

    def _is_article(self, unit: Unit) -> bool:
        return unit.text in self._lexicon.before and unit.gap is Gap.NONE


def _without(units: Sequence[Unit], removed: set[int]) -> list[Unit]:
    """The units that are left; one after a removed part begins a clause."""
    left: list[Unit] = []
    gap = Gap.NONE
    for index, unit in enumerate(units):
        if index in removed:
            gap = max(gap, unit.gap, Gap.COMMA if not left else Gap.NONE)
            continue
        left.append(unit._replace(gap=max(gap, unit.gap)) if gap > unit.gap else unit)
        gap = Gap.NONE
    return left

"""Splits a remark into sentences of units: words, names of characters, and words like "everyone". Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from tertulia_llm.text.addressing.lexicon import ALL, NAME, Lexicon, Phrase
from tertulia_shared.names import Case, Mention, words_of

_STOP: Final = re.compile(r"[.!?…;\n\u061f]")
_COMMA: Final = re.compile(r"[,:()\[\]{}\"“”„«»*_¿¡\u2013\u2014\u2015،]|\s-+\s")
_AMPERSAND: Final = re.compile(r"[&+]")


class Gap(IntEnum):
    """The separator before a unit."""

    NONE = 0
    COMMA = 1
    """The end of a clause."""
    STOP = 2
    """The end of a sentence, or the start of the text."""


class Kind(StrEnum):
    """The kind of a unit."""

    WORD = "word"
    NAME = NAME
    ALL = ALL


class EveryonePhrase(StrEnum):
    """The meaning of a phrase for several characters."""

    ALWAYS = "you_all"
    TWO = "you_two"
    ONE = "one_of_you"
    EVERYONE = "everyone"
    OTHERS = "others"
    THE_TWO = "the_two"
    SHORT = "short_everyone"

    @property
    def is_short(self) -> bool:
        """True if the phrase counts only if it stands alone or beside a greeting."""
        return self in {EveryonePhrase.THE_TWO, EveryonePhrase.SHORT}


class Unit(NamedTuple):
    """A part of a word, a name of characters, or a phrase for all of them. A frozen dataclass is made more slowly."""

    text: str
    gap: Gap
    kind: Kind = Kind.WORD
    names: tuple[int, ...] = ()
    case: Case = Case.PLAIN
    is_word: bool = False
    """The name may be a common word here."""
    is_capitalized: bool = False
    is_title: bool = False
    """The name is only a title, such as "doctor"."""
    phrase: EveryonePhrase | None = None
    """The meaning of the phrase, for `Kind.ALL`."""


def sentences_of(text: str, mentions: Sequence[Mention]) -> list[list[Unit]]:
    """The sentences of a normalized text."""
    sentences: list[list[Unit]] = []
    for unit in _units(text, mentions):
        if unit.gap is Gap.STOP or not sentences:
            sentences.append([])
        sentences[-1].append(unit)
    return sentences


def _units(text: str, mentions: Sequence[Mention]) -> Iterator[Unit]:
    waiting = list(mentions)
    end = 0
    is_first = True
    for word in words_of(text):
        while waiting and waiting[0].end <= word.start:
            waiting.pop(0)
        between = text[end : word.start] if word.start >= end else ""
        mention = waiting[0] if waiting and waiting[0].start <= word.start else None
        if mention is not None and word.start > mention.start and end >= mention.end:
            continue  # a further word of the same name
        gap = Gap.STOP if is_first else _gap(between)
        is_first = False
        if gap is Gap.NONE and between != " " and _AMPERSAND.search(between):
            yield Unit("&", gap)
        if mention is not None:
            is_capitalized = text[mention.start].isupper()
            yield Unit(
                NAME, gap, Kind.NAME, mention.names, mention.case, mention.is_word, is_capitalized, mention.is_title
            )
            end = max(mention.end, word.start)
            continue
        for number, part in enumerate(word.parts):
            yield Unit(part, Gap.NONE if number else gap)
        end = word.end


def _gap(between: str) -> Gap:
    if between == " ":
        return Gap.NONE
    if _STOP.search(between):
        return Gap.STOP
    if _COMMA.search(between) or any(unicodedata.category(char) == "So" for char in between if ord(char) > 0xFF):  # noqa: PLR2004 - symbols, not Latin letters
        return Gap.COMMA
    return Gap.NONE


class PhraseTable:
    """A set of phrases. Finds the longest of them that begins at a unit."""

    __slots__ = ("_by_first", "first_words")

    def __init__(self, phrases: Collection[Phrase]) -> None:
        self._by_first: dict[str, list[Phrase]] = {}
        for phrase in sorted(phrases, key=len, reverse=True):
            self._by_first.setdefault(phrase[0], []).append(phrase)
        self.first_words = self._by_first.keys()

    def length_at(self, units: Sequence[Unit], at: int) -> int:
        """The number of units of the longest phrase that begins at `at`; 0 if there is none."""
        for phrase in self._by_first.get(units[at].text, ()):
            run = units[at : at + len(phrase)]
            if len(run) == len(phrase) and all(
                unit.text == word and (not number or unit.gap is Gap.NONE)
                for number, (unit, word) in enumerate(zip(run, phrase, strict=True))
            ):
                return len(phrase)
        return 0


class EveryoneMarker:
    """Finds the phrases for several characters."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._tables = [(phrase, PhraseTable(getattr(lexicon, phrase))) for phrase in EveryonePhrase]
        self._openers = PhraseTable(lexicon.openers)
        self._first_words = frozenset(word for _, table in self._tables for word in table.first_words)

    def mark(self, units: Sequence[Unit]) -> tuple[list[Unit], set[EveryonePhrase]]:
        """Replace each phrase except "one of you" by one unit. Returns the units, and the kinds of phrases found."""
        if self._first_words.isdisjoint(unit.text for unit in units):
            return list(units), set()
        marked: list[Unit] = []
        found: set[EveryonePhrase] = set()
        at = 0
        while at < len(units):
            longest, which = self._phrase_at(units, at)
            opener = self._openers.length_at(units, at)
            if not longest or opener > longest:  # "всё в порядке" does not mean "все"
                kept = self._before_phrase(units, at, max(opener, 1))
                marked.extend(units[at : at + kept])
                at += kept
                continue
            found.add(which)
            if which is EveryonePhrase.ONE:
                marked.extend(units[at : at + longest])
            else:
                marked.append(units[at]._replace(text=ALL, kind=Kind.ALL, phrase=which))
            at += longest
        return marked, found

    def _phrase_at(self, units: Sequence[Unit], at: int) -> tuple[int, EveryonePhrase]:
        """The number of units of the longest phrase that begins at `at`, and its kind; 0 if there is none."""
        longest, which = 0, EveryonePhrase.ALWAYS
        if units[at].kind is Kind.WORD and units[at].text in self._first_words:
            for phrase, table in self._tables:
                length = table.length_at(units, at)
                if length > longest:
                    longest, which = length, phrase
        return longest, which

    def _before_phrase(self, units: Sequence[Unit], at: int, length: int) -> int:
        """The number of units of an opener before a phrase that begins in it and goes on after it: "how are you" and
        "you all" in "how are you all tonight".
        """
        for inner in range(at + 1, at + length):
            if inner + self._phrase_at(units, inner)[0] > at + length:
                return inner - at
        return length


def joined(units: Iterable[Unit]) -> str:
    """The text of units, for patterns."""
    return " ".join(unit.text for unit in units)


def units_within(units: Sequence[Unit], span: tuple[int, int]) -> Sequence[Unit]:
    """The units that a span of their joined text touches; the space after a unit belongs to it."""
    start, end = span
    within: list[Unit] = []
    at = 0
    for unit in units:
        after = at + len(unit.text) + 1
        if max(at, start) < min(after, end):
            within.append(unit)
        at = after
    return within

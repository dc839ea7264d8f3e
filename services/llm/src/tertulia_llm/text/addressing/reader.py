"""Reads whom a remark addresses, in scripts that are written with spaces. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final

from tertulia_llm.text.addressing.address import Address
from tertulia_llm.text.addressing.exclusions import ExclusionFinder
from tertulia_llm.text.addressing.lexicon import Lexicon, matches, span_of, united
from tertulia_llm.text.addressing.lexicons import LEXICONS
from tertulia_llm.text.addressing.sentences import EveryoneMarker, EveryonePhrase, Gap, Kind, Unit, joined, units_within
from tertulia_llm.text.addressing.vocatives import VocativeFinder
from tertulia_shared.names import fold

_MAX_FOLLOW_UP: Final = 10
"""Maximum number of words of a remark that may refer to the last reply."""
_THANKS: Final = frozenset(
    fold(word)
    for word in "thanks thank danke dankeschön dank gracias merci grazie obrigado obrigada valeu bedankt dankjewel "
    "dziękuję dzięki teşekkürler teşekkür sağol спасибо благодарю".split()
)
"""A remark that begins with such a word is for the character that spoke last."""
_CYRILLIC: Final = frozenset({"ru"})


class Reader:
    """Reads remarks in some languages."""

    def __init__(self, lexicon: Lexicon, languages: frozenset[str]) -> None:
        self.lexicon = lexicon
        self.languages = languages
        self._marker = EveryoneMarker(lexicon)
        self._exclusions = ExclusionFinder(lexicon)
        self._vocatives = VocativeFinder(lexicon)

    def read(self, sentences: Sequence[Sequence[Unit]], *, spoken: bool) -> Address:
        """Read a remark."""
        address = Address()
        reactions: list[int] = []  # characters that are addressed only by words like "thanks"
        is_plural = False
        for sentence in sentences:
            before = len(address.addressed)
            units = self._read_sentence(sentence, address, spoken=spoken)
            is_plural = is_plural or any(self.lexicon.is_plural(unit.text) for unit in units if unit.kind is Kind.WORD)
            added = address.addressed[before:]
            if added and self._vocatives.is_only_remark(units):
                reactions.extend(added)
            elif added and reactions:
                address.addressed = [index for index in address.addressed if index not in reactions or index in added]
                reactions.clear()
        address.is_follow_up = self._is_follow_up([unit for sentence in sentences for unit in sentence])
        address.everyone = address.everyone or (is_plural and not address.is_follow_up)
        return address

    def _read_sentence(self, sentence: Sequence[Unit], address: Address, *, spoken: bool) -> list[Unit]:
        marked, phrases = self._marker.mark(sentence)
        self._read_phrases(marked, phrases, address)
        excluded = self._exclusions.find(marked)
        address.excluded |= excluded.names
        address.ask(excluded.only)
        address.not_last |= excluded.not_last
        units = excluded.units
        groups = self._vocatives.groups(units)
        has_alone = any(self._vocatives.is_alone(units, group) for group in groups if group.names)
        for group in groups:
            has_other = has_alone and not self._vocatives.is_alone(units, group)
            if self._vocatives.is_addressed(units, group, spoken=spoken, has_other=has_other):
                address.add(group.names)
                address.everyone |= not group.names
                address.two |= units[group.start].phrase is EveryonePhrase.THE_TWO
            else:
                address.topics.update(group.names)
        self._read_questions(units, address)
        return units

    def _read_phrases(self, units: Sequence[Unit], phrases: Collection[EveryonePhrase], address: Address) -> None:
        address.everyone |= EveryonePhrase.ALWAYS in phrases
        address.one |= EveryonePhrase.ONE in phrases
        address.others |= EveryonePhrase.OTHERS in phrases
        address.two |= EveryonePhrase.TWO in phrases
        if EveryonePhrase.THE_TWO in phrases:
            address.two |= any(self.lexicon.is_plural(unit.text) for unit in units if unit.kind is Kind.WORD)

    def _read_questions(self, units: Sequence[Unit], address: Address) -> None:
        """Find the characters that the sentence asks without speaking to them."""
        for clause in _clauses(units):
            if any(unit.names for unit in clause):
                span = span_of(self.lexicon.asks_named, joined(clause))
                for unit in units_within(clause, span) if span is not None else ():
                    address.ask(unit.names)
            if any(unit.kind is Kind.ALL for unit in clause):
                address.everyone |= matches(self.lexicon.asks_all, joined(clause))

    def _is_follow_up(self, units: Sequence[Unit]) -> bool:
        lexicon = self.lexicon
        words = [unit.text for unit in units if unit.kind is Kind.WORD]
        if len(words) != len(units) or not 0 < len(words) <= _MAX_FOLLOW_UP:
            return False
        if not _THANKS.isdisjoint(words[:2]):
            return True
        return not lexicon.feedback.isdisjoint(words) and all(
            word in lexicon.feedback or word in lexicon.fillers for word in words
        )

    def asks_for_discussion(self, sentences: Sequence[Sequence[Unit]]) -> bool:
        """True if the remark asks the characters to talk with each other."""
        for sentence in sentences:
            units = self._exclusions.find(sentence).units
            text, marked = joined(units), joined(self._marker.mark(units)[0])
            if matches(self.lexicon.discussion, text):
                return True
            if marked != text and matches(self.lexicon.discussion, marked):
                return True
        return False


def reader_for(words: Collection[str], *, is_cyrillic: bool) -> Reader:
    """The reader of the languages that have most of the words; of all languages if the words show none."""
    counts = {
        language: sum(map(vocabulary.__contains__, words))
        for language, vocabulary in _vocabularies().items()
        if (language in _CYRILLIC) == is_cyrillic
    }
    most = max(counts.values())
    return _reader(frozenset(language for language, count in counts.items() if count == most))


@lru_cache(maxsize=256)
def _reader(languages: frozenset[str]) -> Reader:
    return Reader(united(LEXICONS[language] for language in sorted(languages)), languages)


@lru_cache(maxsize=1)
def _vocabularies() -> dict[str, frozenset[str]]:
    return {language: lexicon.vocabulary() for language, lexicon in LEXICONS.items()}


def _clauses(units: Sequence[Unit]) -> list[list[Unit]]:
    """The clauses of a sentence, and the sentence if it has several."""
    clauses: list[list[Unit]] = []
    for unit in units:
        if unit.gap >= Gap.COMMA or not clauses:
            clauses.append([])
        clauses[-1].append(unit)
    return clauses if len(clauses) < 2 else [*clauses, list(units)]  # noqa: PLR2004 - more than one

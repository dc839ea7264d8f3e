"""A compiled lorebook: finds the keys that are in a text.

A text is searched for all plain keys at once: by the sets of its pieces of one to four characters. So the time depends
on the text, and hardly on the size of the book. What was found in a message is remembered, because most messages of a
history were in the prompt before, too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tertulia_llm.text.lore.patterns import RegexKeys, is_regex
from tertulia_shared.lorebooks.lorebook import Logic, Lorebook, LoreEntry

MAX_TEXTS: Final = 512
"""Texts whose keys are remembered, for each book."""
PIECE_CHARS: Final = 4
MAX_TEXT_CHARS: Final = 8_000
"""Of a text, this many characters at its end are searched."""

Found = frozenset[int]
"""The numbers of the keys in a text."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of an entry, with the numbers of its keys."""

    logic: Logic
    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IndexedEntry:
    """An entry with the numbers of its keys."""

    entry: LoreEntry
    keys: tuple[int, ...]
    conditions: tuple[Condition, ...]


class BookIndex:
    """A lorebook, compiled once. `refused`: the regexes that cannot be used."""

    def __init__(self, book: Lorebook) -> None:
        self.book = book
        self._numbers: dict[tuple[str, bool, bool, bool], int | None] = {}
        self._count = 0
        self._folded, self._exact = _PlainKeys(), _PlainKeys()
        self._regexes = RegexKeys()
        self._texts: OrderedDict[str, Found] = OrderedDict()
        self._contents: dict[str, Found] = {}
        entries = [self._indexed(entry) for entry in book.entries if entry.is_enabled and entry.content]
        self._regexes.compile()
        self.constant = tuple(each for each in entries if each.entry.is_constant)
        by_key: dict[int, list[IndexedEntry]] = {}
        for each in entries:
            for key in each.keys:
                by_key.setdefault(key, []).append(each)
        self.by_key: Mapping[int, Sequence[IndexedEntry]] = by_key
        self.depth = max((_depth(each.entry, book) for each in entries), default=0)
        """The most messages that any entry has searched."""

    @property
    def refused(self) -> Sequence[str]:
        return self._regexes.refused

    def found_in(self, text: str) -> Found:
        """The keys in a message."""
        found = self._texts.get(text)
        if found is None:
            found = self._texts[text] = self._search(text)
            if len(self._texts) > MAX_TEXTS:
                self._texts.popitem(last=False)
        return found

    def found_in_entry(self, entry: LoreEntry) -> Found:
        """The keys in the text of an entry of this book."""
        found = self._contents.get(entry.id)
        if found is None:
            found = self._contents[entry.id] = self._search(entry.content)
        return found

    def _search(self, text: str) -> Found:
        text = text[-MAX_TEXT_CHARS:]
        found = set(self._folded.found_in(text.casefold()))
        found.update(self._exact.found_in(text))
        found.update(self._regexes.found_in(text))
        return frozenset(found)

    def _indexed(self, entry: LoreEntry) -> IndexedEntry:
        conditions = tuple(Condition(each.logic, self._keys(entry, each.keys)) for each in entry.conditions)
        return IndexedEntry(entry, self._keys(entry, entry.keys), conditions)

    def _keys(self, entry: LoreEntry, keys: Sequence[str]) -> tuple[int, ...]:
        """The numbers of these keys, without those that cannot be used."""
        numbers = (self._number(entry, key) for key in keys)
        return tuple(number for number in numbers if number is not None)

    def _number(self, entry: LoreEntry, key: str) -> int | None:
        as_regex = entry.are_regexes or is_regex(key)
        identity = (key, entry.is_case_sensitive, entry.matches_whole_words and not as_regex, as_regex)
        if identity not in self._numbers:
            self._numbers[identity] = self._compile(key, entry, as_regex=as_regex)
        return self._numbers[identity]

    def _compile(self, key: str, entry: LoreEntry, *, as_regex: bool) -> int | None:
        number = self._count
        if as_regex:
            if not self._regexes.add(number, key, ignores_case=not entry.is_case_sensitive):
                return None
        elif entry.is_case_sensitive:
            self._exact.add(number, key, whole=entry.matches_whole_words)
        else:
            self._folded.add(number, key.casefold(), whole=entry.matches_whole_words)
        self._count += 1
        return number


def _depth(entry: LoreEntry, book: Lorebook) -> int:
    return book.scan_depth if entry.scan_depth is None else entry.scan_depth


@dataclass(slots=True)
class _PlainKeys:
    """Plain keys by their first characters: `pieces[n]` has those of `n` characters."""

    pieces: dict[int, dict[str, list[tuple[int, str, bool]]]] = field(
        default_factory=dict[int, dict[str, list[tuple[int, str, bool]]]]
    )

    def add(self, number: int, key: str, *, whole: bool) -> None:
        length = min(len(key), PIECE_CHARS)
        self.pieces.setdefault(length, {}).setdefault(key[:length], []).append((number, key, whole))

    def found_in(self, text: str) -> Iterator[int]:
        for length, keys in self.pieces.items():
            pieces = {text[at : at + length] for at in range(len(text) - length + 1)}
            for piece in pieces & keys.keys():
                for number, key, whole in keys[piece]:
                    if key in text and (not whole or _has_word(text, key)):
                        yield number


def _has_word(text: str, key: str) -> bool:
    """True if the key is in the text, with no letter or digit before or after it."""
    at = text.find(key)
    while at >= 0:
        end = at + len(key)
        if not (at > 0 and _is_word(text[at - 1])) and not (end < len(text) and _is_word(text[end])):
            return True
        at = text.find(key, at + 1)
    return False


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"

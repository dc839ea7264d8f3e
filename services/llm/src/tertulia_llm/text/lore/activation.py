"""Finds the entries of a lorebook that a conversation triggers. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_llm.text.lore.book_index import BookIndex, Condition, IndexedEntry
from tertulia_shared.lorebooks.lorebook import CERTAIN, LoreEntry

MAX_ROUNDS: Final = 5
"""Entries can trigger others in this many rounds. The bound is needed only for time: no entry is triggered twice."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each key is: `messages` has the number of messages after it, `entries` the keys in texts of entries."""

    messages: Mapping[int, int]
    entries: set[int]
    scan_depth: int

    def has(self, key: int, entry: LoreEntry) -> bool:
        depth = self.scan_depth if entry.scan_depth is None else entry.scan_depth
        if self.messages.get(key, depth) < depth:
            return True
        return key in self.entries and not entry.needs_message


def triggered(index: BookIndex, messages: Sequence[str], seed: str) -> list[LoreEntry]:
    """The entries that these messages trigger, in the order of the book.

    `messages`: the texts of the history, the oldest first. `seed` decides the entries that have a probability; with the
    same seed they are the same.
    """
    nearest: dict[int, int] = {}
    for distance, text in enumerate(messages[: -index.depth - 1 : -1]):
        for key in index.found_in(text):
            nearest.setdefault(key, distance)
    places = _Places(nearest, set(), index.book.scan_depth)
    found: dict[str, LoreEntry] = {}
    new = _met([*index.constant, *_with_keys(index, nearest)], places, found, seed, is_first=True)
    for _ in range(MAX_ROUNDS if index.book.is_recursive else 0):
        keys = {key for entry in new if not entry.is_final for key in index.found_in_entry(entry)} - places.entries
        if not keys:
            break
        places.entries.update(keys)
        new = _met(_with_keys(index, {*nearest, *places.entries}), places, found, seed, is_first=False)
    return [entry for entry in index.book.entries if entry.id in found] if found else []


def _with_keys(index: BookIndex, keys: Iterable[int]) -> list[IndexedEntry]:
    """The entries that have one of these keys."""
    return [entry for key in keys for entry in index.by_key.get(key, ())]


def _met(
    candidates: Sequence[IndexedEntry],
    places: _Places,
    found: dict[str, LoreEntry],
    seed: str,
    *,
    is_first: bool,
) -> list[LoreEntry]:
    """Add those candidates to `found` whose conditions are met, and return them."""
    new: list[LoreEntry] = []
    for each in candidates:
        entry = each.entry
        if entry.id in found or (entry.needs_entry and is_first):
            continue
        has_key = entry.is_constant or any(places.has(key, entry) for key in each.keys)
        if has_key and all(_holds(condition, entry, places) for condition in each.conditions) and _drawn(entry, seed):
            found[entry.id] = entry
            new.append(entry)
    return new


def _holds(condition: Condition, entry: LoreEntry, places: _Places) -> bool:
    there = (places.has(key, entry) for key in condition.keys)
    match condition.logic:
        case "any":
            return any(there)
        case "all":
            return bool(condition.keys) and all(there)
        case "not_any":
            return not any(there)
        case "not_all":
            return not all(there)


def _drawn(entry: LoreEntry, seed: str) -> bool:
    """Whether the draw for an entry with a probability succeeds."""
    if entry.probability >= CERTAIN:
        return True
    draw = hashlib.blake2b(f"{seed}/{entry.id}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(draw, "big") % CERTAIN < entry.probability

"""The decorators of the V3 specification: lines such as `@@depth 4` at the beginning of an entry's text. Pure.

Known decorators change the entry. Unknown ones are removed from the text that goes into a prompt, as the specification
asks; the book itself keeps them. After an unknown decorator, lines with `@@@` are its fallbacks: the first known one is
used instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from tertulia_shared.lorebooks.lorebook import KeyCondition, Logic, LoreEntry, Place

MAX_DECORATORS: Final = 40
"""Lines that are read as decorators. Those after them stay in the text."""
_LINE: Final = re.compile(r"(@{2,3})([a-z_]{1,40})(?:[ \t]+(.{0,2000}))?[ \t]*\r?(?:\n|$)")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of the values that decorators set."""

    depth: int
    scan_depth: int
    keys: int
    key_chars: int


def decorated(entry: LoreEntry, bounds: Bounds) -> LoreEntry:
    """The entry with its decorators applied, and without them in its text."""
    if not entry.content.startswith("@@"):
        return entry
    found = _Found(entry, bounds)
    at, needs_fallback = 0, False
    for _ in range(MAX_DECORATORS):
        line = _LINE.match(entry.content, at)
        if line is None:
            break
        at = line.end()
        if len(line[1]) == 2 or needs_fallback:  # noqa: PLR2004 - the number of @
            needs_fallback = not found.apply(line[2], (line[3] or "").strip())
    return replace(found.result(), content=entry.content[at:].strip())


@dataclass(slots=True)
class _Found:
    """The entry, changed by the decorators so far."""

    entry: LoreEntry
    bounds: Bounds
    activates: bool | None = None
    has_place: bool = False

    def apply(self, name: str, value: str) -> bool:
        """Apply a decorator; False if it, or its value, is unknown."""
        applied = _KNOWN.get(name)
        return applied is not None and applied(self, value)

    def result(self) -> LoreEntry:
        if self.activates is None:
            return self.entry
        return replace(self.entry, is_constant=True) if self.activates else replace(self.entry, is_enabled=False)

    def activate(self, _: str) -> bool:
        self.activates = True
        return True

    def dont_activate(self, _: str) -> bool:
        self.activates = self.activates or False
        return True

    def depth(self, value: str) -> bool:
        depth = _number(value, self.bounds.depth)
        if depth is not None and not self.has_place:
            self.entry = replace(self.entry, place="depth", depth=depth)
        return depth is not None

    def position(self, value: str) -> bool:
        place = _PLACES.get(value.lower())
        if place is not None:
            self.entry, self.has_place = replace(self.entry, place=place), True
        return place is not None

    def role(self, value: str) -> bool:
        """Each role becomes a note of the stage, so nothing changes."""
        return value.lower() in ("assistant", "system", "user")

    def scan_depth(self, value: str) -> bool:
        depth = _number(value, self.bounds.scan_depth)
        if depth is not None:
            self.entry = replace(self.entry, scan_depth=depth)
        return depth is not None

    def additional_keys(self, value: str) -> bool:
        return self._with_condition("any", value)

    def exclude_keys(self, value: str) -> bool:
        return self._with_condition("not_any", value)

    def _with_condition(self, logic: Logic, value: str) -> bool:
        keys = tuple(filter(None, (key.strip()[: self.bounds.key_chars] for key in value.split(","))))
        keys = keys[: self.bounds.keys]
        if keys:
            self.entry = replace(self.entry, conditions=(*self.entry.conditions, KeyCondition(logic, keys)))
        return bool(keys)


_Applied: TypeAlias = Callable[[_Found, str], bool]
_KNOWN: Final[Mapping[str, _Applied]] = {
    "activate": _Found.activate,
    "dont_activate": _Found.dont_activate,
    "depth": _Found.depth,
    "position": _Found.position,
    "role": _Found.role,
    "scan_depth": _Found.scan_depth,
    "additional_keys": _Found.additional_keys,
    "exclude_keys": _Found.exclude_keys,
}
_PLACES: Final[Mapping[str, Place]] = {
    "before_desc": "before",
    "after_desc": "after",
    "personality": "after",
    "scenario": "after",
}


def _number(value: str, most: int) -> int | None:
    return min(int(value), most) if re.fullmatch(r"[0-9]{1,9}", value) else None

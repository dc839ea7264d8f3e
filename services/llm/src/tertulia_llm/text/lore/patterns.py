"""Compiles the keys of a lorebook that are regexes.

They are foreign text. RE2 takes time in proportion to the length of the text for every pattern, and its programs have a
bound. Patterns that need backtracking (lookaround, backreferences) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import re2

MAX_PATTERN_CHARS: Final = 500
MAX_PROGRAM: Final = 2_000
"""Instructions of one compiled pattern."""
MAX_PROGRAMS: Final = 10_000
"""Instructions of all patterns of a book. A message of 4,000 characters is searched for them within some 10 ms at the
worst, and usually within 100 µs."""
MAX_MEMORY_BYTES: Final = 1 << 20
MAX_SEARCHED_CHARS: Final = 4_000
"""Of a message, this many characters at its end are searched for regexes."""
LEAST_SET: Final = 4
"""With fewer patterns, each is searched for by itself."""
_REGEX: Final = re.compile(r"/((?:[^/\\]|\\.)+)/([a-z]{0,8})", re.DOTALL)
_FLAGS: Final = frozenset("dgimsuvy")


class _Set(Protocol):
    """Several patterns that are searched for at once."""

    def Match(self, text: str) -> Sequence[int]: ...  # noqa: N802 - the library's name


class _Pattern(Protocol):
    """A compiled pattern of RE2."""

    @property
    def programsize(self) -> int: ...

    def search(self, text: str) -> object | None: ...


@dataclass(slots=True)
class RegexKeys:
    """The regexes of one book, by the numbers of their keys. `refused`: the keys that cannot be used."""

    refused: list[str] = field(default_factory=list[str])
    _patterns: dict[int, _Pattern] = field(default_factory=dict[int, _Pattern])
    _sources: list[str] = field(default_factory=list[str])
    _program: int = 0
    _any: _Pattern | None = None
    """Matches where one of the patterns does: most messages need no other search."""
    _set: _Set | None = None
    """Finds which of the patterns match. If its automaton gets too large, it finds none."""

    def add(self, number: int, key: str, *, ignores_case: bool) -> bool:
        """Add `/…/flags`, or a bare pattern, to which `ignores_case` applies. False if it cannot be used."""
        delimited = _REGEX.fullmatch(key)
        source, flags = (delimited[1], delimited[2]) if delimited else (key, "i" if ignores_case else "")
        pattern = None if len(source) > MAX_PATTERN_CHARS else _compiled(_with_flags(source, flags))
        size = 0 if pattern is None else pattern.programsize
        if pattern is None or size > MAX_PROGRAM or self._program + size > MAX_PROGRAMS:
            self.refused.append(key)
            return False
        self._program += size
        self._patterns[number] = pattern
        self._sources.append(_with_flags(source, flags))
        return True

    def compile(self) -> None:
        """Call this when all keys are added."""
        if len(self._sources) < LEAST_SET:
            return
        self._any = _compiled("|".join(self._sources))
        self._set = _set_of(self._sources)

    def found_in(self, text: str) -> Iterator[int]:
        """The numbers of the keys that are in the text."""
        text = text[-MAX_SEARCHED_CHARS:]
        if not self._patterns or (self._any is not None and self._any.search(text) is None):
            return
        matched = None if self._set is None else self._set.Match(text)
        if matched:
            numbers = list(self._patterns)
            yield from (numbers[each] for each in matched)
            return
        for number, pattern in self._patterns.items():
            if pattern.search(text) is not None:
                yield number


def is_regex(key: str) -> bool:
    """True for a key of the form `/…/flags`."""
    match = _REGEX.fullmatch(key) if key.startswith("/") else None
    return match is not None and _FLAGS.issuperset(match[2])


def _with_flags(source: str, flags: str) -> str:
    inline = "".join(flag for flag in "ims" if flag in flags)
    return f"(?{inline}:{source})"


def _compiled(source: str) -> _Pattern | None:
    try:
        return re2.compile(source, _options())
    except re2.error:
        return None


def _set_of(sources: Sequence[str]) -> _Set | None:
    patterns = re2.Set.SearchSet(_options())
    try:
        for source in sources:
            patterns.Add(source)
        patterns.Compile()
    except re2.error:  # together they are too large
        return None
    return patterns


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = MAX_MEMORY_BYTES
    options.log_errors = False
    options.never_capture = True
    return options

"""Finds words that sound like a name: misheard names in transcripts, and names in another script. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from tertulia_shared.names.common import COMMON_WORDS
from tertulia_shared.names.endings import CYRILLIC_ENDINGS
from tertulia_shared.names.forms import spaced_forms
from tertulia_shared.names.mention import Case, Mention
from tertulia_shared.names.sound import cyrillic_in_latin, sound_key
from tertulia_shared.names.tokens import Word

_MAX_WORDS: Final = 2
"""A recognizer may split a name that it does not know into two words."""


class SoundingNames:
    """The names of a conversation by their sound."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names_of: dict[str, set[int]] = {}
        for index, name in enumerate(names):
            for form in spaced_forms(name):
                joined = "".join(form.words)
                if not form.is_only_title and (key := sound_key(cyrillic_in_latin(joined) or joined)):
                    self._names_of.setdefault(key, set()).add(index)

    def find(self, words: Sequence[Word], covered: Collection[int], *, by_sound: bool) -> Iterator[Mention]:
        """The mentions among the words that are not covered by other mentions.

        Args:
            words: the words of the text.
            covered: indexes of the words that are known to be names.
            by_sound: find misheard names; else only names in Cyrillic letters.
        """
        if not by_sound and all(word.folded.isascii() for word in words):
            return
        at = 0
        while at < len(words):
            length = 1
            if at not in covered:
                for count in range(_MAX_WORDS if by_sound else 1, 0, -1):
                    run = words[at : at + count]
                    if len(run) < count or any(at + offset in covered for offset in range(count)):
                        continue
                    named = self._named(run, by_sound=by_sound)
                    if named is not None:
                        names, case = named
                        yield Mention(run[0].start, run[-1].end, names, case, by_sound=True)
                        length = count
                        break
            at += length

    def _named(self, run: Sequence[Word], *, by_sound: bool) -> tuple[tuple[int, ...], Case] | None:
        if any(word.folded in COMMON_WORDS for word in run):
            return None
        joined = "".join("".join(word.parts) for word in run)
        if joined.isascii():
            named = self._names_of.get(sound_key(joined), set()) if by_sound else set[int]()
            return (tuple(named), Case.PLAIN) if len(named) == 1 else None
        if len(run) > 1:
            return None
        for base, case in _bases(joined):
            named = self._names_of.get(sound_key(cyrillic_in_latin(base)), set())
            if len(named) == 1:
                return tuple(named), case
        return None


def _bases(word: str) -> Iterator[tuple[str, Case]]:
    """A Cyrillic word, and the words of which it may be another case."""
    yield word, Case.PLAIN
    for letter, endings in CYRILLIC_ENDINGS.items():
        for ending, case in endings.items():
            if word.endswith(ending) and len(word) > len(ending) + 1:
                yield word[: len(word) - len(ending)] + letter, case

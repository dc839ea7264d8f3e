"""Finds names in scripts that are written without spaces: anywhere in a run of characters. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tertulia_shared.names.forms import unspaced_forms
from tertulia_shared.names.mention import Mention
from tertulia_shared.names.sound import skeleton
from tertulia_shared.names.tokens import Word

_HONORIFIC: Final = re.compile(
    "さん|ちゃん|くん|君|様|さま|先生|せんせい|殿|先輩|せんぱい|氏|老师|老師|先生|小姐|女士|同学|同學|씨|님|선생님"
)
_KATAKANA: Final = re.compile("[ァ-ヺー]+")


class UnspacedNames:
    """The names of a conversation, in the forms in which scripts without spaces write them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._forms: dict[str, list[tuple[int, bool]]] = {}
        for index, name in enumerate(names):
            for form, is_whole in unspaced_forms(name).items():
                self._forms.setdefault(form, []).append((index, is_whole))
        self._longest_first = sorted(self._forms, key=len, reverse=True)
        self._skeletons: dict[str, set[int]] = {}
        for index, name in enumerate(names):
            for part in {name.lower(), *name.lower().split()}:
                if part.isascii() and (key := skeleton(part)):
                    self._skeletons.setdefault(key, set()).add(index)

    def find(self, word: Word) -> Iterator[Mention]:
        """The names in a run of characters, in no order; they do not overlap."""
        taken = [False] * len(word.folded)
        for form in self._longest_first:
            at = word.folded.find(form)
            while at >= 0:
                end = at + len(form)
                if not any(taken[at:end]) and not _is_inside_katakana(word.folded, at, end):
                    taken[at:end] = [True] * len(form)
                    yield self._mention(word, at, end, form)
                at = word.folded.find(form, end)
        for found in _KATAKANA.finditer(word.folded):
            named = self._skeletons.get(skeleton(found.group()), set())
            if len(named) == 1 and not any(taken[found.start() : found.end()]):
                start, end = word.start + found.start(), word.start + found.end()
                yield Mention(start, _after_honorific(word, found.end(), end), tuple(named), by_sound=True)

    def _mention(self, word: Word, at: int, end: int, form: str) -> Mention:
        named = self._forms[form]
        whole = [index for index, is_whole in named if is_whole]
        indexes = tuple(whole or [index for index, _ in named])
        after = _after_honorific(word, end, word.start + end)
        is_word = len(form) == 1 and after == word.start + end
        return Mention(word.start + at, after, indexes, is_word=is_word)


def _after_honorific(word: Word, at: int, end: int) -> int:
    honorific = _HONORIFIC.match(word.folded, at)
    return end if honorific is None else end + len(honorific.group())


def _is_inside_katakana(text: str, start: int, end: int) -> bool:
    """True if a katakana name is only a part of a longer katakana word."""
    before = _KATAKANA.fullmatch(text[start]) and start > 0 and _KATAKANA.fullmatch(text[start - 1])
    after = _KATAKANA.fullmatch(text[end - 1]) and end < len(text) and _KATAKANA.fullmatch(text[end])
    return bool(before or after)

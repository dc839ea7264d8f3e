"""Finds all mentions of the names of a conversation in a text. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from tertulia_shared.names.common import is_word
from tertulia_shared.names.endings import case_after_apostrophe, inflected
from tertulia_shared.names.forms import NameForm, is_title, spaced_forms, standard_title
from tertulia_shared.names.mention import Case, Mention
from tertulia_shared.names.sounding import SoundingNames
from tertulia_shared.names.tokens import Word, is_unspaced, normalized, words_of
from tertulia_shared.names.unspaced import UnspacedNames

_ELISIONS: Final = frozenset("d l qu j m t s n c jusqu lorsqu puisqu dell all nell sull dall un".split())
"""Words that French and Italian join to a name by an apostrophe."""
_HONORIFICS: Final = frozenset("san chan kun sama sensei senpai".split())


class _Part(NamedTuple):
    """A part of a word of the text."""

    text: str
    word: int
    begins: bool
    """True if a name may begin here."""
    left: int
    """The number of parts that follow it in its word."""
    after_elision: bool = False
    """True after "d'", "qu'" and the like."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A mention, with the words that it covers."""

    mention: Mention
    first_word: int
    last_word: int
    is_whole: bool


class NameFinder:
    """Finds names in texts. Make one for the names of a conversation, and keep it: making it is slower than a search.

    Args:
        names: the names; mentions have their indexes.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._forms: dict[str, list[tuple[NameForm, int]]] = {}
        self._inflected: dict[str, list[tuple[Case, int]]] = {}
        for index, name in enumerate(names):
            for form in spaced_forms(name):
                self._forms.setdefault(form.words[0], []).append((form, index))
        single = {
            (form.words[0], index)
            for forms in self._forms.values()
            for form, index in forms
            if len(form.words) == 1 and not form.is_only_title
        }
        for word, index in single:
            for spelled, case in inflected(word).items():
                if spelled not in self._forms:
                    self._inflected.setdefault(spelled, []).append((case, index))
        self._unspaced = UnspacedNames(names)
        self._sounding = SoundingNames(names)

    def find(self, text: str, *, by_sound: bool = False, languages: Collection[str] | None = None) -> list[Mention]:
        """The mentions in a text, in its order.

        Args:
            text: the text; the indexes of the mentions are those of its normalized form.
            by_sound: also find words that only sound like exactly one of the names; for recognized speech.
            languages: the languages that the text may be in; None: unknown. A name is a common word only in some.
        """
        words = words_of(normalized(text))
        found = list(self._spelled(words, languages))
        mentions = self._narrowed(found)
        covered = {at for each in found for at in range(each.first_word, each.last_word + 1)}
        mentions.extend(self._sounding.find(words, covered, by_sound=by_sound))
        for word in words:
            if is_unspaced(word.folded):
                mentions.extend(self._unspaced.find(word))
        return sorted(mentions, key=lambda mention: mention.start)

    def _spelled(self, words: Sequence[Word], languages: Collection[str] | None) -> Iterator[_Found]:
        parts = _parts(words)
        at = 0
        while at < len(parts):
            text = parts[at].text
            is_possible = parts[at].begins and (text in self._forms or text in self._inflected)
            match = self._match(parts, at) if is_possible else None
            if match is None:
                at += 1
                continue
            names, case, length, is_whole, is_only_title = match
            first, last = parts[at].word, parts[at + length - 1].word
            while first > 0 and is_title(words[first - 1].folded) and words[first - 1].end + 2 >= words[first].start:
                first -= 1
            if last + 1 < len(words) and words[last + 1].folded in _HONORIFICS:
                last += 1
            is_single = length == 1 and first == last
            may_be_word = is_only_title or (is_single and is_word(parts[at].text, languages))
            if parts[at].after_elision:
                case = Case.OTHER  # "d'Anna"
            mention = Mention(words[first].start, words[last].end, names, case, may_be_word, is_only_title)
            yield _Found(mention, first, last, is_whole)
            at += length
            while at < len(parts) and parts[at].word <= last:
                at += 1

    def _match(self, parts: Sequence[_Part], at: int) -> tuple[tuple[int, ...], Case, int, bool, bool] | None:
        """Find the longest form of a name that begins at this part.

        Returns the indexes of the names that have it, its case, its length, and whether it is a whole name and a title.
        """
        best: list[tuple[NameForm, int, Case]] = []
        for form, index in self._forms.get(parts[at].text, ()):
            case = _case_of_form(form, parts, at)
            if case is None or (best and len(form.words) < len(best[0][0].words)):
                continue
            if best and len(form.words) > len(best[0][0].words):
                best.clear()
            best.append((form, index, case))
        if best:
            whole = [each for each in best if each[0].is_whole and not each[0].is_only_title]
            chosen = whole or best
            form, _, case = chosen[0]
            is_only_title = all(each[0].is_only_title for each in chosen)
            return _indexes(index for _, index, _ in chosen), case, len(form.words), bool(whole), is_only_title
        bent = self._inflected.get(parts[at].text) if parts[at].left == 0 else None
        if not bent:
            return None
        return _indexes(index for _, index in bent), bent[0][0], 1, False, False

    @staticmethod
    def _narrowed(found: Sequence[_Found]) -> list[Mention]:
        """If a text has the full name "Ana Gil", then a bare "Ana" in it means only Ana Gil."""
        in_full = {index for each in found if each.is_whole for index in each.mention.names}
        narrowed: list[Mention] = []
        for each in found:
            names = each.mention.names
            if len(names) > 1 and not each.is_whole:
                names = tuple(index for index in names if index in in_full) or names
            narrowed.append(replace(each.mention, names=names))
        return narrowed


def _parts(words: Sequence[Word]) -> list[_Part]:
    parts: list[_Part] = []
    for index, word in enumerate(words):
        if is_unspaced(word.folded):
            continue
        for at, part in enumerate(word.parts):
            after_elision = at == 1 and "'" in word.folded and word.parts[0] in _ELISIONS
            begins = at == 0 or after_elision
            parts.append(_Part(standard_title(part), index, begins, len(word.parts) - at - 1, after_elision))
    return parts


def _case_of_form(form: NameForm, parts: Sequence[_Part], at: int) -> Case | None:
    """The case in which a form stands at this part; None if it does not stand there."""
    end = at + len(form.words)
    if end > len(parts) or any(part.text != word for part, word in zip(parts[at:end], form.words, strict=True)):
        return None
    last = parts[end - 1]
    if last.left == 0:
        return Case.PLAIN
    return case_after_apostrophe(parts[end].text) if last.left == 1 else None


def _indexes(indexes: Iterator[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(indexes))

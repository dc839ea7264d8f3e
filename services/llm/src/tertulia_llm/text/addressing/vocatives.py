"""Decides for each name in a sentence whether the sentence speaks to the character. Pure.

An address stands beside the sentence: alone between two punctuation marks ("Luna, what …", "Hello Luna!"), before a
question, a command or "you" ("Rex what do you think"), or after a sentence that is complete without it ("what do you
think Rex"). A name that is a subject, an object or part of a phrase is only mentioned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_llm.text.addressing.lexicon import Lexicon, matches
from tertulia_llm.text.addressing.sentences import EveryonePhrase, Gap, Kind, PhraseTable, Unit
from tertulia_shared.names import Case

_MAX_CLITICS: Final = 2
_SECOND_PERSON: Final = frozenset({EveryonePhrase.ALWAYS, EveryonePhrase.TWO})
_NEGATIONS: Final = frozenset("no non nie".split())
"""Words for "no" that are also "not": they do not end the address."""


@dataclass(frozen=True, slots=True)
class Group:
    """Names that are joined: "Luna, Rex and Sage". `end`: the index after the last one."""

    start: int
    end: int
    names: tuple[int, ...]
    """The characters; empty if it is a word like "everyone"."""
    is_list_of_others: bool = False
    """It is joined with somebody who is no character: "Luna and I"."""


class VocativeFinder:
    """Finds the names that a sentence speaks to."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._openers = PhraseTable(lexicon.openers)
        self._remarks = PhraseTable(lexicon.remarks)

    def is_only_remark(self, units: Sequence[Unit]) -> bool:
        """True if the sentence has only names and words that react ("Thanks, Luna")."""
        return all(unit.kind is not Kind.WORD for unit in self._after(self._remarks, units))

    def groups(self, units: Sequence[Unit]) -> list[Group]:
        """The names of a sentence, joined as the sentence joins them."""
        groups: list[Group] = []
        at = 0
        while at < len(units):
            if units[at].kind is Kind.WORD:
                at += 1
                continue
            group = self._group_at(units, at)
            groups.append(group)
            at = group.end
        return groups

    def _group_at(self, units: Sequence[Unit], at: int) -> Group:
        lexicon = self._lexicon
        start, end = at, at + 1
        if units[at].kind is Kind.ALL:
            return Group(start, end, ())
        names = list(units[at].names)
        commas: list[tuple[int, int]] = []  # possible ends of the list: the index, and the number of names before it
        has_conjunction = False
        while end < len(units):
            following = units[end]
            if following.kind is Kind.NAME and following.gap is Gap.COMMA and not has_conjunction:
                commas.append((end, len(names)))
                names.extend(following.names)
                end += 1
            elif following.text in lexicon.conjunctions or following.text == "&":
                if end + 1 == len(units) or units[end + 1].gap is not Gap.NONE:
                    break
                joined = units[end + 1]
                if joined.kind is Kind.NAME:
                    names.extend(joined.names)
                    end += 2
                    has_conjunction = True
                    continue
                is_other = (
                    joined.text in lexicon.first
                    or joined.text in lexicon.determiners
                    or joined.text in {"me", "others"}
                )
                if is_other and following.gap is Gap.NONE:
                    return Group(start, end, tuple(names), is_list_of_others=True)
                break
            else:
                break
        if commas and not has_conjunction:
            begins = at == 0 or units[at].gap >= Gap.COMMA
            ends = end == len(units) or units[end].gap >= Gap.COMMA
            is_long_list = len(commas) > 1
            if not (begins and ends) and not (ends and is_long_list):
                end, count = commas[0]
                names = names[:count]
        return Group(start, end, tuple(dict.fromkeys(names)))

    def is_addressed(self, units: Sequence[Unit], group: Group, *, spoken: bool, has_other: bool) -> bool:
        """True if the sentence speaks to the group.

        Args:
            units: the sentence. group: one of its groups.
            spoken: the text comes from a recognizer: it may have no commas and no capitals.
            has_other: the sentence speaks to another character, with punctuation.
        """
        first = units[group.start]
        before, right = self._sides(units, group)
        left = self._without_openers(before)
        is_alone = not left and not self._without_openers(right)
        is_only_alone = has_other or (first.phrase is not None and first.phrase.is_short)
        if is_alone or first.case is Case.OTHER or group.is_list_of_others or is_only_alone:
            return is_alone and first.case is not Case.OTHER and not group.is_list_of_others
        if not left:
            if first.case is Case.VOCATIVE or self._continues_address(right, first, spoken=spoken):
                return True
            return not first.is_word and right[0].text in self._lexicon.imperatives
        if right:
            return self._is_plain(first, spoken=spoken) and self._is_between(left, right, first, spoken=spoken)
        if first.case is Case.VOCATIVE:
            return left[-1].text not in self._lexicon.before
        return self._is_plain(first, spoken=spoken) and self._is_complete(before, first, spoken=spoken)

    @staticmethod
    def _is_plain(name: Unit, *, spoken: bool) -> bool:
        """False if the name is also a common word, and is written like one, in small letters."""
        return not name.is_word or spoken or name.is_capitalized

    def is_alone(self, units: Sequence[Unit], group: Group) -> bool:
        """True if the clause has nothing but the group and openers ("Hello Luna!")."""
        left, right = self._sides(units, group)
        return not self._without_openers(left) and not self._without_openers(right)

    def _sides(self, units: Sequence[Unit], group: Group) -> tuple[Sequence[Unit], Sequence[Unit]]:
        start = group.start
        while start and units[start].gap is Gap.NONE:
            start -= 1
        end = group.end
        while end < len(units) and units[end].gap is Gap.NONE:
            end += 1
        return units[start : group.start], units[group.end : end]

    def _without_openers(self, units: Sequence[Unit]) -> Sequence[Unit]:
        return self._after(self._openers, units)

    def _after(self, table: PhraseTable, units: Sequence[Unit]) -> Sequence[Unit]:
        """The units after leading phrases of the table; names and conjunctions between them are skipped."""
        at = 0
        while at < len(units):
            length = table.length_at(units, at)
            if not length:
                is_skipped = units[at].kind is not Kind.WORD or units[at].text in self._lexicon.conjunctions
                if not is_skipped or table is self._openers:
                    break
                length = 1
            at += length
        return units[at:]

    def _continues_address(self, right: Sequence[Unit], name: Unit, *, spoken: bool) -> bool:
        """True if the words after a name at the start of a clause are spoken to it."""
        lexicon = self._lexicon
        if self._remarks.length_at(right, 0) and not name.is_word and right[0].text not in _NEGATIONS:
            return True
        rest = right if self._is_you(right[0].text) else self._without_openers(right)
        if not rest or matches(lexicon.second_verb, rest[-1].text, whole=True):
            return True  # a verb at the end: "Rex ne düşünüyorsun"
        at = 0
        while at < min(_MAX_CLITICS, len(rest) - 1) and rest[at].text in lexicon.clitics:
            at += 1
        if name.is_title and at > 0:
            return True  # "doctor me duele"
        return self._begins_address(rest[at:], name, spoken=spoken)

    def _begins_address(self, units: Sequence[Unit], name: Unit, *, spoken: bool) -> bool:
        """True if words, after openers and clitics, are spoken to the name before them."""
        lexicon, word = self._lexicon, units[0].text
        if units[0].phrase in _SECOND_PERSON or (name.kind is Kind.ALL and lexicon.is_plural(word)):
            return True
        if word in lexicon.questions or lexicon.is_second_verb(word):
            return self._is_plain(name, spoken=spoken)
        if word in lexicon.auxiliaries:
            return any(self._is_you(unit.text) for unit in units[1:3])
        return (name.is_title or not name.is_word) and (self._is_you(word) or word in lexicon.first)

    def _is_you(self, word: str) -> bool:
        """True for a word that may address one character."""
        return self._lexicon.is_second(word) or word in self._lexicon.polite

    def _is_complete(self, left: Sequence[Unit], name: Unit, *, spoken: bool) -> bool:
        """True if the words before a name at the end of a clause need no object, so that the name is an address."""
        lexicon = self._lexicon
        last = left[-1].text
        before_last = left[-2].text if len(left) > 1 else ""
        asks = any(unit.text in lexicon.questions for unit in left[:2])
        if last in lexicon.second:
            is_object_missing = before_last in lexicon.before and lexicon.is_second_verb(before_last)
            is_possessive = name.is_word and last in lexicon.determiners
            return asks or not (is_object_missing or is_possessive)
        is_directed = any(lexicon.is_second(unit.text) for unit in left)
        is_directed = is_directed or (len(left) > 1 and left[0].text in lexicon.imperatives)
        if last in lexicon.before and (name.is_word or not (is_directed and last in lexicon.ends)):
            return asks and last in lexicon.intransitive
        if last in lexicon.ends:
            return is_directed or asks or (spoken and not name.is_word)
        return is_directed and (asks or self._needs_no_object(left, last, before_last))

    def _needs_no_object(self, left: Sequence[Unit], last: str, before_last: str) -> bool:
        """False if the last word of a request or of a yes-no question is a verb whose object may follow."""
        lexicon = self._lexicon
        if last in lexicon.intransitive or before_last in lexicon.determiners:
            return True
        is_verb = before_last in lexicon.second or before_last in lexicon.auxiliaries or before_last == "to"
        if is_verb or lexicon.is_second_verb(last):
            return True
        if len(left) > 1 and left[1].text in lexicon.second:
            return True  # "kannst du mir helfen"
        return not lexicon.is_second_verb(left[0].text) and not last.endswith("ing")

    def _is_between(self, left: Sequence[Unit], right: Sequence[Unit], name: Unit, *, spoken: bool) -> bool:
        """True if a name between words of one clause separates two parts that are each complete."""
        lexicon = self._lexicon
        if all(unit.text in lexicon.second for unit in left):
            return True
        if name.is_word or left[-1].text in lexicon.before:
            return False
        if self._continues_address(right, name._replace(is_word=True, is_capitalized=True), spoken=spoken):
            return spoken or left[-1].text in lexicon.ends
        asks = left[0].text in lexicon.questions and any(lexicon.is_second(unit.text) for unit in left)
        return spoken and asks and right[0].text in lexicon.before

"""Decides who answers a user's turn. Pure: the same remark gets the same decision in every worker."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from tertulia_llm.text.addressing.address import Address
from tertulia_llm.text.addressing.east_asian import HAN_OR_KANA, EastAsianReader
from tertulia_llm.text.addressing.reader import Reader, reader_for
from tertulia_llm.text.addressing.selection import Candidate, choose
from tertulia_llm.text.addressing.sentences import Unit, sentences_of
from tertulia_shared.answering import Mode
from tertulia_shared.entries import NOBODY, TALKATIVENESS
from tertulia_shared.names import Mention, NameFinder, normalized, words_of
from tertulia_shared.stop_phrases import is_plain_stop

MAX_CHARS: Final = 800
"""Of a longer remark, only this many characters are read, half of them at each end: an address is near an end."""

_FIRST_REMARKS: Final = (
    "What do you think?", "Was meinst du denn?", "¿Qué piensas de eso?", "Qu'est-ce que tu penses ?",
    "Che ne pensi tu?", "O que você acha disso?", "Wat vind jij daarvan?", "Co o tym myślisz?",
    "Sen ne düşünüyorsun?", "Что ты думаешь?", "どう思いますか？", "你怎么看？", "Luna?",
)  # fmt: skip
"""Remarks for `prepare`: one in each language, and one in an unknown language."""


class Reason(StrEnum):
    """Why a character answers."""

    ASKED = "asked"
    """The user chose the character with a button."""
    NAMED = "named"
    EVERYONE = "everyone"
    FOLLOW_UP = "follow_up"
    CHOSEN = "chosen"
    IN_TURN = "in_turn"


@dataclass(frozen=True, slots=True)
class Seat:
    """An active character of the conversation."""

    id: str
    name: str
    talkativeness: int = TALKATIVENESS


@dataclass(frozen=True, slots=True)
class Remark:
    """A user's turn, and what the decision depends on."""

    text: str
    cast: tuple[Seat, ...]
    """The active characters, ordered by name."""
    spoken: bool = False
    """The text comes from a recognizer."""
    to: str = ""
    """See `UserTurn.to`."""
    speakers: tuple[str, ...] = ()
    """The ids of the characters that spoke before, the last one last; a character may be there several times."""
    muted: Collection[str] = ()
    """The ids of the characters that answer only if they are named."""
    mode: Mode = "fitting"
    seed: str = ""
    """The seed of random choices: the id of the turn."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """A character that answers, and why."""

    seat: Seat
    reason: Reason


def prepare() -> None:
    """Build the tables of all languages. Without it, the first remark of each language takes some 20 ms longer."""
    for text in _FIRST_REMARKS:
        decide(Remark(text, (Seat("", "Luna"),)))


def decide(remark: Remark) -> tuple[Answerer, ...]:
    """The characters that answer a remark, in order. Empty if no character shall answer."""
    if remark.to:
        asked = {} if remark.to == NOBODY else dict.fromkeys(remark.to.split(","))
        seats = {seat.id: seat for seat in remark.cast}
        return tuple(Answerer(seats[id], Reason.ASKED) for id in asked if id in seats)
    names = tuple(seat.name for seat in remark.cast)
    if is_plain_stop(remark.text, names):
        return ()
    return _Decision(remark, read_address(remark.text, names, spoken=remark.spoken)).answerers()


def read_address(text: str, names: tuple[str, ...], *, spoken: bool) -> Address:
    """Read whom a remark addresses, by the indexes of the names."""
    text = normalized(_shortened(text))
    finder = _finder(names)
    if HAN_OR_KANA.search(text):
        return EastAsianReader(text, finder.find(text, by_sound=spoken)).read()
    reader = _reader_of(text)
    if not spoken and not _mentions(text, names):  # in any language
        return reader.read(_sentences(text, names), spoken=False)
    mentions = finder.find(text, by_sound=spoken, languages=reader.languages)
    return reader.read(sentences_of(text, mentions), spoken=spoken)


def asks_for_discussion(text: str, cast: Sequence[Seat]) -> tuple[Seat, ...] | None:
    """The characters that a remark asks to talk with each other; None if it does not ask that."""
    text, names = normalized(_shortened(text)), tuple(seat.name for seat in cast)
    mentions = _mentions(text, names)
    if HAN_OR_KANA.search(text):
        is_request = EastAsianReader(text, mentions).asks_for_discussion()
    else:
        is_request = _reader_of(text).asks_for_discussion(_sentences(text, names))
    if not is_request:
        return None
    excluded = read_address(text, names, spoken=False).excluded
    named = dict.fromkeys(index for mention in mentions for index in mention.names if index not in excluded)
    if len(named) < 2:  # noqa: PLR2004 - one character alone cannot discuss
        named = dict.fromkeys(index for index in range(len(cast)) if index not in excluded)
    return tuple(cast[index] for index in named)


class _Decision:
    """Decides who answers, by the address that was read from the remark."""

    def __init__(self, remark: Remark, address: Address) -> None:
        self._remark = remark
        self._address = address
        self._indexes = {seat.id: index for index, seat in enumerate(remark.cast)}
        self._speakers = [self._indexes[id] for id in remark.speakers if id in self._indexes]
        self._excluded = set(address.excluded)
        if address.not_last and not address.excluded:
            self._excluded.update(self._speakers[-1:])

    def answerers(self) -> tuple[Answerer, ...]:
        """The characters that answer, in order."""
        address, excluded = self._address, self._excluded
        named = [index for index in address.addressed or () if index not in excluded]
        if named:
            return self._all(named, Reason.NAMED)
        if address.others and address.everyone and not excluded:
            excluded.update(self._speakers[-1:])
        if address.everyone or address.two or (address.one and excluded):
            return self._all(self._two() if address.two else self._present(), Reason.EVERYONE)
        asked = [index for index in address.asked if index not in excluded]
        if asked:
            return self._all(asked, Reason.NAMED)
        return self._unaddressed()

    def _unaddressed(self) -> tuple[Answerer, ...]:
        mode, present = self._remark.mode, self._present()
        if mode == "named":
            return ()
        if mode == "everyone":
            return self._all(present, Reason.EVERYONE)
        if mode == "in_turn":
            return self._all(self._next(present), Reason.IN_TURN)
        last = self._speakers[-1] if self._speakers else None
        if self._address.is_follow_up and last in present:
            return self._all([last], Reason.FOLLOW_UP)
        cast = self._remark.cast
        candidates = [Candidate(index, cast[index].talkativeness, self._silence(index)) for index in present]
        chosen = choose(
            candidates, last=last, topics=self._address.topics, seed=self._remark.seed, only_one=self._address.one
        )
        return self._all(chosen, Reason.CHOSEN)

    def _present(self) -> list[int]:
        """The characters that are neither excluded nor muted."""
        return [
            index
            for index, seat in enumerate(self._remark.cast)
            if index not in self._excluded and seat.id not in self._remark.muted
        ]

    def _two(self) -> list[int]:
        """The characters that "you two" means: the two that spoke last if there are more."""
        present = self._present()
        recent = list(dict.fromkeys(index for index in reversed(self._speakers) if index in present))[:2]
        return present if len(present) <= 2 or len(recent) < 2 else sorted(recent)  # noqa: PLR2004 - two

    def _next(self, present: Sequence[int]) -> list[int]:
        """The character after the last speaker, in the order of the cast."""
        last = self._speakers[-1] if self._speakers else -1
        return [*(index for index in present if index > last), *present][:1]

    def _silence(self, index: int) -> int:
        """The number of replies since the last one of a character."""
        for replies, speaker in enumerate(reversed(self._speakers)):
            if speaker == index:
                return replies
        return len(self._speakers)

    def _all(self, indexes: Sequence[int | None], reason: Reason) -> tuple[Answerer, ...]:
        return tuple(Answerer(self._remark.cast[index], reason) for index in indexes if index is not None)


@lru_cache(maxsize=32)
def _mentions(text: str, names: tuple[str, ...]) -> tuple[Mention, ...]:
    """The names in a written text of any language."""
    return tuple(_finder(names).find(text))


@lru_cache(maxsize=32)
def _sentences(text: str, names: tuple[str, ...]) -> tuple[tuple[Unit, ...], ...]:
    """The sentences of a written text of any language."""
    return tuple(map(tuple, sentences_of(text, _mentions(text, names))))


@lru_cache(maxsize=32)
def _reader_of(text: str) -> Reader:
    words = [part for word in words_of(text) for part in word.parts]
    is_cyrillic = not text.isascii() and any("\u0400" <= char <= "\u04ff" for char in text)
    return reader_for(words, is_cyrillic=is_cyrillic)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_CHARS else f"{text[: MAX_CHARS // 2]}\n{text[-MAX_CHARS // 2 :]}"


@lru_cache(maxsize=512)
def _finder(names: tuple[str, ...]) -> NameFinder:
    return NameFinder(names)

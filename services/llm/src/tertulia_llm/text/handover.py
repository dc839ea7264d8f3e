"""Finds out to whom a reply gives the floor: to other characters, or back to the user. Pure.

A name that a reply only mentions gives the floor to nobody. These do: a name in the position of an address ("What do
you say, Rex?", "Rex, you were there."), and a name in a question at the end ("What would Rex say?"). The user gets the
floor only by a question that addresses the user by name. Only the last sentences count: a reply may begin with an
answer to one character and end with a question to another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_shared.names import Case, Mention, NameFinder, normalized

_LAST_SENTENCES: Final = 3
_ASKED_IN_LAST: Final = 2
"""A name that a question mentions gets the floor only in this many last sentences."""
_END: Final = re.compile(
    r"[.!?\u2026\u061f\u0964\u3002\uff01\uff1f\uff61]+[\s\"'\u201c\u201d\u2019\u00bb\u300d\u300f)]*"
)
_QUESTION: Final = re.compile(r"[?\uff1f\u061f][^\w]*$")
_PAUSE: Final = r",;:\u2013\u2014\u3001\uff0c\uff1b\uff1a"
_OPENING: Final = re.compile(rf"^[^\w]*$|[{_PAUSE}\u00bf\u00a1-]\s*$")
"""What stands before an address: nothing, or a pause."""
_FIRST_WORD: Final = re.compile(r"^[^\w]*\w+ ?$")
"""One word that may stand before an address ("And Rex, …")."""
_PAUSE_AFTER: Final = re.compile(rf"^\s*[{_PAUSE}!?\uff01\uff1f-]")
_PARTICLE_AFTER: Final = re.compile("^(?:は|も|って|呢|啊|呀|你)")
"""What joins a name at the start of a sentence to the words for "you", where the name itself is used for "you"."""
_NOTHING_AFTER: Final = re.compile(r"^[^\w]*$")
_BETWEEN: Final = re.compile(r"^\s*[,\u3001\uff0c]?\s*(?:\w{1,4})?\s*$")
"""What joins two names of one address: a comma, a short word ("and"), or both."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Who gets the floor. `characters`: the names of those that a reply asks, in order. Nobody if both are empty."""

    characters: tuple[str, ...] = ()
    to_user: bool = False


def floor_after(text: str, *, speaker: str, others: Sequence[str], user: str) -> Floor:
    """Who gets the floor after this reply. `others`: the names of the other characters."""
    names = [user, *others]
    text = normalized(text)
    mentions = [mention for mention in NameFinder([*names, speaker]).find(text) if min(mention.names) < len(names)]
    sentences = _sentences(text, mentions)[-_LAST_SENTENCES:]
    for back, (start, end) in enumerate(reversed(sentences)):
        here = [mention for mention in mentions if start <= mention.start < end]
        if not here:
            continue
        sentence = text[start:end]
        is_question = _QUESTION.search(sentence) is not None
        called = _addressed(text, here, start, end)
        characters = _names(names, called)
        if characters:
            return Floor(characters)
        if called:
            if is_question:
                return Floor(to_user=True)
            continue
        if is_question and back < _ASKED_IN_LAST:
            asked = _names(names, [mention for mention in here if mention.case is not Case.OTHER])
            if asked:
                return Floor(asked[-1:])
    return Floor()


def _sentences(text: str, mentions: Sequence[Mention]) -> list[tuple[int, int]]:
    """The bounds of the sentences. A full stop in a name ("Mr. Holmes") does not end a sentence."""
    bounds: list[tuple[int, int]] = []
    start = 0
    for found in _END.finditer(text):
        if any(mention.start < found.start() < mention.end for mention in mentions):
            continue
        if found.group() == "." and found.end() < len(text):  # "3.5", "example.org"
            continue
        bounds.append((start, found.end()))
        start = found.end()
    if text[start:].strip():
        bounds.append((start, len(text)))
    return bounds


def _addressed(text: str, mentions: Sequence[Mention], start: int, end: int) -> list[Mention]:
    """The mentions in a sentence that address somebody. Names that are joined ("Rex and Sage, …") count together."""
    called: list[Mention] = []
    for group in _groups(text, mentions):
        before, after = text[start : group[0].start], text[group[-1].end : end]
        opens = _OPENING.search(before) is not None
        is_before_pause = _PAUSE_AFTER.match(after) is not None
        is_at_start = is_before_pause and (opens or _FIRST_WORD.match(before) is not None)
        is_at_start = is_at_start or (opens and _PARTICLE_AFTER.match(after) is not None)
        is_at_end = opens and _NOTHING_AFTER.match(after) is not None
        is_plain = all(mention.case is Case.PLAIN for mention in group)
        if (is_plain and (is_at_start or is_at_end)) or any(mention.case is Case.VOCATIVE for mention in group):
            called += group
    return called


def _groups(text: str, mentions: Sequence[Mention]) -> Iterator[list[Mention]]:
    group: list[Mention] = []
    for mention in mentions:
        if group and _BETWEEN.match(text[group[-1].end : mention.start]) is None:
            yield group
            group = []
        group.append(mention)
    if group:
        yield group


def _names(names: Sequence[str], mentions: Sequence[Mention]) -> tuple[str, ...]:
    """The names of the characters among the mentions. The first of `names` is the user's."""
    found = [index for mention in mentions for index in mention.names if 0 < index < len(names)]
    return tuple(names[index] for index in dict.fromkeys(found))

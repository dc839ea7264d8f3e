"""Finds out to whom a reply gives the floor: to other characters, or back to the user. Pure.

A reply does not give the floor to a character that it only mentions. It gives the floor to the characters that it
addresses ("What do you say, Rex?") or asks about at its end ("What would Rex say?"). The user gets the floor only by a
question that asks the user by name. Only the last sentences count: a reply may begin with an answer to one character
and end with a question to another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tertulia_llm.text.addressing.decision import read_address
from tertulia_shared.names import NameFinder, normalized

_LAST_SENTENCES: Final = 3
_ASKED_IN_LAST: Final = 2
"""A character that a question is about gets the floor only if the question is one of this many last sentences."""
_END: Final = re.compile(
    r"[.!?\u2026\u061f\u0964\u3002\uff01\uff1f\uff61]+[\s\"'\u201c\u201d\u2019\u00bb\u300d\u300f)]*"
)
_QUESTION: Final = re.compile(r"[?\uff1f\u061f][^\w]*$")


@dataclass(frozen=True, slots=True)
class Floor:
    """The characters or the user that get the floor. `characters`: the names of the characters that a reply asks, in
    order.

    If both fields have their defaults, the reply gives the floor to no one.
    """

    characters: tuple[str, ...] = ()
    to_user: bool = False


def floor_after(text: str, *, others: Sequence[str], user: str) -> Floor:
    """The characters or the user that get the floor after this reply. `others`: the names of the other characters."""
    names = (user, *others)
    for back, sentence in enumerate(reversed(_sentences(normalized(text), names)[-_LAST_SENTENCES:])):
        address = read_address(sentence, names, spoken=False)
        characters = _characters(names, address.addressed)
        is_question = _QUESTION.search(sentence) is not None
        if characters:
            return Floor(characters)
        if address.addressed:
            if is_question:
                return Floor(to_user=True)
        elif is_question and back < _ASKED_IN_LAST:
            asked = _characters(names, address.asked)
            if asked or address.asked:
                return Floor(asked[-1:], to_user=not asked)
    return Floor()


def _sentences(text: str, names: tuple[str, ...]) -> list[str]:
    """The sentences of a text. A full stop in a name ("Mr. Holmes") does not end a sentence."""
    mentions = _finder(names).find(text)
    sentences: list[str] = []
    start = 0
    for found in _END.finditer(text):
        if any(mention.start < found.start() < mention.end for mention in mentions):
            continue
        if found.group() == "." and found.end() < len(text):  # "3.5", "example.org"
            continue
        sentences.append(text[start : found.end()])
        start = found.end()
    return [*sentences, text[start:]] if text[start:].strip() else sentences


def _characters(names: Sequence[str], indexes: Sequence[int]) -> tuple[str, ...]:
    """The names of the characters among these. The first of `names` is the user's."""
    return tuple(names[index] for index in indexes if index > 0)


@lru_cache(maxsize=512)
def _finder(names: tuple[str, ...]) -> NameFinder:
    return NameFinder(names)

"""Reads the phrases of each language from `words`.

A file has sections, and each section has phrases with commas between them. `every_language.txt` belongs to every
language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from tertulia_shared.phrases.matching import PhraseBook

LANGUAGES: Final = (
    "english", "german", "spanish", "french", "italian", "portuguese", "dutch", "polish", "turkish", "russian",
    "japanese", "chinese",
)  # fmt: skip
_SECTION = re.compile(r"^\[(\w+)\]$", re.MULTILINE)


@cache
def phrase_books(key: str, around: str = "around", particles: str = "particles") -> tuple[PhraseBook, ...]:
    """The book of each language, from the sections of these names."""
    general = _sections("every_language")
    books: list[PhraseBook] = []
    for language in LANGUAGES:
        own = _sections(language)
        books.append(PhraseBook.of(*(_listed(own, name) + _listed(general, name) for name in (key, around, particles))))
    return tuple(books)


def _listed(sections: Mapping[str, str], name: str) -> list[str]:
    return [phrase.strip() for phrase in sections.get(name, "").split(",")]


@cache
def _sections(file: str) -> Mapping[str, str]:
    """The text of each section of a file."""
    _, *parts = _SECTION.split((files("tertulia_shared.phrases") / "words" / f"{file}.txt").read_text("utf-8"))
    return dict(zip(parts[::2], parts[1::2], strict=True))

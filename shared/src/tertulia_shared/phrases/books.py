"""Reads phrases from the files of a package: one file per language, and `every_language.txt`.

A file has sections, and each section has phrases with commas between them.
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


Sections = Mapping[str, tuple[str, ...]]


@cache
def phrase_books(package: str, key: str) -> tuple[PhraseBook, ...]:
    """The book of each language; `key` is the section of its key phrases.

    The other sections are `around` and `particles` (see `PhraseBook`); a language may lack them.
    """
    return tuple(
        PhraseBook.of(*(sections.get(name, ()) for name in (key, "around", "particles")))
        for sections in _languages(package)
    )


@cache
def merged_book(package: str, key: str) -> PhraseBook:
    """One book with the key phrases of all languages."""
    return PhraseBook.of(phrase for sections in _languages(package) for phrase in sections.get(key, ()))


@cache
def _languages(package: str) -> tuple[Sections, ...]:
    general = _sections(package, "every_language")
    languages: list[Sections] = []
    for language in LANGUAGES:
        own = _sections(package, language)
        languages.append({name: own.get(name, ()) + general.get(name, ()) for name in own.keys() | general.keys()})
    return tuple(languages)


def _sections(package: str, file: str) -> Sections:
    _, *parts = _SECTION.split((files(package) / f"{file}.txt").read_text("utf-8"))
    return {
        name: tuple(phrase.strip() for phrase in text.split(","))
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }

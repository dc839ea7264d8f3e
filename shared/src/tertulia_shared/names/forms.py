"""The forms in which a text may have a name: whole, without its article, a part, in another spelling. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tertulia_shared.names.folding import ARTICLES, TITLES, can_stand_alone, fold
from tertulia_shared.names.tokens import is_unspaced, normalized, parts_of

_SEPARATOR: Final = re.compile(r"[^\w'\u2019\u02bc`\u2010\u2011-]+|[_・=＝]")
_UNSPACED_BREAK: Final = re.compile(r"[\s・=＝·.]+")
_UMLAUTS: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
_SPELLINGS: Final = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))
_TITLE_SPELLINGS: Final = {
    "doctor": "dr", "doktor": "dr", "dott": "dr", "dottor": "dr", "mister": "mr", "missus": "mrs", "professor": "prof",
    "profesor": "prof", "captain": "capt", "saint": "st", "reverend": "rev", "docteur": "dr", "dottore": "dr",
    "doutor": "dr", "doutora": "dr", "doctora": "dr", "dokter": "dr", "professeur": "prof", "professore": "prof",
    "profesora": "prof", "professora": "prof", "capitaine": "capt", "capitan": "capt", "capitano": "capt",
    "capitao": "capt", "kapitan": "capt", "kapitein": "capt", "herr": "mr", "senor": "mr", "monsieur": "mr",
    "signor": "mr", "senhor": "mr", "meneer": "mr", "frau": "mrs", "senora": "mrs", "signora": "mrs", "senhora": "mrs",
    "mevrouw": "mrs", "madame": "mrs",
}  # fmt: skip
_TITLES: Final = TITLES | {"mister", "missus", "reverend", "doktor", "dottor", "profesor", "pan", "pani", "bay", "sig"}
_ADDRESSING_TITLES: Final = frozenset(
    "dr prof capt king queen prince princess lady lord sir father mother sister brother uncle aunt signora".split()
)
"""Titles that address somebody without the name."""
_HAN: Final = re.compile(r"[\u3400-\u9fff]+|[\uac00-\ud7a3]+")
_FULL_HAN_NAME: Final = (3, 4)
"""Lengths of a family name and a given name written together."""


@dataclass(frozen=True, slots=True)
class NameForm:
    """A form of a name. `words`: its folded parts, as `Word.parts` of a text."""

    words: tuple[str, ...]
    is_whole: bool
    """True if it is the whole name (an article may be missing)."""
    is_only_title: bool = False
    """True if only a title is left of the name: "doctor" of "The Doctor", "captain" of "Captain Picard"."""


def standard_title(part: str) -> str:
    """A title in one spelling: "doctor" is "dr"."""
    return _TITLE_SPELLINGS.get(part, part)


def is_title(part: str) -> bool:
    """True if a folded word is a title that may stand before a name."""
    return part in _TITLES


def spaced_forms(name: str) -> set[NameForm]:
    """The forms of a name in scripts with spaces: neighbouring parts of which one can be used alone."""
    forms: set[NameForm] = set()
    for spelled in _respelled(normalized(name)):
        units = [parts for unit in _SEPARATOR.split(spelled) if (parts := parts_of(unit))]
        first = standard_title("".join(units[0])) if units else ""
        if len(units) > 1 and first in _ADDRESSING_TITLES:
            forms.add(NameForm((first,), is_whole=False, is_only_title=True))
        for start, end in _ranges(len(units)):
            run = units[start:end]
            is_whole = end == len(units) and all("".join(unit) in ARTICLES for unit in units[:start])
            if not (is_whole or any(can_stand_alone("-".join(unit)) for unit in run)):
                continue
            words = tuple(standard_title(part) for unit in run for part in unit)
            is_only_title = len(run) == 1 and len(units) > 1 and "".join(run[0]) in _TITLES
            forms.add(NameForm(words, is_whole, is_only_title))
            if any(len(unit) > 1 for unit in run):
                joined = tuple(standard_title("".join(unit)) for unit in run)
                forms.add(NameForm(joined, is_whole, is_only_title))
    return forms


def unspaced_forms(name: str) -> dict[str, bool]:
    """The forms of a name in a script without spaces, and whether each is the whole name."""
    folded = fold(normalized(name)).strip()
    if not is_unspaced(folded):
        return {}
    parts = [part for part in _UNSPACED_BREAK.split(folded) if part]
    whole = "".join(parts)
    forms = {whole: True, folded: True} | {part: False for part in parts if len(part) > 1 and part != whole}
    if len(parts) == 1 and _HAN.fullmatch(whole) and len(whole) in _FULL_HAN_NAME:
        forms[whole[-2:]] = False
        if len(whole) == max(_FULL_HAN_NAME):
            forms[whole[:2]] = False
    return forms


def _ranges(count: int) -> Iterator[tuple[int, int]]:
    for start in range(count):
        for end in range(start + 1, count + 1):
            yield start, end


def _respelled(name: str) -> Iterator[str]:
    """The folded name, and its spellings with "ae" for "ä", and with "a" for "ae"."""
    yield fold(name)
    lowered = name.lower()
    expanded = "".join(_UMLAUTS.get(char, char) for char in lowered)
    if expanded != lowered:
        yield fold(expanded)
    reduced = fold(name)
    for pair, letter in _SPELLINGS:
        reduced = reduced.replace(pair, letter)
    yield reduced

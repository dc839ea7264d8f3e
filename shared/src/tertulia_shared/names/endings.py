"""Endings that languages add to a name: cases, possessives, forms of address. Pure."""

from __future__ import annotations

from typing import Final

from tertulia_shared.names.common import COMMON_WORDS
from tertulia_shared.names.mention import Case

_MIN_STEM: Final = 2
_AFTER_APOSTROPHE: Final = {
    **dict.fromkeys("s d ll ve re m".split(), Case.OTHER),  # English
    **dict.fromkeys(
        "a e i u ya ye yi yu in un nin nun da de ta te dan den tan ten la le yla yle em iem owi ow ego emu".split(),
        Case.OTHER,
    ),  # Turkish (folded), Polish
}
_HONORIFICS: Final = frozenset("san chan kun sama sensei senpai dono ssi nim".split())
_FOR_ADDRESS: Final = ("cigim", "cugum", "cim", "cum")
_LATIN_AFTER_A: Final = {
    "o": Case.VOCATIVE, "y": Case.OTHER, "ie": Case.OTHER, "e": Case.OTHER, "i": Case.OTHER, "iu": Case.VOCATIVE,
    "u": Case.VOCATIVE,
}  # fmt: skip
_LATIN_AFTER_CONSONANT: Final = {
    "ie": Case.VOCATIVE, "u": Case.VOCATIVE, "owi": Case.OTHER, "em": Case.OTHER, "iem": Case.OTHER, "a": Case.OTHER,
    "ze": Case.VOCATIVE, "s": Case.OTHER, "es": Case.OTHER,
}  # fmt: skip
_LATIN_ADDED: Final = {
    **dict.fromkeys(
        "ya ye yi yu nin nun in un da de dan den ta te tan ten yla yle a e i u".split(), Case.OTHER
    ),  # Turkish without the apostrophe
    **dict.fromkeys(
        "n lla lle lta lte ssa sta lla in ille illa ilta issa ista ns s nak nek val vel t nal nel hoz hez".split(),
        Case.OTHER,
    ),  # Finnish, Swedish, Hungarian
}  # fmt: skip
_CYRILLIC_AFTER_A: Final = {
    "": Case.VOCATIVE, "ы": Case.OTHER, "и": Case.OTHER, "е": Case.OTHER, "у": Case.OTHER, "ои": Case.OTHER,
    "ою": Case.OTHER, "о": Case.VOCATIVE, "ю": Case.OTHER, "еи": Case.OTHER, "ь": Case.VOCATIVE,
}  # fmt: skip
_CYRILLIC_AFTER_CONSONANT: Final = {
    "а": Case.OTHER, "у": Case.OTHER, "ом": Case.OTHER, "е": Case.OTHER, "ем": Case.OTHER, "я": Case.OTHER,
    "ю": Case.OTHER,
}  # fmt: skip
CYRILLIC_ENDINGS: Final = {"": _CYRILLIC_AFTER_CONSONANT, "а": _CYRILLIC_AFTER_A}
"""The endings by the letter that they replace."""
_CONSONANTS: Final = frozenset("bcdfghjklmnpqrstvwxz")
_CYRILLIC_CONSONANTS: Final = frozenset("бвгджзклмнпрстфхцчшщ")


def case_after_apostrophe(ending: str) -> Case | None:
    """The case of a name before "'ending" or "-ending"; None if the ending is unknown."""
    if ending in _HONORIFICS:
        return Case.PLAIN
    return Case.VOCATIVE if ending.endswith(_FOR_ADDRESS) else _AFTER_APOSTROPHE.get(ending)


def inflected(name: str) -> dict[str, Case]:
    """The forms of a folded name, one word, with the endings of other cases."""
    if len(name) <= _MIN_STEM:
        return {}
    forms: dict[str, Case] = {}
    if name[-1] in _CYRILLIC_CONSONANTS:
        _add(forms, name, _CYRILLIC_AFTER_CONSONANT)
    elif name[-1] in "ая" or name[-1] in "иь":
        _add(forms, name[:-1], _CYRILLIC_AFTER_A if name[-1] in "ая" else _CYRILLIC_AFTER_CONSONANT)
    elif name.isascii() and name.isalpha():
        _add_latin(forms, name)
    forms.pop(name, None)
    return forms


def _add_latin(forms: dict[str, Case], name: str) -> None:
    for ending in _FOR_ADDRESS:
        forms[name + ending] = Case.VOCATIVE
    if name[-1] == "a":
        _add(forms, name[:-1], _LATIN_AFTER_A)
    elif name[-1] in _CONSONANTS:
        stems = [name]
        if name.endswith("x"):
            stems.append(f"{name[:-1]}ks")
        if name.endswith(("ek", "el", "ec")):
            stems.append(f"{name[:-2]}{name[-1]}")  # "Marek", "Marku"
        if name[-1] == "l":
            forms.update({f"{stem}e": Case.VOCATIVE for stem in stems})
        for stem in stems:
            _add(forms, stem, _LATIN_AFTER_CONSONANT)
    _add(forms, name, _LATIN_ADDED)


def _add(forms: dict[str, Case], stem: str, endings: dict[str, Case]) -> None:
    if len(stem) < _MIN_STEM:
        return
    for ending, case in endings.items():
        if len(stem) + len(ending) > _MIN_STEM and stem + ending not in COMMON_WORDS:
            forms.setdefault(stem + ending, case)

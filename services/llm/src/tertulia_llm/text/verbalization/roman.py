"""Roman numerals: their patterns and their values."""

from __future__ import annotations

from typing import Final

ROMAN: Final = r"(?=[IVXLCDM])(?:M{0,3})(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
SMALL_ROMAN: Final = r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})"
"""Up to 39: the numbers of rulers and centuries. "CD", "MIX" and "DVI" are none."""
_VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def roman_value(written: str) -> int:
    """The value of a Roman numeral."""
    total = 0
    for char, following in zip(written, f"{written[1:]}I", strict=True):
        total += -_VALUES[char] if _VALUES[char] < _VALUES[following] else _VALUES[char]
    return total

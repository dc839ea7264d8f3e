"""Parses numbers in text, and spells them with the rules of CLDR (package `unicode-rbnf`).

The package and a language's rules are loaded when the first number is spelled. This takes about 80 ms, once per
process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from tertulia_llm.text.verbalization.lexicon import Forms, Lexicon

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

NUMBER: Final = (
    r"(?:\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?|\d{1,3}(?:[.,'’\u00a0\u202f]\d{3})+(?:[.,]\d+)?"
    r"|\d{1,3}(?: \d{3})+(?:,\d+)?(?![\d.]| \d)|\d+(?:[.,]\d+)?)"
)
"""A number with its separators, without a sign. Of groups in another order, such as "91 123 45 67", the first only."""
_MILLION: Final = 10**6
_LARGEST: Final = 10**15
_GROUP_DIGITS: Final = 3
_MAX_WHOLE_FRACTION_DIGITS: Final = 2
_SPACES: Final = "'’\u00a0\u202f "


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number. `decimals`: the digits after the decimal mark."""

    whole: int
    decimals: str = ""


def parse(text: str, lexicon: Lexicon) -> Number:
    """Convert a match of `NUMBER`. If its only mark may separate thousands or decimals, the language decides."""
    text = "".join(char for char in text if char not in _SPACES)
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return Number(int(text))
    mark, decimals = text[last], text[last + 1 :]
    other = "," if mark == "." else "."
    grouped = text.count(mark) > 1 or (
        len(decimals) == _GROUP_DIGITS and mark != lexicon.decimal_mark and other not in text and text[0] != "0"
    )
    if grouped:
        return Number(int(text.replace(mark, "").replace(other, "")))
    return Number(int(text[:last].replace(other, "").replace(mark, "")), decimals)


def spell(number: Number, lexicon: Lexicon, *, feminine: bool = False, noun: bool = False) -> str:
    """Spell a number. `noun`: True if a noun comes after it."""
    if not lexicon.numerals.cardinal:
        return f"{number.whole}.{number.decimals}" if number.decimals else str(number.whole)
    whole = cardinal(number.whole, lexicon, feminine=feminine, noun=noun and not number.decimals)
    return f"{whole} {lexicon.point} {_decimals(number.decimals, lexicon)}" if number.decimals else whole


def cardinal(number: int, lexicon: Lexicon, *, feminine: bool = False, noun: bool = False) -> str:
    """Spell a whole number. The result has digits if the language keeps digits, or if the number is too large."""
    rules = lexicon.numerals
    if not rules.cardinal:
        return str(number)
    if number >= _LARGEST:
        return digits(str(number), lexicon)
    rule_set = (feminine and rules.feminine) or (noun and rules.before_noun) or rules.cardinal
    return _spelled(lexicon.code, number, rule_set)


def ordinal(number: int, lexicon: Lexicon, *, inflected: bool = False) -> str:
    """Spell an ordinal number; "" if the language has no rules for it."""
    rules = lexicon.numerals
    rule_set = (inflected and rules.ordinal_inflected) or rules.ordinal
    return _spelled(lexicon.code, number, rule_set) if rule_set else ""


def day(number: int, lexicon: Lexicon) -> str:
    """Spell a day of the month. The result has digits if the language reads a day like any number."""
    if lexicon.day_numbers:
        return lexicon.day_numbers[number - 1]
    if number == 1 and lexicon.first_day:
        return lexicon.first_day
    rule_set = lexicon.numerals.day
    return _spelled(lexicon.code, number, rule_set) if rule_set else str(number)


def year(number: int, lexicon: Lexicon) -> str:
    """Spell a year as people say it. The result has digits if the language reads a year like any number."""
    if not (lexicon.numerals.year and 1100 <= number < 2100):  # noqa: PLR2004
        return str(number)
    if lexicon.code == "en" and 2000 <= number < 2010:  # noqa: PLR2004
        return cardinal(number, lexicon)
    return _spelled(lexicon.code, number, lexicon.numerals.year)


def digits(text: str, lexicon: Lexicon) -> str:
    """Spell each digit."""
    return " ".join(cardinal(int(digit), lexicon) for digit in text)


def counted(number: Number, noun: Forms, lexicon: Lexicon, *, feminine: bool = False) -> str:
    """A number and a noun in the form that the number requires: "one dollar", "2.5 meters"."""
    form = form_of(number, noun, lexicon)
    space = "" if not lexicon.numerals.cardinal else " "
    if lexicon.million_link and number.whole and not number.whole % _MILLION and not number.decimals:
        space, form = " ", linked(form, lexicon)
    return f"{spell(number, lexicon, feminine=feminine, noun=True)}{space}{form}"


def linked(noun: str, lexicon: Lexicon) -> str:
    """A noun after "million": French "d'euros", Spanish "de euros"."""
    if lexicon.code == "fr" and noun[0] in "aeéiouyh":
        return f"d'{noun}"
    return f"{lexicon.million_link}{noun}"


def form_of(number: Number, noun: Forms, lexicon: Lexicon) -> str:
    """The form of a noun after a number."""
    if number.decimals and lexicon.after_decimals:
        first, space, rest = noun[0].partition(" ")
        after = lexicon.after_decimals.get(first)
        if after:
            rest = re.sub(r"(?:y|i)$", "ego", rest) if " " not in rest else rest
            return f"{after}{space}{rest}"
    return noun[min(1 if number.decimals else lexicon.plural(number.whole), len(noun) - 1)]


def _decimals(decimals: str, lexicon: Lexicon) -> str:
    if lexicon.fraction_as_number and len(decimals) <= _MAX_WHOLE_FRACTION_DIGITS and decimals[0] != "0":
        return cardinal(int(decimals), lexicon)
    return digits(decimals, lexicon)


@cache
def _engine(language: str) -> RbnfEngine:
    from unicode_rbnf import RbnfEngine  # noqa: PLC0415 - loaded at the first number

    return RbnfEngine.for_language(language)


@cache
def _small(language: str, number: int, rule_set: str) -> str:
    return _format(language, number, rule_set)


def _spelled(language: str, number: int, rule_set: str) -> str:
    return _small(language, number, rule_set) if number < 100 else _format(language, number, rule_set)  # noqa: PLR2004


def _format(language: str, number: int, rule_set: str) -> str:
    return "".join(_engine(language).iter_format_number(number, rule_set)).replace("\u00ad", "")

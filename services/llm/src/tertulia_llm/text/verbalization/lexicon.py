"""The words that a language needs to read numbers and signs aloud, and how to find them by a language tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Final, cast

LANGUAGES: Final = ("en", "de", "es", "fr", "it", "pt", "nl", "pl", "ru", "tr", "ja", "zh")
DEFAULT: Final = "en"
UNKNOWN: Final = frozenset({"", "und"})

Forms = tuple[str, ...]
"""A noun's forms, in the order of the language's `plural`: (one, other), or (one, few, many)."""


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency's name and that of its hundredth (empty if it has none in use)."""

    name: Forms
    part: Forms = ()
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Numerals:
    """How a language spells numbers: the rule sets of CLDR (see `numerals`). Without `cardinal` digits stay digits."""

    cardinal: str = ""
    feminine: str = ""
    before_noun: str = ""
    """The form before a noun if it differs: German "ein Euro", not "eins"."""
    ordinal: str = ""
    ordinal_inflected: str = ""
    """The form after German "am", "im", "den"."""
    day: str = ""
    """The form of a day of the month, if it is an ordinal."""
    year: str = ""
    """For years from 1100 to 1999, and in English to 2099."""


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """The words of one language. Templates have the fields that their docstring names."""

    code: str
    numerals: Numerals
    decimal_mark: str
    point: str
    """The word for the decimal mark."""
    fraction_as_number: bool
    """True if two decimals are read as a number: "trois virgule quatorze"."""
    plural: Callable[[int], int]
    currencies: Mapping[str, Currency]
    """By sign or code: "$", "€", "R$", "zł"."""
    money_join: str
    """Between the currency and its hundredths: "five dollars *and* ninety-nine cents"."""
    says_part: bool
    """True if the hundredths are named: "cents"."""
    units: Mapping[str, Forms]
    per: str
    months: tuple[str, ...]
    month_abbreviations: tuple[str, ...]
    date: str
    """Fields: day, month, year."""
    day_month: str
    """Fields: day, month."""
    day_first: bool
    """True if 3/4/2026 is in April."""
    time: str
    """Fields: h, m."""
    full_hour: str
    """Field: h."""
    signs: Mapping[str, str]
    """Mathematical signs: + - × ÷ = < > ≤ ≥ ≠ ≈ ± ∞ √ ^ ² ³ % and the Greek letters that are read as words."""
    to: str
    """In a range: "ten *to* twenty"."""
    fractions: Mapping[tuple[int, int], str]
    over: str
    """In another fraction: "five *over* eight"."""
    out_of: str
    """In a rating: "eight *out of* ten"."""
    and_half: str
    """Field: n. "{n} and a half"."""
    number: str
    """For "#1" and "No. 5"."""
    at: str
    dot: str
    hyphen: str
    underscore: str
    hashtag: str
    ampersand: str
    version: str
    number_abbreviations: tuple[str, ...]
    """Abbreviations of "number" before digits."""
    millions: Mapping[str, str]
    """Abbreviated and full multipliers after a number: "Mio." is "Millionen"."""
    abbreviations: Mapping[str, str] = field(default_factory=dict[str, str])
    """Spelled with a space where they may have one: "z. B."."""
    percent: str = ""
    """Field: n. Where the word for per cent stands before the number."""
    million_link: str = ""
    """Between a multiplier and a noun: French "deux millions *d'*euros"."""
    thousands: frozenset[str] = frozenset()
    """The multipliers that need no such link."""
    feminine_units: frozenset[str] = frozenset()
    monarch: str = "{name} {ordinal}"
    """Fields: name, ordinal, cardinal."""
    monarch_ordinals_to: int = 1000
    """Above it the cardinal is read: Spanish "Luis catorce"."""
    rulers: frozenset[str] = frozenset()
    """First names before a Roman numeral that is read as an ordinal."""
    century: str = ""
    """The word after or before a Roman numeral that is read as an ordinal."""
    day_numbers: tuple[str, ...] = ()
    """The days of the month from 1 on, where CLDR lacks the form."""
    first_day: str = ""
    """The first of a month, if only it is an ordinal: "premier"."""
    hours: tuple[str, ...] = ()
    """The hours from 0 on, where they are ordinals (Polish)."""
    ordinal_suffixes: str = ""
    """A pattern of what follows a number that is an ordinal: English "st|nd|rd|th"."""
    multiplier_forms: Mapping[str, Forms] = field(default_factory=dict[str, Forms])
    """The forms of a multiplier after a number, by the form of many."""
    after_decimals: Mapping[str, str] = field(default_factory=dict[str, str])
    """A noun's form after a decimal number, by its first form or the first word of it: Polish "1,5 kilometra"."""
    negative: str = ""
    """The word before a negative number, if it is not that of subtraction."""
    space_groups: bool = False
    """True if a space separates thousands."""


def one_other(number: int) -> int:
    """Plural of English, German, Spanish, Italian and Dutch: 1 has a form of its own."""
    return 0 if number == 1 else 1


def below_two(number: int) -> int:
    """Plural of French and Portuguese: 0 and 1 share a form."""
    return 0 if number < 2 else 1  # noqa: PLR2004


def no_plural(_number: int) -> int:
    """Nouns after a number have one form."""
    return 0


def russian_plural(number: int) -> int:
    """1 час, 2 часа, 5 часов, 21 час."""
    last, last_two = number % 10, number % 100
    if last == 1 and last_two != 11:  # noqa: PLR2004
        return 0
    return 1 if last in (2, 3, 4) and last_two not in (12, 13, 14) else 2


def polish_plural(number: int) -> int:
    """1 metr, 2 metry, 5 metrów, 21 metrów."""
    return 0 if number == 1 else max(1, russian_plural(number)) if number % 10 != 1 else 2


def base_of(tag: str) -> str:
    """The supported language of a BCP 47 tag, or ""."""
    base = tag.partition("-")[0].lower()
    return base if base in LANGUAGES else ""


@cache
def lexicon_of(language: str) -> Lexicon:
    """The lexicon of a supported language."""
    return cast("Lexicon", import_module(f"tertulia_llm.text.verbalization.languages.{language}").LEXICON)


def forms(text: str) -> dict[str, Forms]:
    """Parse a table with a line for each entry: "km kilometer|kilometers"."""
    table: dict[str, Forms] = {}
    for line in text.strip().splitlines():
        symbols, _, names = line.strip().partition(" ")
        for symbol in symbols.split(","):
            table[symbol] = tuple(names.split("|"))
    return table


def currencies(text: str, feminine: str = "") -> dict[str, Currency]:
    """Parse a table with a line for each currency: "$,USD dollar|dollars;cent|cents"."""
    return {
        symbol: Currency(
            tuple(names[0].partition(";")[0].split("|")),
            tuple(names[0].partition(";")[2].split("|")) if ";" in names[0] else (),
            symbol in feminine.split(),
        )
        for symbol, names in forms(text.replace("|", "\0")).items()
        for names in [(names[0].replace("\0", "|"),)]
    }


def words(text: str) -> dict[str, str]:
    """Parse a table with a line for each entry: "= equals"."""
    table: dict[str, str] = {}
    for line in text.strip().splitlines():
        key, _, value = line.strip().partition(" ")
        table[key] = value.strip()
    return table

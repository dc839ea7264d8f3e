"""The words that a language needs to read numbers and signs aloud, and how to find them by the language's tag."""

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
    """The name of a currency, and the name of its hundredth ("" if no hundredths are in use)."""

    name: Forms
    part: Forms = ()
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Numerals:
    """How a language spells numbers: rule sets of CLDR (see `numerals`). Without `cardinal`, digits stay digits."""

    cardinal: str = ""
    feminine: str = ""
    before_noun: str = ""
    """The rule set for a number before a noun, if it differs: German "ein Euro", not "eins"."""
    ordinal: str = ""
    ordinal_inflected: str = ""
    """The rule set for an ordinal after German "am", "im", "den"."""
    day: str = ""
    """The rule set for a day of the month, if the language reads it as an ordinal."""
    year: str = ""
    """The rule set for years from 1100 to 1999 (in English to 2099)."""


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
    """The currencies, by sign or code: "$", "€", "R$", "zł"."""
    money_join: str
    """The word between the currency and its hundredths: "five dollars *and* ninety-nine cents"."""
    says_part: bool
    """True if the name of the hundredths is spoken: "cents"."""
    units: Mapping[str, Forms]
    per: str
    months: tuple[str, ...]
    month_abbreviations: tuple[str, ...]
    date: str
    """For a date. Fields: day, month, year."""
    day_month: str
    """For a date without a year. Fields: day, month."""
    day_first: bool
    """True if 3/4/2026 is a date in April."""
    time: str
    """For a time of day. Fields: h, m."""
    full_hour: str
    """For a full hour. Field: h."""
    signs: Mapping[str, str]
    """Mathematical signs: + - × ÷ = < > ≤ ≥ ≠ ≈ ± ∞ √ ^ ² ³ % and the Greek letters that are read as words."""
    to: str
    """The word in a range: "ten *to* twenty"."""
    fractions: Mapping[tuple[int, int], str]
    over: str
    """The word in a fraction that has no name of its own: "five *over* eight"."""
    out_of: str
    """The words in a rating: "eight *out of* ten"."""
    and_half: str
    """For a number and a half. Field: n. Example: "{n} and a half"."""
    number: str
    """The word for "#1" and "No. 5"."""
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
    """Multipliers after a number, abbreviated and in full: "Mio." is "Millionen"."""
    abbreviations: Mapping[str, str] = field(default_factory=dict[str, str])
    """Abbreviations, with a space where the text may have a space: "z. B."."""
    percent: str = ""
    """For a percentage, in languages where the word for per cent comes before the number. Field: n."""
    million_link: str = ""
    """The link between a multiplier and a noun: French "deux millions *d'*euros"."""
    thousands: frozenset[str] = frozenset()
    """The multipliers after which this link is left out."""
    feminine_units: frozenset[str] = frozenset()
    monarch: str = "{name} {ordinal}"
    """For a ruler's name with a Roman numeral. Fields: name, ordinal, cardinal."""
    monarch_ordinals_to: int = 1000
    """For a higher number, the cardinal is read: Spanish "Luis catorce"."""
    rulers: frozenset[str] = frozenset()
    """First names after which a Roman numeral is read as an ordinal."""
    century: str = ""
    """Words before or after a Roman numeral that is read as an ordinal."""
    day_numbers: tuple[str, ...] = ()
    """The days of the month from 1 on, for languages without this form in CLDR."""
    first_day: str = ""
    """The word for the first day of a month, if only that day is an ordinal: "premier"."""
    hours: tuple[str, ...] = ()
    """The words for the hours from 0 on, for languages where they are ordinals (Polish)."""
    ordinal_suffixes: str = ""
    """A pattern of what comes after the digits of an ordinal: English "st|nd|rd|th"."""
    multiplier_forms: Mapping[str, Forms] = field(default_factory=dict[str, Forms])
    """The forms of a multiplier after a number, by the form of many."""
    after_decimals: Mapping[str, str] = field(default_factory=dict[str, str])
    """A noun's form after a decimal number, by its first form or the first word of it: Polish "1,5 kilometra"."""
    negative: str = ""
    """The word before a negative number, if it is not that of subtraction."""
    space_groups: bool = False
    """True if the language separates thousands with a space."""


def one_other(number: int) -> int:
    """The plural rule of English, German, Spanish, Italian and Dutch: only 1 has the first form."""
    return 0 if number == 1 else 1


def below_two(number: int) -> int:
    """The plural rule of French and Portuguese: 0 and 1 have the first form."""
    return 0 if number < 2 else 1  # noqa: PLR2004


def no_plural(_number: int) -> int:
    """The plural rule of languages in which a noun after a number does not change."""
    return 0


def russian_plural(number: int) -> int:
    """The plural rule of Russian: 1 час, 2 часа, 5 часов, 21 час."""
    last, last_two = number % 10, number % 100
    if last == 1 and last_two != 11:  # noqa: PLR2004
        return 0
    return 1 if last in (2, 3, 4) and last_two not in (12, 13, 14) else 2


def polish_plural(number: int) -> int:
    """The plural rule of Polish: 1 metr, 2 metry, 5 metrów, 21 metrów."""
    return 0 if number == 1 else max(1, russian_plural(number)) if number % 10 != 1 else 2


def base_of(tag: str) -> str:
    """The supported language for a BCP 47 tag; "" if the language is not supported."""
    base = tag.partition("-")[0].lower()
    return base if base in LANGUAGES else ""


@cache
def lexicon_of(language: str) -> Lexicon:
    """The lexicon of a supported language."""
    return cast("Lexicon", import_module(f"tertulia_llm.text.verbalization.languages.{language}").LEXICON)


def forms(text: str) -> dict[str, Forms]:
    """Parse a table with one line for each entry: "km kilometer|kilometers"."""
    table: dict[str, Forms] = {}
    for line in text.strip().splitlines():
        symbols, _, names = line.strip().partition(" ")
        for symbol in symbols.split(","):
            table[symbol] = tuple(names.split("|"))
    return table


def currencies(text: str, feminine: str = "") -> dict[str, Currency]:
    """Parse a table with one line for each currency: "$,USD dollar|dollars;cent|cents"."""
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

"""Converts ordinal numbers and Roman numerals to words: "1st" is "first", "Louis XIV" is "Louis the fourteenth"."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tertulia_llm.text.verbalization import numerals
from tertulia_llm.text.verbalization.lexicon import Lexicon

_ROMAN: Final = r"(?=[IVXLCDM])(?:M{0,3})(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_NUMBERED: Final = re.compile(rf"(?<=[^\W\d_] )(?<![\w.])({_ROMAN})(?![\w'’.]|\.\w|[ ]*[+=*/-])")
_WORD_BEFORE: Final = re.compile(r"([^\W\d_]+)\.? $")
_COMMON_BEFORE: Final = frozenset(
    """
    war chapter part act phase type volume book level class stage section article appendix scene step rocky episode
    series mark league region world kapitel teil weltkrieg band akt stufe typ capítulo parte tomo acto fase guerra tipo
    chapitre partie acte guerre tome capitolo atto volume hoofdstuk deel rozdział część tom том глава часть fantasy
    """.split()
)
"""Words after which a Roman numeral is read as a cardinal: "Chapter IV"."""
_GERMAN_ORDINAL: Final = re.compile(
    r"\b(?P<before>[Dd](?:er|ie|as|em|en|es)|[Aa]m|[Ii]m|[Zz]u[mr]|[Vv]om|[Bb]eim|[Jj]ede[nmrs]?|[MDSmds]eine?[nmrs]?|"
    r"[Ii]hre?[nmrs]?|[Uu]nsere?[nmrs]?|[Ee]ine?[nmrs]?) (?P<number>\d{1,3})\. (?=[^\W\d_])"
)
_WEAK_E: Final = frozenset({"der", "die", "das", "jede", "meine", "deine", "seine", "ihre", "unsere", "eine"})
_TURKISH_ORDINAL: Final = re.compile(r"(?<![\w.,])(\d{1,3})\. (?=[^\W\d_])")


@cache
def _suffixed(lexicon: Lexicon) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,])(\d{{1,4}})(?:{lexicon.ordinal_suffixes})(?!\w)")


@cache
def _roman_ordinals(lexicon: Lexicon) -> re.Pattern[str]:
    rulers = "|".join(sorted(lexicon.rulers, key=len, reverse=True))
    suffix = r"(?P<dot>\.(?=[ ][a-zäöü]|$))?" if lexicon.code == "de" else ""
    end = "(?:er|ère)?" if lexicon.code == "fr" else ""
    return re.compile(rf"(?<!\w)(?P<name>{rulers}) (?P<roman>{_ROMAN}){end}(?!\w){suffix}")


@cache
def _centuries(lexicon: Lexicon) -> re.Pattern[str]:
    suffix = "(?:e|ème|er)?" if lexicon.code == "fr" else ""
    after = rf"(?<!\w)(?P<roman>{_ROMAN}){suffix}\.?[ \u00a0](?P<after>(?:{lexicon.century})\w*)"
    return re.compile(rf"{after}|(?<!\w)(?P<before>(?:{lexicon.century})) (?P<roman2>{_ROMAN})(?!\w)")


def read_ordinals(text: str, lexicon: Lexicon) -> str:
    """Replace ordinal numbers in `text` by words, if the language writes ordinals with a mark."""
    if lexicon.ordinal_suffixes:
        text = _suffixed(lexicon).sub(lambda found: _ordinal(found, lexicon), text)
    if lexicon.code == "de":
        text = _GERMAN_ORDINAL.sub(lambda found: _german(found, lexicon), text)
    if lexicon.code == "tr":
        text = _TURKISH_ORDINAL.sub(lambda found: f"{numerals.ordinal(int(found[1]), lexicon)} ", text)
    return text


def read_roman(text: str, lexicon: Lexicon) -> str:
    """Replace the Roman numerals of rulers, centuries, chapters and the like by words."""
    if lexicon.century:
        text = _centuries(lexicon).sub(lambda found: _century(found, lexicon), text)
    if lexicon.rulers:
        text = _roman_ordinals(lexicon).sub(lambda found: _ruler(found, lexicon), text)
    if not lexicon.numerals.cardinal:
        return text
    whole = text
    return _NUMBERED.sub(lambda found: _numbered(whole, found, lexicon), whole)


def roman_value(written: str) -> int:
    """The value of a Roman numeral."""
    total = 0
    for char, following in zip(written, f"{written[1:]}I", strict=True):
        total += -_VALUES[char] if _VALUES[char] < _VALUES[following] else _VALUES[char]
    return total


def _ordinal(found: re.Match[str], lexicon: Lexicon) -> str:
    return numerals.ordinal(int(found[1]), lexicon) or found.group()


def _german(found: re.Match[str], lexicon: Lexicon) -> str:
    said = numerals.ordinal(int(found["number"]), lexicon)
    before = found["before"].lower()
    if before.endswith(("ein", "kein")):
        said = f"{said}r"
    elif before not in _WEAK_E:
        said = f"{said}n"
    return f"{found['before']} {said} "


def _ruler(found: re.Match[str], lexicon: Lexicon) -> str:
    value = roman_value(found["roman"])
    ordinal = numerals.ordinal(value, lexicon) if value <= lexicon.monarch_ordinals_to else ""
    if value == 1 and lexicon.first_day:
        ordinal = lexicon.first_day
    if lexicon.code == "ru" and found["name"].endswith(("а", "я")):
        ordinal = f"{ordinal[:-2]}ая" if ordinal.endswith(("ый", "ой")) else f"{ordinal[:-2]}ья"
    cardinal = numerals.cardinal(value, lexicon)
    said = lexicon.monarch.format(name=found["name"], ordinal=ordinal or cardinal, cardinal=cardinal)
    if lexicon.code == "de":
        said = said[: -len(ordinal)] + ordinal.capitalize()
        said += "." if found["dot"] and found.end() == len(found.string) else ""
    return said


def _century(found: re.Match[str], lexicon: Lexicon) -> str:
    value = roman_value(found["roman"] or found["roman2"])
    is_ordinal = found["after"] or value <= lexicon.monarch_ordinals_to
    said = numerals.ordinal(value, lexicon) if is_ordinal else ""
    said = said or numerals.cardinal(value, lexicon)
    return f"{said} {found['after']}" if found["after"] else f"{found['before']} {said}"


def _numbered(text: str, found: re.Match[str], lexicon: Lexicon) -> str:
    word = _WORD_BEFORE.search(text[: found.start()])
    before = word.group(1) if word else ""
    written = found.group(1)
    known = before.lower() in _COMMON_BEFORE
    if not known and (len(written) == 1 or not before[:1].isupper() or written in ("MD", "CD", "DC", "DM", "MM", "CC")):
        return written
    if lexicon.code == "en" and before == "War":
        return numerals.cardinal(roman_value(written), lexicon)
    return numerals.cardinal(roman_value(written), lexicon)

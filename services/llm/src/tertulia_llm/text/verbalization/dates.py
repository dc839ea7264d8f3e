"""Converts dates, years and decades to words: "3/4/2026" is "March fourth, twenty twenty-six"."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tertulia_llm.text.verbalization import numerals
from tertulia_llm.text.verbalization.lexicon import Lexicon

_ISO: Final = re.compile(r"(?<![\w./-])(\d{4})-(\d{2})-(\d{2})(?![\w/-])")
_SLASHED: Final = re.compile(r"(?<![\w./-])(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\w/-])")
_DOTTED: Final = re.compile(r"(?<![\w./-])(\d{1,2})\.[ ]?(\d{1,2})\.[ ]?(\d{4})(?![\w/-])")
_DAY_MONTH: Final = re.compile(r"(?<![\w./-])(\d{1,2})\.[ ]?(\d{1,2})\.(?![\w/-]| ?\d)")
_DASHED: Final = re.compile(r"(?<![\w./-])(\d{1,2})-(\d{1,2})-(\d{4})(?![\w/-])")
_CENTURY: Final = 2000
_MONTHS: Final = 12
_DAYS: Final = 31
_DECADE: Final = re.compile(r"(?<![\w.,])(?:(1[1-9]|20)|['’])?(\d0)(?:'|’)?s\b")
_GERMAN_DECADE: Final = re.compile(r"(?<![\w.,])(1[1-9])?(\d0)er\b")
_YEAR_RANGE: Final = re.compile(r"(?<![\w.,/-])(1[1-9]\d\d|20\d\d)[ ]?[–—-][ ]?(1[1-9]\d\d|20\d\d)(?![\w/-]|[.,]\d)")
_SHORT_RANGE: Final = re.compile(r"(?<![\w.,/-])(1[1-9]\d\d|20\d\d)([–-])(\d\d)(?![\w/-]|[.,]\d)")
_YEAR: Final = re.compile(r"(?<![\w.,/$€£#+*=:-])(1[1-9]\d\d|20\d\d)(?![\w/+*=:²°%-]|[.,]\d)(?! [a-z]{2,}s\b)")
_RUSSIAN_YEAR: Final = re.compile(r"(?<![\w.,])([12]\d{3}(?:[–-][12]\d{3})?)[ \u00a0]?(гг?)\.(?!\w)")
_YEARS_BEFORE: Final = re.compile(
    r"(?:\b(?:in|since|by|until|till|from|of|year|around|about|before|after|during|circa|early|late|mid|and|to|or|"
    r"seit|bis|von|vor|nach|um|jahr|jahre|und|anno|ab|sommer|winter|sinds|tot|van|voor|na|jaar|en)|[,(]|^)\s*$",
    re.IGNORECASE,
)


@cache
def _named(lexicon: Lexicon) -> re.Pattern[str]:
    full = "|".join(re.escape(name) for name in lexicon.months)
    short = "|".join(re.escape(name) for name in lexicon.month_abbreviations)
    month = rf"(?:(?P<month>{full})|(?P<short>{short})\b\.?)"
    suffix = r"(?:st|nd|rd|th|er|º|ª|\.º)?"
    before = rf"(?:(?P<from>\d{{1,2}}){suffix}\.?[ ]?[–-][ ]?)?"
    year = r"(?:,?[ ](?P<year>\d{4})(?!\w|[.,]\d))?"
    era = r"(?:[ ]года?\b)?" if lexicon.code == "ru" else ""
    if lexicon.day_first:
        link = r"(?:[ ](?:de|of))?"
        return re.compile(
            rf"(?<![\w.,/-]){before}(?P<day>\d{{1,2}}){suffix}\.?{link}[ ]{month}(?!\w)(?:[ ]de(?=[ ]\d))?{year}{era}"
        )
    return re.compile(
        rf"(?:(?P<the>[Tt]he )?(?<![\w.,/-]){before}(?P<day>\d{{1,2}}){suffix}(?:[ ]of)?[ ]{month}(?!\w){year}"
        rf"|(?<!\w){month.replace('<month>', '<month2>').replace('<short>', '<short2>')}[ ]"
        rf"{before.replace('<from>', '<from2>')}"
        rf"(?P<day2>\d{{1,2}}){suffix}"
        rf"(?![\w:]|[.,]\d|[ ]?[ap]\.?m){year.replace('<year>', '<year2>')})"
    )


def read_dates(text: str, lexicon: Lexicon, *, day_first: bool) -> str:
    """Replace the dates and decades in `text` by words. `day_first`: True if 3/4/2026 is a date in April."""
    if lexicon.code == "en":
        text = _DECADE.sub(lambda found: _english_decade(found, lexicon), text)
    if lexicon.code == "de":
        text = _GERMAN_DECADE.sub(lambda found: _german_decade(found, lexicon), text)
    if lexicon.code == "ru":
        text = _russian_years(text)
    text = _ISO.sub(lambda found: _numeric(found, found[3], found[2], found[1], lexicon), text)

    def slashed(found: re.Match[str]) -> str:
        first, second = (found[1], found[2]) if day_first else (found[2], found[1])
        if int(second) > _MONTHS:
            first, second = second, first
        return _numeric(found, first, second, found[3], lexicon)

    text = _DASHED.sub(slashed, _SLASHED.sub(slashed, text))
    text = _DOTTED.sub(lambda found: _numeric(found, found[1], found[2], found[3], lexicon), text)
    if lexicon.numerals.day or lexicon.day_numbers:
        text = _DAY_MONTH.sub(lambda found: _day_month(found, lexicon), text)
    return _named(lexicon).sub(lambda found: _with_name(found, text, lexicon), text)


def _russian_years(text: str) -> str:
    """Replace "г." after a year by the word "год" in the case that the words before it ask for."""

    def read(found: re.Match[str]) -> str:
        plural, before = found[2] == "гг", text[: found.start()].rstrip().rpartition(" ")[2].lower()
        if before in ("в", "во"):
            word = "годах" if plural else "году"
        elif before in ("", "—", "–", "-") or before.endswith("("):
            word = "годы" if plural else "год"
        elif before == "к":
            word = "годам" if plural else "году"
        else:
            word = "годов" if plural else "года"
        dot = "" if text[found.end() :].strip('"”’»)') else "."
        return f"{found[1]} {word}{dot}"

    return _RUSSIAN_YEAR.sub(read, text)


def read_years(text: str, lexicon: Lexicon) -> str:
    """Replace years by words, if the language reads them differently from other numbers."""
    if not lexicon.numerals.year:
        return text
    text = _SHORT_RANGE.sub(lambda found: _short_range(found, lexicon), text)
    text = _YEAR_RANGE.sub(lambda found: f"{_year(found[1], lexicon)} {lexicon.to} {_year(found[2], lexicon)}", text)
    whole = text
    return _YEAR.sub(lambda found: _year(found[1], lexicon) if _is_year(whole, found) else found.group(), whole)


def _short_range(found: re.Match[str], lexicon: Lexicon) -> str:
    first, last = int(found[1]), int(found[3])
    if last <= first % 100 or (last <= _MONTHS and found[2] == "-"):  # 2010-12 may be a month
        return found.group()
    return f"{_year(found[1], lexicon)} {lexicon.to} {numerals.cardinal(last, lexicon)}"


def _is_year(text: str, found: re.Match[str]) -> bool:
    after = text[found.end() : found.end() + 1]
    return _YEARS_BEFORE.search(text[: found.start()]) is not None and (not after or after in " .,;:!?)–—-'’\"”")


def _year(written: str, lexicon: Lexicon) -> str:
    return numerals.year(int(written), lexicon)


def _numeric(found: re.Match[str], day: str, month: str, year: str, lexicon: Lexicon) -> str:
    if not (0 < int(month) <= _MONTHS and 0 < int(day) <= _DAYS):
        return found.group()
    full_year = int(year) + _CENTURY if len(year) == len("26") else int(year)
    return lexicon.date.format(
        day=numerals.day(int(day), lexicon),
        month=lexicon.months[int(month) - 1],
        year=numerals.year(full_year, lexicon),
    )


def _day_month(found: re.Match[str], lexicon: Lexicon) -> str:
    day, month = int(found[1]), int(found[2])
    if lexicon.code == "en" or not (0 < month <= _MONTHS and 0 < day <= _DAYS):
        return found.group()
    said = lexicon.day_month.format(day=numerals.day(day, lexicon), month=lexicon.months[month - 1])
    return said if found.string[found.end() :].strip() else f"{said}."


def _with_name(found: re.Match[str], text: str, lexicon: Lexicon) -> str:
    groups = found.groupdict()
    day = int(groups["day"] or groups.get("day2") or 0)
    if not 0 < day <= _DAYS:
        return found.group()
    name = groups["month"] or groups.get("month2")
    short = groups["short"] or groups.get("short2") or ""
    month = name or lexicon.months[lexicon.month_abbreviations.index(short) % _MONTHS]
    year = groups["year"] or groups.get("year2")
    said = numerals.day(day, lexicon)
    first = int(groups["from"] or groups.get("from2") or 0)
    if 0 < first < day:
        said = f"{numerals.day(first, lexicon)} {lexicon.to} {said}"
    elif first:
        return found.group()
    if lexicon.code == "de" and not _takes_weak_ending(text[: found.start()]):
        ending = "r" if found.start() == 0 else ""
        said = re.sub(r"n(?=$| bis)", ending, said)
    if year:
        return lexicon.date.format(day=said, month=month, year=numerals.year(int(year), lexicon))
    return lexicon.day_month.format(day=said, month=month)


def _takes_weak_ending(before: str) -> bool:
    """German: True if the ordinal after this text ends in -n (after "am", "dem", "vom"); False after "der" and at the
    start.
    """
    return before.rstrip().rpartition(" ")[2].lower() not in ("der", "")


def _english_decade(found: re.Match[str], lexicon: Lexicon) -> str:
    century, tens = found[1], int(found[2])
    if not tens:
        if century == "20":
            return f"{numerals.cardinal(2000, lexicon)}s"
        return f"{numerals.cardinal(int(century), lexicon)} hundreds" if century else found.group()
    plural = numerals.cardinal(tens, lexicon)
    plural = f"{plural[:-1]}ies" if plural.endswith("y") else f"{plural}s"
    return f"{numerals.cardinal(int(century), lexicon)} {plural}" if century else plural


def _german_decade(found: re.Match[str], lexicon: Lexicon) -> str:
    tens = f"{numerals.cardinal(int(found[2]), lexicon)}er"
    return f"{numerals.cardinal(int(found[1]), lexicon)}hundert{tens}" if found[1] else tens

"""`verbalize`: writes a sentence as people say it, in the words of its language."""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.text.verbalization import codes, dates, formulas, halves, measures, money, ordinals, times, verses
from tertulia_llm.text.verbalization.lexicon import DEFAULT, UNKNOWN, Lexicon, base_of, lexicon_of

_MONTH_FIRST_REGIONS: Final = frozenset({"", "us", "ph", "029"})
_EDGE: Final = "\u200b"
"""Inserted between Chinese characters and numbers, which have no space between them, so that the patterns find word
boundaries.
"""
_NARROW: Final = {
    ord(wide): narrow for wide, narrow in zip("０１２３４５６７８９％＋－＝＄", "0123456789%+-=$", strict=True)
}
_CJK: Final = "\u3040-\u30ff\u3400-\u9fff"
_CJK_EDGE: Final = re.compile(rf"(?<=[{_CJK}])(?=[^{_CJK}])|(?<=[^{_CJK}])(?=[{_CJK}])")
_CJK_SPACE: Final = re.compile(rf"(?<=[{_CJK}]) | (?=[{_CJK}])")
_HAS_NUMBER: Final = re.compile(r"[\d½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
_SIGNS: Final = r"\d½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞@#&/=+*<>×÷±≤≥≠≈∞√π§²³^~°\u0370-\u03ff∑∫∂→⇒↔⇔∈-"
# A pattern that begins with a set of characters is searched six times as fast as one that begins with alternatives. So
# the alternatives look behind.
_HAS_SIGN: Final = re.compile(
    rf"[IVXLCDM.{_SIGNS}](?:(?<=[{_SIGNS}])|(?<=[IVXLCDM])[IVXLCDM]|(?<=[VX])\b|(?<=\w\w I)\b|(?<=I)(?:er|e|re)\b|"
    r"(?<=\bI) wojn|(?<=\.)\w)"
)
"""A number or a sign; a Roman number; or a full stop within a word."""
_HAS_ABBREVIATION: Final = re.compile(
    r"[.vMDdn](?:(?<=\w\.)[ \w-]|(?<=\b\w\.)|(?<=\b(?:etc|usw|enz|ecc|itd|itp)\.)|(?<=\bvb\.)|"
    r"s\b(?<=\bvs)|r\b(?<=\b[Ddn]r)|me\b(?<=\bMme)|lle\b(?<=\bMlle)|Ö\b(?<=\bMÖ))"
)
"""A word with a full stop that another text follows, or one of these abbreviations."""


def needs_words(text: str) -> bool:
    """False if `verbalize` would change nothing, whatever the language. The check takes 1 µs."""
    return _HAS_SIGN.search(text) is not None or _HAS_ABBREVIATION.search(text) is not None


def verbalize(text: str, tag: str) -> str:
    """Return `text` with numbers, signs and abbreviations as words of the language `tag` (BCP 47).

    An unknown language ("", "und") is read as English. Text of a language without a lexicon stays as it is.
    """
    if not needs_words(text):
        return text
    base = DEFAULT if tag in UNKNOWN else base_of(tag)
    if not base:
        return text
    lexicon = lexicon_of(base)
    if not lexicon.numerals.cardinal:
        return _CJK_SPACE.sub("", _read(_CJK_EDGE.sub(_EDGE, text.translate(_NARROW)), lexicon, tag).replace(_EDGE, ""))
    return _read(text, lexicon, tag)


def _read(text: str, lexicon: Lexicon, tag: str) -> str:
    text = codes.read_abbreviations(text, lexicon)
    if not _HAS_SIGN.search(text):
        return text
    text = codes.read_addresses(text, lexicon)
    if "°" in text and lexicon.code in ("es", "it", "pt"):
        text = ordinals.mark_ordinals(text)
    text = ordinals.read_roman(text, lexicon)
    if _HAS_NUMBER.search(text):
        region = tag.partition("-")[2].lower()
        text = dates.read_dates(text, lexicon, day_first=lexicon.day_first or region not in _MONTH_FIRST_REGIONS)
        text = codes.read_codes(text, lexicon)
        text = verses.read_verses(text, lexicon)
        text = times.read_times(text, lexicon)
        text = money.read_money(text, lexicon)
        text = halves.read_halves(text, lexicon)
        if lexicon.code in ("fr", "es", "it", "pt"):
            text = halves.read_split_metres(text, lexicon)
        text = measures.read_measures(text, lexicon)
        text = ordinals.read_ordinals(text, lexicon)
        text = dates.read_years(text, lexicon)
        text = formulas.read_fractions(text, lexicon)
        text = formulas.read_formulas(text, lexicon)
        text = formulas.read_ranges(text, lexicon)
    else:
        text = formulas.read_formulas(text, lexicon)
    text = formulas.read_signs(text, lexicon)
    text = formulas.read_decimals(text, lexicon)
    text = codes.read_joins(text, lexicon)
    return " ".join(text.split())


def prepare(tag: str) -> None:
    """Load the words and number rules of a language, which takes about 0.1 s, so that the first sentence does not wait
    for it.
    """
    verbalize("1st: $5.99 for 5 km", tag)

"""Converts amounts of money to words: "$5.99" is "five dollars and ninety-nine cents"."""

from __future__ import annotations

import re
from functools import cache

from tertulia_llm.text.verbalization.lexicon import Currency, Lexicon
from tertulia_llm.text.verbalization.numerals import NUMBER, Number, counted, parse, spell

_HUNDREDTHS_DIGITS = 2


@cache
def _pattern(lexicon: Lexicon) -> re.Pattern[str]:
    signs = "|".join(re.escape(sign) for sign in sorted(lexicon.currencies, key=len, reverse=True))
    millions = "|".join(re.escape(word) for word in sorted(lexicon.millions, key=len, reverse=True))
    number = rf"(?:{NUMBER})"
    amount = rf"{number}(?:[ ]?[–—-][ ]?(?:{signs})?{number})?"
    multiplier = rf"[ \u00a0]?(?:{millions})(?!\w)"
    return re.compile(
        rf"(?<![\w.,])(?P<minus>[-−])?(?:"
        rf"(?P<before>{signs})[ \u00a0]?(?P<first>{amount})(?P<times>{multiplier})?"
        rf"|(?P<second>{amount})(?P<times2>{multiplier})?[ \u00a0]?(?P<after>{signs})(?!\w)"
        rf")(?:/(?P<per>[a-z]{{1,12}})\b)?(?!\d)"
    )


def read_money(text: str, lexicon: Lexicon) -> str:
    """Replace the amounts of money in `text` by words."""

    def read(found: re.Match[str]) -> str:
        currency = lexicon.currencies[found["before"] or found["after"]]
        times = (found["times"] or found["times2"] or "").strip(" .\u00a0")
        amount = found["first"] or found["second"]
        said = _amount(amount, lexicon.millions.get(times) or lexicon.millions.get(f"{times}.", ""), currency, lexicon)
        if found["per"]:
            said = f"{said} {lexicon.per} {_unit(found['per'], lexicon)}"
        return f"{lexicon.signs['-']} {said}" if found["minus"] else said

    return _pattern(lexicon).sub(read, text)


def _amount(written: str, times: str, currency: Currency, lexicon: Lexicon) -> str:
    signs = "".join(lexicon.currencies)
    parts = [part.strip(f" \u00a0{signs}") for part in re.split("[–—-]", written)]
    numbers = [parse(part, lexicon) for part in parts]
    *firsts, last = numbers
    said = [spell(first, lexicon, feminine=currency.feminine, noun=True) for first in firsts]
    if times:
        name = currency.name[-1]
        linked = f"{lexicon.million_link}{name}" if times not in lexicon.thousands else name
        said.append(f"{spell(last, lexicon, noun=last.whole == 1)} {times} {linked}")
    else:
        said.append(_exact(last, currency, lexicon, alone=not firsts))
    return f" {lexicon.to} ".join(said)


def _exact(number: Number, currency: Currency, lexicon: Lexicon, *, alone: bool) -> str:
    hundredths = int(number.decimals) if len(number.decimals) == _HUNDREDTHS_DIGITS else 0
    if number.decimals and not hundredths and number.decimals.strip("0"):
        return counted(number, currency.name, lexicon, feminine=currency.feminine)
    whole = counted(Number(number.whole), currency.name, lexicon, feminine=currency.feminine)
    if not hundredths or not currency.part:
        return whole
    part = Number(hundredths)
    if not number.whole and alone:
        return counted(part, currency.part, lexicon)
    said = counted(part, currency.part, lexicon) if lexicon.says_part else spell(part, lexicon)
    return f"{whole}{lexicon.money_join}{said}"


def _unit(written: str, lexicon: Lexicon) -> str:
    return lexicon.units[written][0] if written in lexicon.units else written

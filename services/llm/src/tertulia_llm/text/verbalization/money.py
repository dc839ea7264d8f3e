"""Converts amounts of money to words: "$5.99" is "five dollars and ninety-nine cents"."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from tertulia_llm.text.verbalization import numerals
from tertulia_llm.text.verbalization.lexicon import Currency, Lexicon
from tertulia_llm.text.verbalization.numerals import NUMBER, Number, counted, parse, spell

_HUNDREDTHS_DIGITS = 2
_NO_WHOLE = re.compile(r"(?<![\w.,])([-−]?)([$€£])(?=\.\d)\.")
_SIGN_FOR_MARK = re.compile(r"(?<![\w.,])(\d{1,4})(€)(\d\d)(?!\w|[.,]\d)")
_ARTICLE = re.compile(r"\b(?:[Aa]n?|[Aa]nother|[Oo]ne|[Ee]very|[Ee]ach) $")
_NOUN = re.compile(
    r" (?!(?:a|an|and|or|to|in|on|at|for|from|per|each|is|was|of|off|as|but|if|so|than|that|with|more|less|every|by|"
    r"we|i|"
    r"you|they|he|she|it)\b)[a-z]{2}"
)
_PART = re.compile(rf"({NUMBER})([^–—-]*)")
_PERIODS = {"mo": "month", "yr": "year", "wk": "week", "hr": "hour"}


@cache
def _pattern(lexicon: Lexicon) -> re.Pattern[str]:
    signs = "|".join(re.escape(sign) for sign in sorted(lexicon.currencies, key=len, reverse=True))
    millions = "|".join(re.escape(word) for word in sorted(lexicon.millions, key=len, reverse=True))
    number = rf"(?:{NUMBER})"
    multiplier = rf"[ \u00a0]?(?:{millions})(?!\w)|-(?:{lexicon.millions.get('M', '-')})\b"
    amount = rf"{number}(?:(?:{multiplier})?[ ]?[–—-][ ]?(?:{signs})?{number})?"
    return re.compile(
        rf"(?<![\w.,])(?P<minus>[-−])?(?:"
        rf"(?P<before>{signs})[ \u00a0]?(?P<first>{amount})(?P<times>{multiplier})?"
        rf"|(?P<second>{amount})(?P<times2>{multiplier})?[ \u00a0]?(?P<after>{signs})(?!\w)"
        rf")(?:/(?P<per>[a-z]{{1,12}})\b)?(?!\d)"
    )


@cache
def _signs(lexicon: Lexicon) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(sign) for sign in lexicon.currencies))


def read_money(text: str, lexicon: Lexicon) -> str:
    """Replace the amounts of money in `text` by words."""
    if not _signs(lexicon).search(text):
        return text
    text = _NO_WHOLE.sub(r"\1\g<2>0.", text)
    text = _SIGN_FOR_MARK.sub(r"\1,\3 \2", text)

    def read(found: re.Match[str]) -> str:
        currency = lexicon.currencies[found["before"] or found["after"]]
        times = found["times"] or found["times2"] or ""
        before = found.string[: found.start()]
        if lexicon.code == "en" and _ARTICLE.search(before) and _NOUN.match(found.string, found.end()):
            currency = replace(currency, name=currency.name[:1], part=currency.part[:1])
        elif times.startswith("-"):
            currency = replace(currency, name=currency.name[:1])
        amount = found["first"] or found["second"]
        said = _amount(amount, _multiplier(times, lexicon), currency, lexicon)
        if found["per"]:
            said = f"{said} {lexicon.per} {_unit(found['per'], lexicon)}"
        return f"{lexicon.signs['-']} {said}" if found["minus"] else said

    return _pattern(lexicon).sub(read, text)


def _amount(written: str, times: str, currency: Currency, lexicon: Lexicon) -> str:
    parts = _PART.findall(written)
    numbers = [parse(number, lexicon) for number, _ in parts]
    *firsts, last = numbers
    said = [spell(first, lexicon, feminine=currency.feminine, noun=True) for first in firsts]
    if firsts and (first_times := _multiplier(parts[0][1], lexicon)) and first_times != times:
        said[0] = f"{said[0]} {first_times}"
    if times:
        name = currency.name[-1]
        linked = numerals.linked(name, lexicon) if times not in lexicon.thousands else name
        is_feminine = lexicon.code == "de" and last == Number(1)  # "eine Million"
        said.append(f"{spell(last, lexicon, feminine=is_feminine, noun=last.whole == 1)} {times} {linked}")
    else:
        said.append(_exact(last, currency, lexicon, alone=not firsts))
    return f" {lexicon.to} ".join(said)


def _multiplier(written: str, lexicon: Lexicon) -> str:
    name = written.strip(" .\u00a0-")
    return lexicon.millions.get(name) or lexicon.millions.get(f"{name}.", "")


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
    if lexicon.code == "en" and written in _PERIODS:
        return _PERIODS[written]
    return lexicon.units[written][0] if written in lexicon.units else written

"""Converts numbers with units, percentages and temperatures to words: "5 km/h" is "five kilometers per hour"."""

from __future__ import annotations

import re
from functools import cache

from tertulia_llm.text.verbalization.lexicon import Lexicon
from tertulia_llm.text.verbalization.numerals import NUMBER, counted, parse, spell

_FEET_INCHES = re.compile(r"(?<![\w.])(\d{1,2})['′’][ ]?(\d{1,2})[\"″”](?!\w)")
_BY = {"en": "by", "de": "mal", "es": "por", "fr": "sur", "it": "per", "pt": "por", "nl": "bij", "pl": "na", "ru": "на"}
_PERCENT = re.compile(rf"(?<![\w.,])(?:%[ ]?({NUMBER})|({NUMBER})[ ]?%)")
_MULTIPLIED = re.compile(
    r"(?<![\w.,/$€£-])(?P<number>\d+(?:\.\d+)?)(?:(?P<k>(?<=\d)k|(?<=\d\d)K|(?<=\.\d)K)(?! (?:run|race|video|display|"
    r"TV)\b)|"
    r"(?P<m>(?<=\.\d)[MB]|[MB](?= (?:people|men|women|[a-z]{3,}s)\b)))(?!\w|[.-]\w)"
)
_PLAIN_SQUARES = re.compile(r"(?<=\d)([ ]?)(k?m|cm|mm|ft)([23])(?!\w)")


@cache
def _pattern(lexicon: Lexicon) -> re.Pattern[str]:
    units = "|".join(re.escape(unit) for unit in sorted(lexicon.units, key=len, reverse=True))
    millions = "|".join(re.escape(word) for word in sorted(lexicon.millions, key=len, reverse=True) if len(word) > 1)
    return re.compile(
        rf"(?<![\w.,/])(?P<minus>[-−])?(?:(?P<first>{NUMBER})(?P<range>[ ]?(?:[–—-]|[x×])[ ]?))?(?P<number>{NUMBER})"
        rf"(?:[ \u00a0]?(?P<times>{millions})(?!\w))?[ \u00a0\u202f]?(?P<unit>{units})(?P<dot>\.(?=[ ][^\W\d_A-ZА-Я]))?"
        rf"(?:/(?P<per>{units})|(?![\w²³/°]))(?!['’]?\w)"
    )


@cache
def _bare(lexicon: Lexicon) -> re.Pattern[str]:
    units = "|".join(re.escape(unit) for unit in sorted(lexicon.units, key=len, reverse=True) if "/" in unit)
    return re.compile(rf"(?<![\w/])(?:{units})(?![\w/])")


def read_measures(text: str, lexicon: Lexicon) -> str:
    """Replace the numbers with units in `text` by words."""
    if lexicon.code == "en":
        text = _MULTIPLIED.sub(lambda found: _multiplied(found, lexicon), text)
    text = _PLAIN_SQUARES.sub(lambda found: found[1] + found[2] + ("²" if found[3] == "2" else "³"), text)
    if "ft" in lexicon.units:
        text = _FEET_INCHES.sub(lambda found: _feet_inches(found, lexicon), text)
    if lexicon.percent:
        text = _PERCENT.sub(
            lambda found: lexicon.percent.format(n=spell(parse(found[1] or found[2], lexicon), lexicon)), text
        )
    if "/" in text:
        text = _bare(lexicon).sub(lambda found: _after_sign(text, found, lexicon), text)
    return _pattern(lexicon).sub(lambda found: _read(found, lexicon), text)


def _multiplied(found: re.Match[str], lexicon: Lexicon) -> str:
    said = spell(parse(found["number"], lexicon), lexicon)
    return f"{said} {lexicon.millions[found['k'] or found['m']]}"


def _read(found: re.Match[str], lexicon: Lexicon) -> str:
    unit = lexicon.units[found["unit"]]
    number = parse(found["number"], lexicon)
    ends = found["unit"].endswith(".") and not found.string[found.end() :].strip("\"'”’»)")
    if found["times"]:
        said = f"{spell(number, lexicon)} {lexicon.millions[found['times']]} {unit[-1]}"
    else:
        said = counted(number, unit, lexicon, feminine=found["unit"] in lexicon.feminine_units)
    if found["per"]:
        said = f"{said} {lexicon.per} {lexicon.units[found['per']][0]}"
    if found["first"]:
        between = by(lexicon) if found["range"].strip() in "x×" else lexicon.to
        said = f"{spell(parse(found['first'], lexicon), lexicon)} {between} {said}"
    if found["minus"]:
        space = " " if lexicon.numerals.cardinal else ""
        said = f"{lexicon.negative or lexicon.signs['-']}{space}{said}"
    return f"{said}." if ends else said


def by(lexicon: Lexicon) -> str:
    """The word between the sides of a rectangle."""
    return _BY.get(lexicon.code, lexicon.signs["×"])


def _after_sign(text: str, found: re.Match[str], lexicon: Lexicon) -> str:
    is_counted = re.search(r"\d[ \u00a0]?$", text[: found.start()]) is not None
    return found.group() if is_counted else lexicon.units[found.group()][-1]


def _feet_inches(found: re.Match[str], lexicon: Lexicon) -> str:
    feet = counted(parse(found[1], lexicon), lexicon.units["ft"], lexicon)
    return f"{feet} {spell(parse(found[2], lexicon), lexicon)}"

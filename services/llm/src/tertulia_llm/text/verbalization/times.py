"""Converts times of day to words: "3:30 pm" is "three thirty PM"."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tertulia_llm.text.verbalization import numerals
from tertulia_llm.text.verbalization.lexicon import Lexicon

_HALF_OF_DAY: Final = r"(?:[ \u00a0]?(?P<half>[AaPp])\.?[Mm](?:\.(?=[ ]\S)|\b(?!\.)|(?P<dot>\.)))"
_HOURS: Final = r"[01]?\d|2[0-4]"
_GLUED_HALF: Final = _HALF_OF_DAY.replace("<half>", "<half1>").replace("<dot>", "<dot1>")
_CLOCK: Final = re.compile(
    rf"(?<![\w:.,/])(?P<h>{_HOURS}):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?![\w:]){_HALF_OF_DAY}?(?:[ ](?:Uhr|uur|h)\b)?"
    rf"|(?<![\w:.,/])(?P<h1>{_HOURS}):(?P<m1>[0-5]\d){_GLUED_HALF}"
)
_HOUR: Final = re.compile(rf"(?<![\w:.,/])(?P<h>1[0-2]|0?[1-9]){_HALF_OF_DAY}")
_DOTTED: Final = re.compile(r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])\.(?P<m>[0-5]\d)(?=[ ](?:Uhr|uur)\b)(?:[ ](?:Uhr|uur))")
_WITH_H: Final = re.compile(r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])[ ]?h[ ]?(?P<m>[0-5]\d)(?!\w)")
_TIME: Final = rf"(?:{_HOURS}):[0-5]\d(?!\d)|(?:1[0-2]|0?[1-9])(?=[ ]?[AaPp]\.?[Mm]\b)"
_TIMES: Final = re.compile(
    rf"(?<![\w:.,/–-])(?P<first>{_HOURS})(?P<minutes>:[0-5]\d)?(?P<half>[ ]?[AaPp]\.?[Mm]\b\.?)?"
    rf"[ ]?[–—-][ ]?(?={_TIME})"
)
_HOURS_H: Final = re.compile(r"(?<![\w:.,–-])([01]?\d|2[0-4])[ ]?h([0-5]\d)?[ ]?[–—-][ ]?(?=(?:[01]?\d|2[0-4])[ ]?h)")
_RATIO: Final = re.compile(r"(?<![\d:.,])(\d{1,3}):(\d{1,3})(?![\d:])")
_RATIO_WORDS: Final = frozenset(
    """
    ratio odds aspect scale score verhältnis seitenverhältnis maßstab quote proporción relación escala rapport échelle
    rapporto scala proporção relação verhouding schaal
    """.split()
)
_RATIO_STEMS: Final = ("stosun", "skal", "соотношени", "масштаб", "oran", "ölçek")
_WORDS_BEFORE_CHARS: Final = 40
_DOTTED_TIME: Final = re.compile(r"\d\.[0-5]\d(?!\d)")
_DASH: Final = re.compile(r"\d[ ]?(?:[AaPp]\.?[Mm]\.?|h)?[ ]?[–—-][ ]?\d")
_TO_OF_RATIO: Final = {
    "en": "to", "de": "zu", "es": "a", "fr": "pour", "it": "a", "pt": "para", "nl": "op", "ja": "対",
    "zh": "比",
}  # fmt: skip
_DOTTED_HALF: Final = re.compile(r"(?<![\w:.,])(\d{1,2})\.([0-5]\d)(?=[ ]?[AaPp]\.?[Mm]\b)")
_BEFORE_TIME: Final = {
    "de": "um", "nl": "om", "it": "alle|dalle|ore|all[’']ore", "es": "a las|de las|desde las|hasta las", "pt": "às|das",
    "pl": "o|godz\\.|godzina|godzinie|godziny|godzinę", "ru": "в|к", "tr": "saat",
}  # fmt: skip
"""Words before a time that is written with a full stop: "alle 15.30"."""
_POLISH_PREPOSITION: Final = re.compile(r"(?i:\b(?:o|od|do|po|około|ok\.|koło|od godziny|o godzinie|godziny))[ ]$")
_POLISH_ENDING: Final = re.compile(r"(\w)a\b")
_TEN: Final = 10


@cache
def _dotted_time(language: str) -> re.Pattern[str]:
    before = rf"(?i:(?<!\w)(?:{_BEFORE_TIME[language]})) "
    minutes = r"00|1[3-9]|[2-5]\d" if language == "ru" else r"[0-5]\d"  # "в 5.10" may be a date
    return re.compile(
        rf"(?P<before>{before})(?P<h>{_HOURS})\.(?P<m>{minutes})(?![\w%€$]|[.,:/]\d|\.\w|[ ](?:%|€|m|km))"
    )


def _with_colons(text: str, lexicon: Lexicon) -> str:
    """The text with a colon in the times of day that are written with a full stop."""
    if lexicon.code == "en":
        return _DOTTED_HALF.sub(r"\1:\2", text)
    return _dotted_time(lexicon.code).sub(_with_colon, text) if lexicon.code in _BEFORE_TIME else text


def _with_colon(found: re.Match[str]) -> str:
    return f"{found['before']}{found['h']}:{found['m']}"


def read_times(text: str, lexicon: Lexicon) -> str:
    """Replace the times of day in `text` by words."""
    if _DOTTED_TIME.search(text):
        text = _with_colons(text, lexicon)
    if _DASH.search(text):
        text = _TIMES.sub(lambda found: _until(found, lexicon), text)
        if lexicon.code in ("fr", "pt", "es"):
            text = _HOURS_H.sub(
                lambda found: f"{_said(int(found[1]), int(found[2] or 0), lexicon)} {lexicon.to} ", text
            )
    if ":" in text:
        text = _RATIO.sub(lambda found: _ratio(found, lexicon), text)
        text = _CLOCK.sub(lambda found: _clock(found, lexicon), text)
    if lexicon.code == "en":
        text = _HOUR.sub(lambda found: f"{numerals.cardinal(int(found['h']), lexicon)} {_half(found)}", text)
    if lexicon.code in ("de", "nl"):
        text = _DOTTED.sub(lambda found: _said(int(found["h"]), int(found["m"]), lexicon), text)
    if lexicon.code in ("fr", "pt", "es"):
        text = _WITH_H.sub(lambda found: _said(int(found["h"]), int(found["m"]), lexicon), text)
    return text


def _until(found: re.Match[str], lexicon: Lexicon) -> str:
    """The first of two times, with "to": the second is read as any time."""
    first = found["first"] if found["minutes"] or found["half"] else numerals.cardinal(int(found["first"]), lexicon)
    return f"{first}{found['minutes'] or ''}{found['half'] or ''} {lexicon.to} "


def _ratio(found: re.Match[str], lexicon: Lexicon) -> str:
    before = found.string[max(0, found.start() - _WORDS_BEFORE_CHARS) : found.start()].lower().split()[-3:]
    if not any(word in _RATIO_WORDS or word.startswith(_RATIO_STEMS) for word in before):
        return found.group()
    if lexicon.code not in _TO_OF_RATIO:
        return f"{found[1]} : {found[2]}"  # the second number needs a case: digits stay
    first, second = (numerals.cardinal(int(found[part]), lexicon) for part in (1, 2))
    return f"{first} {_TO_OF_RATIO[lexicon.code]} {second}"


def _clock(found: re.Match[str], lexicon: Lexicon) -> str:
    hour, minute = int(found["h"] or found["h1"]), int(found["m"] or found["m1"])
    if found["s"]:
        parts = (hour, minute, int(found["s"]))
        return " ".join(numerals.cardinal(part, lexicon) for part in parts)
    half = found["half"] or found["half1"]
    if half and lexicon.code == "en":
        said = numerals.cardinal(hour, lexicon) if not minute else _said(hour, minute, lexicon)
        return f"{said} {_half(found)}"
    case = lexicon.code == "pl" and _POLISH_PREPOSITION.search(found.string[: found.start()]) is not None
    said = _said(hour, minute, lexicon, after_preposition=case)
    return f"{said} {half.upper()}M" if half else said


def _half(found: re.Match[str]) -> str:
    groups = found.groupdict()
    half, dot = groups["half"] or groups.get("half1") or "", groups["dot"] or groups.get("dot1") or ""
    return f"{half.upper()}M{dot}"


def _said(hour: int, minute: int, lexicon: Lexicon, *, after_preposition: bool = False) -> str:
    hour_said = (
        lexicon.hours[hour % 24] if lexicon.hours else numerals.cardinal(hour, lexicon, feminine=True, noun=True)
    )
    if lexicon.code == "pl" and after_preposition:
        hour_said = _POLISH_ENDING.sub(r"\1ej", hour_said.replace("zero", "zerowa").replace("druga", "drugia"))
    if not minute:
        return lexicon.full_hour.format(h=hour_said)
    minute_said = numerals.cardinal(minute, lexicon)
    if lexicon.code == "en" and minute < _TEN:
        minute_said = f"oh {minute_said}"
    return lexicon.time.format(h=hour_said, m=minute_said)

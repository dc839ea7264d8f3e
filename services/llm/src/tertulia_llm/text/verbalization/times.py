"""Converts times of day to words: "3:30 pm" is "three thirty PM"."""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.text.verbalization import numerals
from tertulia_llm.text.verbalization.lexicon import Lexicon

_HALF_OF_DAY: Final = r"(?:[ \u00a0]?(?P<half>[AaPp])\.?[Mm](?:\.(?=[ ][a-z0-9,])|\b(?!\.)|(?P<dot>\.)))"
_HOURS: Final = r"[01]?\d|2[0-4]"
_GLUED_HALF: Final = _HALF_OF_DAY.replace("<half>", "<half1>").replace("<dot>", "<dot1>")
_CLOCK: Final = re.compile(
    rf"(?<![\w:.,/])(?P<h>{_HOURS}):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?![\w:]){_HALF_OF_DAY}?(?:[ ](?:Uhr|uur|h)\b)?"
    rf"|(?<![\w:.,/])(?P<h1>{_HOURS}):(?P<m1>[0-5]\d){_GLUED_HALF}"
)
_HOUR: Final = re.compile(rf"(?<![\w:.,/])(?P<h>1[0-2]|0?[1-9]){_HALF_OF_DAY}")
_DOTTED: Final = re.compile(r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])\.(?P<m>[0-5]\d)(?=[ ](?:Uhr|uur)\b)(?:[ ](?:Uhr|uur))")
_WITH_H: Final = re.compile(r"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])[ ]?h[ ]?(?P<m>[0-5]\d)(?!\w)")
_TEN: Final = 10


def read_times(text: str, lexicon: Lexicon) -> str:
    """Replace the times of day in `text` by words."""
    if ":" in text:
        text = _CLOCK.sub(lambda found: _clock(found, lexicon), text)
    if lexicon.code == "en":
        text = _HOUR.sub(lambda found: f"{numerals.cardinal(int(found['h']), lexicon)} {_half(found)}", text)
    if lexicon.code in ("de", "nl"):
        text = _DOTTED.sub(lambda found: _said(int(found["h"]), int(found["m"]), lexicon), text)
    if lexicon.code in ("fr", "pt", "es"):
        text = _WITH_H.sub(lambda found: _said(int(found["h"]), int(found["m"]), lexicon), text)
    return text


def _clock(found: re.Match[str], lexicon: Lexicon) -> str:
    hour, minute = int(found["h"] or found["h1"]), int(found["m"] or found["m1"])
    if found["s"]:
        parts = (hour, minute, int(found["s"]))
        return " ".join(numerals.cardinal(part, lexicon) for part in parts)
    half = found["half"] or found["half1"]
    if half and lexicon.code == "en":
        said = numerals.cardinal(hour, lexicon) if not minute else _said(hour, minute, lexicon)
        return f"{said} {_half(found)}"
    said = _said(hour, minute, lexicon)
    return f"{said} {half.upper()}M" if half else said


def _half(found: re.Match[str]) -> str:
    groups = found.groupdict()
    half, dot = groups["half"] or groups.get("half1") or "", groups["dot"] or groups.get("dot1") or ""
    return f"{half.upper()}M{dot}"


def _said(hour: int, minute: int, lexicon: Lexicon) -> str:
    hour_said = (
        lexicon.hours[hour % 24] if lexicon.hours else numerals.cardinal(hour, lexicon, feminine=True, noun=True)
    )
    if not minute:
        return lexicon.full_hour.format(h=hour_said)
    minute_said = numerals.cardinal(minute, lexicon)
    if lexicon.code == "en" and minute < _TEN:
        minute_said = f"oh {minute_said}"
    return lexicon.time.format(h=hour_said, m=minute_said)

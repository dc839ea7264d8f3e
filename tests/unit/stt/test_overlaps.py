"""Tables of speech over a character, in twelve languages. The tables with "aside" in their names were labelled before
the rules were tested with them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tertulia_shared.stop_phrases import is_plain_stop
from tertulia_stt.barge_in import BargeInDecision, Bounds, Heard, Spoken, decide
from tertulia_stt.engine import SAMPLE_RATE

NAMES = ("Luna", "Rex", "Sage")
BOUNDS = Bounds(min_ms=400, echo_share=0.6)
HALF_A_SECOND = SAMPLE_RATE // 2
MIN_ASIDE = 0.95
"""Minimum share of right decisions in a table with "aside" in its name."""


def table(name: str) -> list[tuple[str, str, str, str]]:
    lines = (Path(__file__).parent / name).read_text("utf-8").splitlines()
    rows = [tuple(part.strip() for part in line.split("|")) for line in lines if line and not line.startswith("#")]
    return [(language, said, heard, expected) for language, said, heard, expected in rows]


def kind_of(said: str, heard: str) -> str:
    decision = decide(Heard(HALF_A_SECOND, heard, is_final=True), Spoken((said,), NAMES), BOUNDS)
    if decision is not BargeInDecision.BREAK_IN:
        return "ignored"
    return "stop" if is_plain_stop(heard, NAMES) else "interrupts"


@pytest.mark.parametrize(("language", "said", "heard", "expected"), table("overlaps.txt"))
def test_speech_over_a_character_is_classified_as_labelled(language: str, said: str, heard: str, expected: str) -> None:
    assert kind_of(said, heard) == expected, language


@pytest.mark.parametrize("row", [row for row in table("overlaps.txt") if row[3] == "stop"])
def test_plain_stop_interrupts_however_short_it_is(row: tuple[str, str, str, str]) -> None:
    _, said, heard, _ = row
    for is_final in (False, True):
        assert decide(Heard(0, heard, is_final), Spoken((said,), NAMES), BOUNDS) is BargeInDecision.BREAK_IN


@pytest.mark.parametrize("name", ["overlaps_aside.txt", "overlaps_aside_2.txt", "overlaps_aside_3.txt"])
def test_95_percent_of_each_aside_table_are_classified_as_labelled(name: str) -> None:
    rows = table(name)
    wrong = [(heard, expected) for _, said, heard, expected in rows if kind_of(said, heard) != expected]
    assert len(wrong) <= (1 - MIN_ASIDE) * len(rows), wrong

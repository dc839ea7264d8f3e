"""The units of a sentence that a match in its text touches."""

from __future__ import annotations

import pytest

from tertulia_llm.text.addressing.sentences import Gap, Unit, joined, units_within

UNITS = [Unit(word, Gap.NONE) for word in ("ask", "luna", "now")]


@pytest.mark.parametrize(
    ("matched", "words"),
    [
        ("ask", ["ask"]),
        ("sk l", ["ask", "luna"]),
        (" luna", ["ask", "luna"]),  # the space after a unit belongs to it
        ("luna ", ["luna"]),
        ("luna now", ["luna", "now"]),
        ("ask luna now", ["ask", "luna", "now"]),
    ],
)
def test_units_of_a_match(matched: str, words: list[str]) -> None:
    start = joined(UNITS).index(matched)
    assert [unit.text for unit in units_within(UNITS, (start, start + len(matched)))] == words


def test_empty_match_touches_no_unit() -> None:
    assert units_within(UNITS, (5, 5)) == []

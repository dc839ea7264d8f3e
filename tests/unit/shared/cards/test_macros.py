"""The macros of cards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tertulia_shared.cards.macros import MacroValues, expand

VALUES = MacroValues(
    char="Mira",
    user="Jay",
    texts={"scenario": "a shop of {{user}}"},
    now=datetime(2026, 3, 1, 9, 5),  # noqa: DTZ001 - only its parts are shown
    seed="reply-1",
    fixed_seed="mira",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{char}} and {{user}}", "Mira and Jay"),
        ("{{ CHAR }} and <user>, <BOT>, <Char>", "Mira and Jay, Mira, Mira"),
        ("a{{// a note, {braces no} }}b", "a{{// a note, {braces no} }}b"),
        ("a{{// a note}}b{{comment: c}}{{hidden_key:d}}", "ab"),
        ("{{scenario}}", "a shop of Jay"),
        ("{{original}}!", "!"),
        ("{{newline}}{{trim}}{{noop}}", "\n"),
        ("{{isodate}} {{isotime}} {{weekday}} {{time}}", "2026-03-01 09:05 Sunday 09:05"),
        ("{{date}}", "March 1, 2026"),
        ("{{reverse:abc}}", "cba"),
        ("{{random:same}} {{pick::same}}", "same same"),
        ("{{random:{{user}},{{user}}}}", "Jay"),
        ("{{random:a\\,b}}", "a,b"),
        ("{{unknown}} {{setvar::a::b}} {x}", "{{unknown}} {{setvar::a::b}} {x}"),
        ("{{roll:d1}} {{roll:1}} {{roll:3d1}} {{roll 1}}", "1 1 3 1"),
    ],
)
def test_macro_is_expanded(text: str, expected: str) -> None:
    assert expand(text, VALUES) == expected


def test_random_choice_depends_on_the_seed_and_a_pick_does_not() -> None:
    seeds = [replace(VALUES, seed=f"reply-{number}") for number in range(40)]
    assert {expand("{{random:a,b}}", each) for each in seeds} == {"a", "b"}
    assert len({expand("{{pick:a,b,c,d}}", each) for each in seeds}) == 1
    assert {int(expand("{{roll:d6}}", each)) for each in seeds} <= set(range(1, 7))


def test_time_without_a_clock_stays_as_it_is() -> None:
    assert expand("{{time}}", replace(VALUES, now=None)) == "{{time}}"

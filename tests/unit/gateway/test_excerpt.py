"""Excerpts of messages in the list of conversations."""

from __future__ import annotations

import pytest

from tertulia_gateway.rest.excerpt import MAX_CHARS, excerpt

LONG = "word " * 100


@pytest.mark.parametrize(
    ("text", "search", "expected"),
    [
        ("Good\n\n evening.", "", "Good evening."),
        ("", "", ""),
        (LONG, "", LONG[:MAX_CHARS].rstrip() + "…"),
        (f"a comet {LONG}", "Comet", f"a comet {LONG}"[:MAX_CHARS].rstrip() + "…"),
        (f"{LONG}a comet", "COMET", "…" + "word " * 7 + "a comet"),
        (LONG + "x" * 300, "xx", None),
        ("title only", "comet", "title only"),
    ],
)
def test_excerpt_is_one_line_that_contains_what_is_looked_for(text: str, search: str, expected: str | None) -> None:
    found = excerpt(text, search)
    assert len(found) <= MAX_CHARS + 2
    if expected is None:
        assert search in found
    else:
        assert found == expected

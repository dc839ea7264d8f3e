"""A short excerpt of a message, for a list."""

from __future__ import annotations

from typing import Final

MAX_CHARS: Final = 140
CONTEXT_CHARS: Final = 40
"""How much text stands before the place that is looked for."""


def excerpt(text: str, search: str = "") -> str:
    """One line of the text: its beginning, or the place that contains `search`. An ellipsis marks what is left out."""
    line = " ".join(text.split())
    found = line.casefold().find(search.casefold()) if search else 0
    start = max(0, found - CONTEXT_CHARS) if found + len(search) > MAX_CHARS else 0
    if start:
        start = line.find(" ", start, found) + 1 or start
    part = line[start : start + MAX_CHARS]
    return f"{'…' if start else ''}{part.rstrip()}{'…' if start + MAX_CHARS < len(line) else ''}"

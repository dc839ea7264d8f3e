"""Ids of stream entries, `<ms>-<seq>`. Pure."""

from __future__ import annotations

BEGINNING = "0-0"
"""The id before the first entry of every stream."""


def order(entry_id: str) -> tuple[int, int]:
    """The sort key of an id: Redis compares both parts as numbers. "" sorts as `BEGINNING`.

    Raises:
        ValueError: it is not an entry id.
    """
    ms, _, seq = entry_id.partition("-")
    return int(ms or 0), int(seq or 0)

"""The usage that a model server reports: tokens and cost, of one reply or summed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias, cast

Usage: TypeAlias = dict[str, "int | float"]
"""Figures by name; a figure that the server did not report is missing."""

USAGE: Final = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cost")
"""The names of the figures. `reasoning_tokens` are part of `completion_tokens`."""
MAX_FIGURE: Final = 2**63
"""Figures from here on are too large for msgpack and JSON readers, and are skipped."""


def possible_usage(wire: object) -> Usage:
    """Read usage from an untrusted structure. Figures that are not in `USAGE`, or not numbers, are skipped."""
    return added({}, cast("Mapping[str, Any]", wire)) if isinstance(wire, Mapping) else {}


def added(before: Mapping[str, int | float], usage: Mapping[str, Any]) -> Usage:
    """The sums of two usages. Figures of `usage` that are not in `USAGE`, or not numbers, are skipped."""
    total = dict(before)
    for name in USAGE:
        figure = usage.get(name)
        if isinstance(figure, int | float) and not isinstance(figure, bool):
            summed = total.get(name, 0) + figure
            if -MAX_FIGURE < summed < MAX_FIGURE:  # this comparison is false for NaN
                total[name] = summed
    return total


def summed_usage(sums: object) -> Usage:
    """Convert sums from a database, which are floats: whole numbers become integers."""
    return {
        name: int(figure) if name != "cost" and figure == int(figure) else figure
        for name, figure in possible_usage(sums).items()
    }


def total(usages: Iterable[object]) -> Usage:
    """The sum of usages that may be of any type."""
    summed: Usage = {}
    for usage in usages:
        if isinstance(usage, Mapping):
            summed = added(summed, cast("Mapping[str, Any]", usage))
    return summed

"""Adds up the figures of use that model servers report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_FIGURE = 2**63
"""Figures from here on are too large for msgpack and JSON readers, and are skipped."""
USAGE = ("prompt_tokens", "completion_tokens", "cost")


def added(before: Mapping[str, int | float], usage: Mapping[str, Any]) -> dict[str, int | float]:
    """Add a request's usage to that of earlier ones. Figures that are not in `USAGE` or not numbers are skipped."""
    total = dict(before)
    for name in USAGE:
        figure = usage.get(name)
        if isinstance(figure, int | float) and not isinstance(figure, bool):
            summed = total.get(name, 0) + figure
            if -MAX_FIGURE < summed < MAX_FIGURE:  # false for NaN
                total[name] = summed
    return total

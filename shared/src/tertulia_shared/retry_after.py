"""Reads how long an HTTP server asks its clients to wait before they try again. Pure."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT_S: Final = 20.0
"""A server that asks for a longer wait is not asked again: a conversation cannot wait so long."""


def retry_after_s(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The wait in seconds, from the headers `retry-after-ms` and `retry-after` (seconds or a date); None if there is
    none. `now`: seconds since 1970. The mapping must ignore case, or have lower-case names.
    """
    ms = _number(headers.get("retry-after-ms", ""))
    if ms is not None:
        return ms / 1000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    try:
        at = parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, at - (time.time() if now is None else now))


def wait_before_retry(attempt: int, asked_s: float | None, first_s: float) -> float | None:
    """The wait before attempt number `attempt` + 1 (from 0): what the server asks for, else a wait that doubles from
    `first_s`. None: the server asks for too long a wait.
    """
    if asked_s is None:
        return min(first_s * 2**attempt, LONGEST_WAIT_S)
    return asked_s if asked_s <= LONGEST_WAIT_S else None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None

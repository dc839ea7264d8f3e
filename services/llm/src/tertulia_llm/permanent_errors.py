"""Separates errors that recur at every attempt from those that may pass. Pure."""

from __future__ import annotations

from tertulia_shared.bus import WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry
from tertulia_shared.store import InvalidRecord, NotFound


def is_permanent(error: BaseException) -> bool:
    """True if the same call would fail again: Redis or the store refuses it for good, or a value hits a bug."""
    match error:
        case WritesPaused() | BadEntry() | NotFound():
            return False
        case WriteRefused() | InvalidRecord():
            return True
        case _:
            return isinstance(error, ValueError | TypeError | LookupError | ArithmeticError | AttributeError)

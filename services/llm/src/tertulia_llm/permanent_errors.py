"""Separates permanent errors, which a retry would meet again, from temporary ones. Pure."""

from __future__ import annotations

from tertulia_shared.bus import WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry
from tertulia_shared.store import InvalidRecord, NotFound


def is_permanent(error: BaseException) -> bool:
    """True if a retry would fail, too: Redis or the store refuses the value permanently, or the value triggers a
    bug.
    """
    match error:
        case WritesPaused() | BadEntry() | NotFound():
            return False
        case WriteRefused() | InvalidRecord():
            return True
        case _:
            return isinstance(error, ValueError | TypeError | LookupError | ArithmeticError | AttributeError)

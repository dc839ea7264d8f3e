"""Which errors a turn meets again however often it is attempted. Pure."""

from __future__ import annotations

from tertulia_shared.bus import WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry
from tertulia_shared.store import InvalidRecord, NotFound


def is_permanent(error: BaseException) -> bool:
    """Whether the same call will fail again: Redis or the store refuses it for good, or a value breaks the worker."""
    match error:
        case WritesPaused() | BadEntry() | NotFound():
            return False
        case WriteRefused() | InvalidRecord():
            return True
        case _:
            return isinstance(error, ValueError | TypeError | LookupError | ArithmeticError | AttributeError)

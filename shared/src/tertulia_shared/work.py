"""How a piece of work can end, and what a handler raises to say so. No I/O.

BadWork          it can never succeed (unreadable entry, wrong ids): dead-letter it and tell the client
UnknownVersion   a newer release wrote it, or what it points at: a worker of that release may do it, else as BadWork
RetryLater       it may succeed later (engine busy, server away): leave it pending
"""

from __future__ import annotations

from enum import Enum

from tertulia_shared.bus.port.errors import BusUnavailable, NotOwner, Stale, WritesPaused
from tertulia_shared.codec import BadEntry, Fields, UnknownVersion
from tertulia_shared.entries import Work
from tertulia_shared.exception_groups import first_error


class BadWork(Exception):
    """This work can never succeed; the message says why."""


class RetryLater(Exception):
    """This work failed now and may succeed later; the message says why."""


class Ending(Enum):
    """What becomes of a work entry."""

    FINISH = "finish"
    """Its effect is durable (or no longer wanted): acknowledge."""
    LOST = "lost"
    """A peer owns it now: nothing to do."""
    RETRY = "retry"
    """Leave it pending: it is delivered again when its lease has run out."""
    INTERRUPTED = "interrupted"
    """Redis is away, or takes no writes just now: the same worker goes on when it is back; no failed attempt."""
    NEWER = "newer"
    """Leave it to a worker of a newer release; where there is none, give it up."""
    DEAD = "dead"
    """Give it up, visibly."""


def ending_of(error: BaseException | None) -> Ending:
    """How the work ends whose handler returned (None) or raised `error` (of a group, the first in it counts)."""
    match None if error is None else first_error(error):
        case None | Stale():
            return Ending.FINISH
        case NotOwner():
            return Ending.LOST
        case UnknownVersion():
            return Ending.NEWER
        case BadWork() | BadEntry():
            return Ending.DEAD
        case BusUnavailable() | WritesPaused():
            return Ending.INTERRUPTED
        case _:  # also a bug, or trouble nobody thought of: another attempt may do, and attempts are counted
            return Ending.RETRY


def pointed_at(fields: Fields) -> Work:
    """What a work entry points at, in whatever version it is written: enough to say that it is given up."""
    ids = (
        fields.get(name, b"").decode(errors="replace") for name in (b"conversation_id", b"message_id", b"session_id")
    )
    return Work(*ids)

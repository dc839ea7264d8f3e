"""The endings of a piece of work, and the errors with which a handler selects one. No I/O.

BadWork          the work can never succeed (unreadable entry, wrong ids): dead-letter it and tell the client
UnknownVersion   a newer release wrote the work or its stream: for a worker of that release, otherwise like BadWork
RetryLater       the work may succeed later (engine busy, server unavailable): leave it pending
ForAnother       another worker should do the work: return it, without counting the attempt
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum

from tertulia_shared.bus.port.errors import BusUnavailable, NotOwner, Stale, WriteRefused, WritesPaused
from tertulia_shared.bus.port.work import Claim
from tertulia_shared.codec import BadEntry, Fields, UnknownVersion
from tertulia_shared.entries import Work
from tertulia_shared.exception_groups import first_error


class BadWork(Exception):
    """This work can never succeed; the message names the reason."""


class RetryLater(Exception):
    """This work failed now and may succeed later; the message names the reason."""


class ForAnother(Exception):
    """Another worker should do this work; the message names the reason."""


class Ending(Enum):
    """The ending of a work entry."""

    FINISH = "finish"
    """Its effect is durable (or no longer wanted): acknowledge."""
    LOST = "lost"
    """A peer owns the work now: do nothing."""
    RETRY = "retry"
    """Leave it pending: it is delivered again when its lease has expired."""
    INTERRUPTED = "interrupted"
    """Redis is unavailable, or takes no writes now: the same worker continues later; not a failed attempt."""
    NEWER = "newer"
    """Leave it to a worker of a newer release; give it up if there is no such worker."""
    FOR_ANOTHER = "for another"
    """Return it to the queue; not a failed attempt."""
    DEAD = "dead"
    """Give it up: dead-letter it and report it to the client."""


def ending_of(error: BaseException | None) -> Ending:  # noqa: PLR0911 - one for each ending
    """The ending of work whose handler returned (None) or raised `error` (of a group, its first error)."""
    match None if error is None else first_error(error):
        case None | Stale():
            return Ending.FINISH
        case NotOwner():
            return Ending.LOST
        case UnknownVersion():
            return Ending.NEWER
        case BadWork() | BadEntry():
            return Ending.DEAD
        case ForAnother():
            return Ending.FOR_ANOTHER
        case BusUnavailable() | WritesPaused():
            return Ending.INTERRUPTED
        case _:  # a bug or an unexpected error, too: another attempt may succeed, and the number of attempts is bounded
            return Ending.RETRY


@contextmanager
def permanent_refusal_is_bad_work() -> Generator[None]:
    """Raise `BadWork` if Redis permanently refuses a write of the block: every further attempt would fail as well."""
    try:
        yield
    except WritesPaused:
        raise
    except WriteRefused as error:
        raise BadWork(str(error)) from error


def log_ids(claim: Claim, worker: str) -> dict[str, object]:
    """The ids of a piece of work for its log lines."""
    work = pointed_at(claim.fields)
    return {
        "work_id": claim.id,
        "attempt": claim.attempt,
        "worker": worker,
        "conversation_id": work.conversation_id,
        "message_id": work.message_id,
        "session_id": work.session_id,
        "turn_id": work.turn_id,
    }


def pointed_at(fields: Fields) -> Work:
    """Read the ids of a work entry of any schema version; they suffice to report that the work was given up."""
    names = ("conversation_id", "message_id", "session_id", "turn_id")
    return Work(**{name: fields.get(name.encode(), b"").decode(errors="replace") for name in names})

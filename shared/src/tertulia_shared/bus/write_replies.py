"""What Redis' replies say about a batch of writes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.port.errors import NotOwner, Stale, WriteRefused
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.scripts.writing import FENCED, STALE, WRITTEN_BEFORE

NOT_OWNER = "another worker owns this work now"


class NotOpened(Exception):
    """An append found no stream to open, or not the script that opens it; nothing was written."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The error of a batch, or None. `skipped`: see `Outlet.skipped`."""

    error: Exception | None = None
    skipped: bool = False


def after_script(replies: Sequence[Any]) -> Outcome:
    """The outcome of a batch that the script `WRITE` wrote."""
    (reply,) = replies
    if isinstance(reply, ErrorReply):
        return Outcome(refusal_of(reply, "a write"))
    error = refusal(reply)
    return Outcome(error, skipped=error is None and reply[1] > 0)


def after_commands(replies: Sequence[Any]) -> Outcome:
    """The outcome of plain commands."""
    skipped = False
    for reply in replies:
        if isinstance(reply, ErrorReply):
            if WRITTEN_BEFORE not in str(reply):
                return Outcome(refusal_of(reply, "a write"))
            skipped = True
    return Outcome(skipped=skipped)


def after_append(replies: Sequence[Any]) -> Outcome:
    """The outcome of the commands of `fenced_append`; after `NotOpened`, the caller writes with the script instead."""
    # an error here: Redis refused to queue a command, and then the transaction; nothing was written
    if (queued := after_commands(replies)).error is not None:
        return queued
    opened, *added, closed = replies[-1]
    if isinstance(opened, ErrorReply):
        return Outcome(NotOpened(str(opened)))
    if (error := refusal(opened)) is not None:
        return Outcome(error)
    outcome = after_commands(added)
    return outcome if closed == 1 else Outcome(WriteRefused(f"Redis did not close a stream: {closed!r}"))


def refusal(reply: object) -> Exception | None:
    """The error for a script's reply `{code, epoch}`; None if the script wrote."""
    if not isinstance(reply, list) or not reply:
        return WriteRefused(f"Redis answered a script with {reply!r}")
    if reply[0] == FENCED:
        return NotOwner(NOT_OWNER)
    if reply[0] == STALE:
        return Stale(f"interrupted: the conversation is at epoch {reply[1]}")
    return None

"""What Redis' replies say about a batch of writes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.port.errors import BusUnavailable, NotOwner, Stale, WriteRefused
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.scripts.writing import FENCED, STALE, WRITTEN_BEFORE


class NotOpened(Exception):
    """An append found no stream to open, or not the script that opens it; nothing was written."""


def after_script(replies: Sequence[Any]) -> Exception | None:
    """The error of a batch that a script wrote; None if it was written."""
    (reply,) = replies
    if isinstance(reply, BusUnavailable):
        return reply
    if isinstance(reply, ErrorReply):
        return refusal_of(reply, "a write")
    return refusal(reply)


def after_commands(replies: Sequence[Any]) -> Exception | None:
    """The error of plain commands; None if all of them succeeded."""
    for reply in replies:
        if isinstance(reply, BusUnavailable):
            return reply
        if isinstance(reply, ErrorReply) and WRITTEN_BEFORE not in str(reply):
            return refusal_of(reply, "a write")
    return None


def after_append(replies: Sequence[Any]) -> Exception | None:
    """The error of the commands of `fenced_append`; `NotOpened` if the caller is to write with the script instead."""
    # an error here: Redis refused to queue a command, and then the transaction; nothing was written
    if (error := after_commands(replies)) is not None:
        return error
    opened, *added, closed = replies[-1]
    if isinstance(opened, ErrorReply):
        return NotOpened(str(opened))
    error = refusal(opened) or after_commands(added)
    return error if error is not None or closed == 1 else WriteRefused(f"Redis did not close a stream: {closed!r}")


def refusal(reply: object) -> Exception | None:
    """The error for a script's reply `{code, epoch}`; None if the script wrote."""
    if not isinstance(reply, list) or not reply:
        return WriteRefused(f"Redis answered a script with {reply!r}")
    if reply[0] == FENCED:
        return NotOwner("another worker owns this work now")
    if reply[0] == STALE:
        return Stale(f"interrupted: the conversation is at epoch {reply[1]}")
    return None

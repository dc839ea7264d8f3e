"""Decides when a summary is to be extended, and by which messages. Pure.

A summary is extended before a message leaves the prompt, and then by many messages at once. Between two extensions, a
prompt begins with the same text as the one before, which a model server need not read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_shared.store import Message
from tertulia_shared.store.ordering import turn_time_ms

DUE_SHARE: Final = 5 / 6
"""A summary is due when the messages that it does not cover fill this share of the prompt's history."""
BATCH_MESSAGES: Final = 100
BATCH_CHARS: Final = 12_000
"""At most so many messages and characters go into one request."""


def messages_to_keep(uncovered: int, history: int) -> int | None:
    """How many of the last messages stay in the prompt when the summary is extended; None: it is not due.

    Args:
        uncovered: the number of messages that the summary does not cover.
        history: the most messages that a prompt has room for.
    """
    return default_keep(history) if uncovered >= history * DUE_SHARE and uncovered > 1 else None


def default_keep(history: int) -> int:
    """How many of the last messages stay in a prompt that has room for `history` messages."""
    return max(1, history // 2)


@dataclass(frozen=True, slots=True)
class Batch:
    """The messages that are next to be summed up. `covers`: the position up to which they reach."""

    messages: Sequence[Message]
    covers: int
    times_ms: tuple[int, int]
    """The times of the first and the last turn."""


def next_batch(page: Sequence[Message], end: int, most: int = BATCH_MESSAGES, chars: int = BATCH_CHARS) -> Batch | None:
    """The first messages of `page` before the position `end`, as many as one request may have; None if there are none.

    `page`: the messages that the summary does not cover, oldest first. At least one message is taken, and all that have
    the same position as the last one.
    """
    taken: list[Message] = []
    room = chars
    for message in page:
        if message.position >= end:
            break
        room -= len(message.text)
        if taken and (room < 0 or len(taken) >= most) and message.position != taken[-1].position:
            break
        taken.append(message)
    if not taken:
        return None
    return Batch(
        [message for message in taken if is_remembered(message)],
        taken[-1].position,
        (turn_time_ms(taken[0].position), turn_time_ms(taken[-1].position)),
    )


def end_of_past(newest: Sequence[Message], keep: int, planned: int | None) -> int:
    """The position before which messages may be summed up; 0: none.

    Args:
        newest: the last messages of the conversation, oldest first. keep: how many of the last messages stay.
        planned: the first position of the turn that was planned last, which the user may still cut short.
    """
    if len(newest) <= keep:
        return 0
    last_turn = next(message.position for message in newest if message.turn_id == newest[-1].turn_id)
    return min(newest[-keep].position, last_turn, *([] if planned is None else [planned]))


def is_remembered(message: Message) -> bool:
    """True if the characters remember something of the message: not of a reply of which nothing was heard."""
    return message.status != "streaming" and bool(message.text.strip())

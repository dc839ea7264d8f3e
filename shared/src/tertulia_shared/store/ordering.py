"""The order of messages, and the rule for conflicting writes of one message. Pure policy; every store follows it."""

from __future__ import annotations

import re
from typing import Final

from tertulia_shared.store.errors import InvalidRecord
from tertulia_shared.store.records import Message, Status

POSITION_EPOCH_MS: Final = 1_735_689_600_000
"""2025-01-01T00:00:00Z. Counting from here keeps a position below 2**53 until 2094, so JavaScript reads it exactly."""
POSITIONS_PER_MS: Final = 4096
POSITIONS_PER_TURN: Final = 128

STATUS_RANK: Final[dict[Status, int]] = {"streaming": 0, "failed": 1, "complete": 2, "interrupted": 3}
"""A write of lower rank never replaces one of higher rank, even if it arrives later.

A repeated turn may succeed after a failure, so `complete` beats `failed`. `interrupted` beats `complete`: its text is
what the user heard, and a late write must not bring the rest of the reply back.
"""

_ENTRY_ID = re.compile(r"(\d{1,15})-(\d{1,9})")


def turn_position(turn_entry_id: str, slot: int) -> int:
    """The position of a message, from the id of its turn's entry in the conversation's `turns` stream.

    `slot` is 0 for the user's message and 1, 2, … for the replies in the order in which they are given.

    Redis gave the turn its id, so all writers agree on the order without asking each other, and a late row still sorts
    to its place. (A counter in the table would number messages in the order of commits.)

    Each millisecond has 4096 positions, and each turn has 128 of them. A turn with more replies, or more than 32 turns
    in one millisecond, use the positions that follow. (While Redis' clock is behind, it gives successive entries the
    same millisecond.) Those positions are free unless another turn of the conversation came in the next millisecond.

    Raises:
        InvalidRecord: not a stream id of 2025 or later, or a slot outside 0..4095.
    """
    match = _ENTRY_ID.fullmatch(turn_entry_id)
    if match is None:
        raise InvalidRecord("turn_entry_id", f"{turn_entry_id!r} is not a stream entry id such as '1767225600000-0'")
    if not 0 <= slot < POSITIONS_PER_MS:
        raise InvalidRecord("slot", f"{slot} is not in 0..{POSITIONS_PER_MS - 1} (0: the user, 1…: the replies)")
    since_epoch_ms = int(match[1]) - POSITION_EPOCH_MS
    if since_epoch_ms < 0:
        raise InvalidRecord(
            "turn_entry_id", f"{turn_entry_id!r} is older than 2025: check the clock of the Redis server"
        )
    return since_epoch_ms * POSITIONS_PER_MS + int(match[2]) * POSITIONS_PER_TURN + slot


def turn_time_ms(position: int) -> int:
    """The time of the id of a message's turn, in ms since 1970."""
    return position // POSITIONS_PER_MS + POSITION_EPOCH_MS


def supersedes(new: Message, old: Message) -> bool:
    """True if `new` replaces `old` (two writes of one id): it has a higher rank, or the same rank and is not older."""
    new_rank, old_rank = STATUS_RANK[new.status], STATUS_RANK[old.status]
    return new_rank > old_rank or (new_rank == old_rank and new.updated_at >= old.updated_at)

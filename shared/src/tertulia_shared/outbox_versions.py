"""The outbox's writes that choose a version of a message, or remove a message."""

from __future__ import annotations

from tertulia_shared import codec
from tertulia_shared.codec import BadEntry
from tertulia_shared.entries import StoreWrite


def choose_write(conversation_id: str, message_id: str, before: int) -> StoreWrite:
    return StoreWrite("choose", conversation_id, message_id, codec.pack({"before": before}))


def remove_write(conversation_id: str, message_id: str) -> StoreWrite:
    return StoreWrite("remove", conversation_id, message_id)


def chosen_before(write: StoreWrite) -> int:
    """The position below which messages are set aside for the chosen version. Raises: BadEntry."""
    match codec.unpack(write.row):
        case {"before": int(before)}:
            return before
        case _:
            raise BadEntry("a store write has no position for the version that it chooses")

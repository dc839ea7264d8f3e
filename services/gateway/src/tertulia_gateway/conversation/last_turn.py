"""Selects the events of the last turn, for a client that resumes without marks. No I/O."""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus import Entry
from tertulia_shared.codec import Fields


def events_of_last_turn(events: Sequence[Entry]) -> tuple[Entry, ...]:
    """The events of the last turn, without events of older replies and of listening sessions. Empty if there is no
    turn.
    """
    if not events or events[0].fields.get(b"type") != b"turn_accepted":
        return ()
    turn_id = events[0].fields.get(b"turn_id", b"")
    message_ids = {
        entry.fields.get(b"message_id", b"")
        for entry in events
        if entry.fields.get(b"type") in (b"thinking", b"message_started") and entry.fields.get(b"turn_id") == turn_id
    }

    def belongs(fields: Fields) -> bool:
        return (
            b"session_id" not in fields
            and fields.get(b"turn_id", turn_id) in (turn_id, b"")
            and fields.get(b"message_id", b"") in {b"", *message_ids}
        )

    return tuple(entry for entry in events if belongs(entry.fields))

"""Entries that are written in several contract tests."""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus import Entry
from tertulia_shared.codec import decode_event
from tertulia_shared.events import Event, TurnComplete
from tertulia_shared.ids import new_id

C = new_id()
M = new_id()


def done(turn_id: str) -> TurnComplete:
    return TurnComplete(turn_id)


def events_of(entries: Sequence[Entry]) -> list[Event]:
    return [decode_event(entry.fields) for entry in entries]

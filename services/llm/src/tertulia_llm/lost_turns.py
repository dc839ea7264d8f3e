"""Ends a turn that was accepted but is no longer in the stream `turns`."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from tertulia_shared.bus import Append, Bus, Entry, Put
from tertulia_shared.codec import number
from tertulia_shared.conversation_state import StateField
from tertulia_shared.events import Error, TurnComplete

LOST = "This message was lost: say it again."

log = logging.getLogger(__name__)


async def end_lost_turn(bus: Bus, conversation_id: str) -> str:
    """If the turn that was accepted last is lost, end it for the client with an error. Returns its id, or ""."""
    keys = bus.keys
    events, turns = keys.events(conversation_id), keys.turns(conversation_id)
    turn_id = lost_turn(await bus.read(events), await bus.read(turns))
    if turn_id:
        log.error("a turn was lost", extra={"conversation_id": conversation_id, "turn_id": turn_id})
        ending = [Append(events, Error("turn_failed", LOST, turn_id)), Append(events, TurnComplete(turn_id))]
        await bus.transact(conversation_id, [*ending, Put(keys.state(conversation_id), {StateField.ENDED: turn_id})])
    return turn_id


def lost_turn(events: Sequence[Entry], turns: Sequence[Entry]) -> str:
    """The id of the turn that was accepted last, if it is neither complete nor among `turns`; else "". Pure.

    An earlier version of the turn, which has a lower epoch, does not count.
    """
    accepted, epoch = "", 0
    for entry in events:
        kind, turn_id = entry.fields.get(b"type"), turn_id_of(entry)
        if kind == b"turn_accepted":
            accepted, epoch = turn_id, number(entry.fields, b"epoch")
        elif kind in (b"turn_complete", b"turn_reopened") and turn_id == accepted:
            accepted = ""
    is_there = any(turn_id_of(entry) == accepted and number(entry.fields, b"epoch") >= epoch for entry in turns)
    return "" if is_there else accepted


def turn_id_of(entry: Entry) -> str:
    """The turn id of an entry, even if the rest of the entry cannot be read; "" if it has none."""
    return entry.fields.get(b"turn_id", b"").decode(errors="replace")

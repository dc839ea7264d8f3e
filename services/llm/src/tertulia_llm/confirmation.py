"""Waits until a tentative turn is confirmed."""

from __future__ import annotations

from tertulia_llm.turn_state import read_state
from tertulia_shared.bus import Bus, Stale
from tertulia_shared.codec import number
from tertulia_shared.entries import TurnPlan
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.events import TurnConfirmed

_CONFIRMED = TurnConfirmed.type.encode()


async def until_confirmed(bus: Bus, conversation_id: str, plan: TurnPlan) -> None:
    """Wait until this turn is confirmed. If it is withdrawn, `until_interrupted` ends the wait.

    Raises:
        Stale: the turn is withdrawn already.
    """
    key = bus.keys.events(conversation_id)
    last = await bus.last(key)
    events = bus.follow(key, BEGINNING if last is None else last.id)
    try:
        # read the state after the last event: a confirmation is in the state, or among the events that follow
        state = read_state(await bus.hash(bus.keys.state(conversation_id)))
        if state.epoch > plan.epoch:
            raise Stale(f"the turn was withdrawn: the conversation is at epoch {state.epoch}")
        is_confirmed = state.tentative != plan.ref
        while not is_confirmed:
            is_confirmed = any(
                entry.fields.get(b"type") == _CONFIRMED and number(entry.fields, b"epoch") == plan.epoch
                for entry in await events.read()
            )
    finally:
        events.close()

"""Looks up withdrawals that the state no longer names, because it names only the last ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tertulia_llm.turn_state import TurnState
from tertulia_llm.withdrawn_turns import Withdrawals, version_of
from tertulia_shared.bus import Bus, Entry
from tertulia_shared.codec import number
from tertulia_shared.conversation_state import MAX_WITHDRAWN
from tertulia_shared.entry_ids import order
from tertulia_shared.ids import turn_ref

PAGE = 1_000
"""Entries of the stream `events` per read."""
SLACK_MS = 60_000
"""The ids of entries that one script writes to two streams differ by less."""


async def with_all_withdrawals(bus: Bus, conversation_id: str, state: TurnState, waiting: Sequence[Entry]) -> TurnState:
    """The state; its `withdrawn` also has those of the waiting turns and of the unsettled turn that are missing there.

    The events are read only if the state may lack some, and only from the oldest of these turns on.
    """
    if len(state.withdrawn) < MAX_WITHDRAWN:
        return state
    asked = {
        (turn_id, number(entry.fields, b"epoch")): (turn_ref(turn_id, version), entry.id)
        for entry in waiting
        for turn_id, version in [version_of(entry)]
    }
    if state.unsettled is not None:
        plan = state.unsettled
        asked[plan.turn_id, plan.epoch] = (plan.ref, plan.entry_id)
    unknown = {key: found for key, found in asked.items() if key[1] < state.epoch and found[0] not in state.withdrawn}
    if not unknown:
        return state
    oldest_ms = min(order(entry_id)[0] for _, entry_id in unknown.values())
    events = await _withdrawals_after(bus, conversation_id, f"{max(0, oldest_ms - SLACK_MS)}-0")
    refs = {ref for key, (ref, _) in unknown.items() if key in events.withdrawn}
    return replace(state, withdrawn=state.withdrawn | refs)


async def _withdrawals_after(bus: Bus, conversation_id: str, after: str) -> Withdrawals:
    found = Withdrawals()
    while page := await bus.read(bus.keys.events(conversation_id), after, count=PAGE):
        for event in page:
            found.see(event)
        after = page[-1].id
    return found

"""Empties the summary of a conversation if a turn changes messages that it covers. It is then made again.

This happens before the change takes effect. If the worker dies in between, the summary is made again without need.
"""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_llm.turn import Turn
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms
from tertulia_shared.conversation_summary import after_change, summary_event
from tertulia_shared.store.versions import root_of


async def empty_summary(bus: Bus, turn: Turn) -> bool:
    """Empty the summary if the turn changes what it covers, and tell the client. True if it was emptied.

    Raises: BusError.
    """
    emptied = after_change(turn.summary, changed_positions(turn), wall_ms())
    if emptied is None:
        return False
    outlet = bus.outlet(turn.owned.fence())
    outlet.put(bus.keys.state(turn.conversation_id), emptied.fields())
    outlet.append(bus.keys.events(turn.conversation_id), summary_event(emptied))
    await outlet.flush()
    turn.summary = emptied
    return True


def changed_positions(turn: Turn) -> Sequence[int]:
    """The positions from which on the turn may change messages of the past; empty if it changes none. Pure."""
    if turn.plan.removed:
        return [turn.plan.cut_at]
    if turn.user_turn.source != "change":
        return []
    messages = [*turn.history.messages.values(), *(each.message for each in turn.history.aside.values())]
    roots = {root_of(message) for message in messages if message.id == turn.user_turn.message_id}
    return [message.position for message in messages if root_of(message) in roots]

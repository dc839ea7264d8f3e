"""Removes what was made of a withdrawn version of a turn: its rows, and its replies' text and sound."""

from __future__ import annotations

from tertulia_llm.history.history import History
from tertulia_llm.plan import positions_of
from tertulia_shared.bus import Bus, Owned
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import TurnPlan
from tertulia_shared.events import HistoryChanged
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.outbox import Outbox


class TurnWithdrawal:
    """Retracts withdrawn versions of turns. The client learns of a withdrawal from other events."""

    def __init__(self, bus: Bus, outbox: Outbox) -> None:
        self._bus = bus
        self._outbox = outbox

    async def retract(
        self, owned: Owned, conversation_id: str, plan: TurnPlan, history: History, *, is_saved: bool
    ) -> None:
        """Retract a version that a worker has begun to answer, and record in the state that this is done.

        A repeated call has the same effect. `is_saved`: True if the store or the outbox may have rows of this version.

        Raises:
            BusError: neither the store nor Redis took the deletion.
        """
        keys, positions = self._bus.keys, positions_of(plan.entry_id)
        history.remove(plan.turn_id, positions)
        if plan.removed:  # the store brings back what the version had displaced: read it again
            history.is_complete = False
        if is_saved:
            await self._outbox.delete_messages(conversation_id, plan.turn_id, positions)
            history.saved_title = None  # the store deletes a conversation that has become empty
        outlet = self._bus.outlet(owned.fence())
        outlet.put(keys.state(conversation_id), {StateField.SETTLED: plan.ref})
        history.settled = plan.ref
        if plan.removed:
            back = HistoryChanged(plan.turn_id, "chosen", plan.removed[0], tuple(plan.message_ids), reload=True)
            outlet.append(keys.events(conversation_id), back)
        for message_id in plan.message_ids:
            outlet.expire(keys.sentences(conversation_id, message_id), SOUND_GRACE_S)
            outlet.expire(keys.audio(conversation_id, message_id), SOUND_GRACE_S)
        await outlet.flush()

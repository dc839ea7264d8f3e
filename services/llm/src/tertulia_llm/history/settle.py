"""Settles an interrupted turn: shortens each of its replies to the part that the user heard. A turn that was withdrawn
after its text was complete is retracted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tertulia_llm.history.heard import heard
from tertulia_llm.history.history import History, HistoryCache
from tertulia_llm.history.withdrawal import TurnWithdrawal
from tertulia_llm.shown_text import rest_of
from tertulia_llm.turn_state import TurnState
from tertulia_llm.withdrawn_turns import NO_VERSIONS, is_withdrawn
from tertulia_shared.bus import Bus, Owned
from tertulia_shared.conversation_state import StateField
from tertulia_shared.events import MessageHeard
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import Message
from tertulia_shared.store.records import utc_now


class InterruptionSettler:
    """Settles interrupted turns in the history and in the store, and tells the client."""

    def __init__(self, bus: Bus, outbox: Outbox, histories: HistoryCache, withdrawal: TurnWithdrawal) -> None:
        self._bus = bus
        self._withdrawal = withdrawal
        self._outbox = outbox
        self._histories = histories

    async def settle(
        self,
        owned: Owned,
        conversation_id: str,
        state: TurnState,
        history: History | None = None,
        newest: Mapping[str, int] = NO_VERSIONS,
    ) -> None:
        """Settle the last turn if it was interrupted and is not settled.

        Args:
            owned: the conversation's turns. conversation_id: the conversation.
            state: the conversation's state.
            history: its history, if it is already loaded.
            newest: the newest versions of the turns that wait (see `newest_versions`).
        """
        plan = state.unsettled
        if plan is None:
            return
        if history is None:
            history = await self._histories.load(conversation_id, state)
        if is_withdrawn(plan.turn_id, plan.version, state.withdrawn, newest):
            await self._withdrawal.retract(owned, conversation_id, plan, history, is_saved=True)
            return
        outlet = self._bus.outlet(owned.fence())
        changed: list[Message] = []
        for message_id, text in (
            await heard(self._bus, conversation_id, plan, is_soundless=state.is_soundless)
        ).items():
            message = history.messages.get(message_id)
            if message is None:
                continue
            if text != message.text:
                message = replace(
                    message,
                    text=text,
                    unheard=rest_of(message.text + message.unheard, text),
                    status="interrupted",
                    updated_at=utc_now(),
                )
                history.add(message)
                changed.append(message)
            elif message.status != "interrupted":  # the user heard the reply to its end
                continue
            # write the event also if the row is already saved: the worker that saved it may have died before it wrote
            # the event
            event = MessageHeard(message_id, message.character_id or "", text)
            outlet.append(self._bus.keys.events(conversation_id), event)
        if changed:  # save through the outbox, so that the next reply does not wait for the store
            await self._outbox.post_messages(changed)
        outlet.put(self._bus.keys.state(conversation_id), {StateField.SETTLED: plan.ref})
        history.settled = plan.ref
        for message_id in plan.message_ids:
            outlet.expire(self._bus.keys.audio(conversation_id, message_id), SOUND_GRACE_S)
        await outlet.flush()

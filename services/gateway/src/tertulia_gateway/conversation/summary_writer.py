"""The summary of one conversation: reads it, and makes the user's changes in Redis and in the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tertulia_gateway.conversation.writer import ConversationWriter
from tertulia_shared.bus import Append, Bus, BusUnavailable, Condition, Put, WriteRefused, WritesPaused
from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_summary import NO_SUMMARY, Summary, summary_event, summary_of
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import NotFound, Store, StoreError, StoreUnavailable
from tertulia_shared.summary_documents import save_summary, stored_summary

MAX_TRIES: Final = 10
"""Maximum number of attempts at one change while others change the summary too."""
SUMMARY_S: Final = 1.0
"""How long, in seconds, a client that resumes waits for the store to return the summary, if Redis does not have it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SummaryWriter:
    """Methods raise `BusError` if Redis is unavailable, and `NotFound` if there is no such conversation."""

    bus: Bus
    store: Store
    outbox: Outbox
    conversation_id: str

    async def read(self) -> Summary:
        """The summary; an empty one if there is none. Raises: StoreError."""
        return (await self._current())[1]

    async def change(self, change: Callable[[Summary], Summary]) -> Summary:
        """Change the summary, from the next turn on. A change that changes nothing is not written.

        Raises:
            StoreError: the store refuses it.
        """
        keys, id = self.bus.keys, self.conversation_id
        for _ in range(MAX_TRIES):
            state, before = await self._current()
            after = change(before)
            if after == before:
                return before
            writes = [Put(keys.state(id), after.fields()), Append(keys.events(id), summary_event(after))]
            raw = state.get(StateField.SUMMARY)
            unchanged = Condition(StateField.SUMMARY, None if raw is None else raw.decode(errors="replace"))
            if (await ConversationWriter(self.bus, id).transact(writes, [unchanged])).new:
                await save_summary(self.outbox, id, after, title="")
                return after
        raise BusUnavailable("the summary is being changed by others")

    async def make_again(self) -> None:
        """Tell the llm workers that the summary is to be made or extended now."""
        outlet = self.bus.outlet()
        outlet.put(self.bus.keys.summaries_due(), {self.conversation_id: ""})
        try:
            await outlet.flush()
        except WritesPaused:
            raise
        except WriteRefused as error:  # the Redis user is of an older release, without the right for this key
            log.warning("the summary is made after a later turn: %s", error)

    async def _current(self) -> tuple[ConversationState, Summary]:
        state = ConversationState(await self.bus.hash(self.bus.keys.state(self.conversation_id)))
        if not state.fields and await self.store.conversation(self.conversation_id) is None:
            raise NotFound("conversation", self.conversation_id)
        if StateField.SUMMARY in state:
            return state, summary_of(state)
        return state, await stored_summary(self.store, self.conversation_id)


async def restored_summary(
    store: Store, conversation_id: str, state: ConversationState
) -> Mapping[StateField, Value | None]:
    """The field that a state without a summary needs, because the state has expired; empty if none is stored."""
    if StateField.SUMMARY in state:
        return {}
    try:
        async with asyncio.timeout(SUMMARY_S):
            summary = await stored_summary(store, conversation_id)
    except (StoreUnavailable, TimeoutError) as error:
        log.warning("the summary cannot be read: %s", error, extra={"conversation_id": conversation_id})
        return {}
    except StoreError:
        log.exception("the summary cannot be read", extra={"conversation_id": conversation_id})
        return {}
    return {} if summary == NO_SUMMARY else {StateField.SUMMARY: summary.to_json()}

"""A conversation's messages, cached while this worker answers the conversation.

A cached history has the cursor (the last finished turn) that the conversation had at that time, and the last turn that
was settled. It is valid while the conversation still has both: another worker that answers a turn moves the cursor, and
one that settles or retracts a turn records that turn. Messages that the store does not have, or not yet, are rebuilt
from the streams.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from tertulia_llm.history.changed_rows import changes_in, follow_change
from tertulia_llm.history.from_streams import messages_from_streams
from tertulia_llm.plan import positions_of
from tertulia_llm.text.prompt import HistoryMessage
from tertulia_llm.turn_state import TurnState
from tertulia_llm.withdrawn_turns import Withdrawals, separated
from tertulia_shared.bus import Bus, Entry
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.outbox import AWAY, Outbox
from tertulia_shared.store import Message, Store, supersedes
from tertulia_shared.store.ordering import turn_time_ms
from tertulia_shared.store.records import SetAside

MAX_CONVERSATIONS = 512
"""Maximum number of cached conversations; the least recently used one is evicted first."""
PAGE = 1_000
"""Number of events per read, when messages are rebuilt from the streams."""

_BY_POSITION: Final = attrgetter("position")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class History:
    """A conversation's messages by id."""

    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    is_complete: bool = True
    """False if the store did not answer, or lacks writes that wait in the outbox. Such a history is not cached."""
    saved_title: str | None = None
    """The title that this worker saved last; the store keeps an earlier one. None: the store may lack the conversation.
    "": it may have no title, so a later turn gives it one.
    """
    aside: dict[str, SetAside] = field(default_factory=dict[str, SetAside])
    """Messages that are not at the table, by id; only what a change of the past needed, not cached."""
    is_just_stored: bool = False
    """True if the store answered when the messages were read for the turn in hand."""
    settled: str = ""
    """The last turn whose interruption is settled in these messages, or that is retracted (`TurnState.settled`)."""

    def add(self, message: Message) -> None:
        """Add a message, or replace its older version."""
        self.messages[message.id] = message

    def remove(self, turn_id: str, positions: range) -> None:
        """Remove the messages of a turn that have these positions."""
        self.messages = {
            message.id: message
            for message in self.messages.values()
            if message.turn_id != turn_id or message.position not in positions
        }

    def prompt_messages(
        self, limit: int, heard: Callable[[int], bool] | None = None, *, after: int = -1
    ) -> list[HistoryMessage]:
        """The last `limit` messages for the prompt, oldest first. Replies that are still being written are left out.

        `heard`: False for the time of a turn (ms since 1970) of which the reader of the prompt knows nothing; None: it
        knows all. `after`: only messages after this position.
        """
        later = [message for message in self.messages.values() if message.position > after]
        ordered = sorted(later, key=_BY_POSITION)
        return [
            HistoryMessage(message.role, message.character_name, message.text, message.status == "interrupted")
            for message in ordered[-limit:]
            if message.status != "streaming"
            and (message.text or message.status == "interrupted")
            and (heard is None or heard(turn_time_ms(message.position)))
        ]

    def count_after(self, position: int) -> int:
        """The number of messages after a position."""
        return sum(message.position > position for message in self.messages.values())

    def trim(self, limit: int) -> None:
        """Keep only the newest `limit` messages. Nothing is removed before there are twice as many."""
        if len(self.messages) > 2 * limit:
            newest = sorted(self.messages.values(), key=lambda message: message.position)[-limit:]
            self.messages = {message.id: message for message in newest}


class HistoryCache:
    """The histories of the conversations that this worker answers."""

    def __init__(self, bus: Bus, store: Store, outbox: Outbox, limit: int, user_name: str) -> None:
        self._bus = bus
        self._store = store
        self._outbox = outbox
        self._limit = limit
        self._user_name = user_name
        self._cached: OrderedDict[str, tuple[str, History]] = OrderedDict()

    async def load(self, conversation_id: str, state: TurnState, *, asks_store: bool = False) -> History:
        """The history up to the state's cursor, without the turns that were withdrawn.

        A store that was away and may lack messages is asked only with `asks_store`: it may take long to answer.
        """
        cached = self._cached.get(conversation_id)
        if cached is not None and cached[0] == state.cursor and cached[1].settled == state.settled:
            self._cached.move_to_end(conversation_id)
            return cached[1]
        # check the outbox before the store: if a write leaves the outbox between the two reads, the store has it
        waiting = await self._outbox.is_waiting(conversation_id)
        # if it was away and has everything now, it is probably back
        asks_store = asks_store or not self._outbox.is_away or not waiting
        stored = await self._stored(conversation_id) if asks_store else None
        is_complete = stored is not None and not waiting
        history = History({message.id: message for message in stored or ()}, is_complete, settled=state.settled)
        history.is_just_stored = stored is not None
        if not is_complete:
            events, found = [entry async for entry in self._events(conversation_id)], Withdrawals()
            for event in events:
                found.see(event)
            changes = changes_in(events)
            turns = await self._bus.read(self._bus.keys.turns(conversation_id))
            turns, withdrawn = separated(turns, state.withdrawn, found.withdrawn)
            for turn_id, entry_id in withdrawn:  # the deletion of their messages may wait in the outbox
                history.remove(turn_id, positions_of(entry_id))
            for message in messages_from_streams(
                conversation_id, turns, events, cursor=state.cursor, user_name=state.user_name or self._user_name
            ):
                before = history.messages.get(message.id)
                if before is None or supersedes(message, before):
                    history.add(message)
            for change in changes:  # the store may have some of them already
                follow_change(history.messages, history.aside, change)
        return history

    def keep(self, conversation_id: str, cursor: str, history: History) -> None:
        """Cache a history, which now includes the turn `cursor`."""
        if not history.is_complete:
            self.evict(conversation_id)
            return
        history.is_just_stored = False
        history.aside.clear()
        history.trim(self._limit)
        self._cached[conversation_id] = (cursor, history)
        self._cached.move_to_end(conversation_id)
        while len(self._cached) > MAX_CONVERSATIONS:
            self._cached.popitem(last=False)

    def evict(self, conversation_id: str) -> None:
        """Drop this conversation's history from the cache; `load` then reads it again."""
        self._cached.pop(conversation_id, None)

    async def _stored(self, conversation_id: str) -> list[Message] | None:
        """The messages in the store; None if the store is unavailable."""
        try:
            async with asyncio.timeout(self._outbox.patience_s):
                return await self._store.history(conversation_id, self._limit)
        except AWAY as error:
            self._outbox.note_away(error)
            return None

    async def _events(self, conversation_id: str) -> AsyncIterator[Entry]:
        after = BEGINNING
        while page := await self._bus.read(self._bus.keys.events(conversation_id), after, count=PAGE):
            for entry in page:
                yield entry
            after = page[-1].id

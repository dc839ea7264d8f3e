"""What was said before: the conversation's messages, kept in memory while this worker is the one that answers.

The conversation's cursor (the last finished turn) tells whether what we remember is still the whole: if another worker
has answered since, we read again. What the store cannot tell, or does not have yet, the conversation's streams do.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from tertulia_llm.history.from_streams import retell
from tertulia_llm.text.prompt import HistoryMessage
from tertulia_shared.bus import Bus, Entry
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.outbox import AWAY, Outbox
from tertulia_shared.store import Message, Store, supersedes

MAX_CONVERSATIONS = 512
"""Conversations remembered at once; the one not talked in for longest is forgotten first."""
PAGE = 1_000
"""Events read at once when a past is retold."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Past:
    """A conversation's messages, by id, in order."""

    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    is_whole: bool = True
    """False if the store has not told all of it: then it is to be asked again."""

    def add(self, message: Message) -> None:
        """Add a message, or put it in place of its older self."""
        self.messages[message.id] = message

    def told(self, limit: int) -> list[HistoryMessage]:
        """What the model is told of it: what was said and heard, oldest first; no reply that is still being made."""
        ordered = sorted(self.messages.values(), key=lambda message: message.position)
        return [
            HistoryMessage(message.role, message.character_name, message.text, message.status == "interrupted")
            for message in ordered[-limit:]
            if message.status != "streaming" and (message.text or message.status == "interrupted")
        ]

    def forget_beyond(self, limit: int) -> None:
        """Keep the newest `limit` messages."""
        if len(self.messages) > 2 * limit:
            newest = sorted(self.messages.values(), key=lambda message: message.position)[-limit:]
            self.messages = {message.id: message for message in newest}


class Memory:
    """The pasts of the conversations this worker answers."""

    def __init__(self, bus: Bus, store: Store, outbox: Outbox, limit: int, user_name: str) -> None:
        self._bus = bus
        self._store = store
        self._outbox = outbox
        self._limit = limit
        self._user_name = user_name
        self._known: OrderedDict[str, tuple[str, Past]] = OrderedDict()

    async def recall(self, conversation_id: str, cursor: str) -> tuple[Past, bool]:
        """The past up to the turn `cursor`, and whether we knew it without asking the store."""
        known = self._known.get(conversation_id)
        if known is not None and known[0] == cursor:
            self._known.move_to_end(conversation_id)
            return known[1], True
        # in this order: what no longer waits after this is in the store when it is read
        waiting = await self._outbox.is_waiting(conversation_id)
        stored = await self._stored(conversation_id)
        past = Past({message.id: message for message in stored or ()}, is_whole=stored is not None and not waiting)
        if not past.is_whole:
            turns = await self._bus.read(self._bus.keys.turns(conversation_id))
            events = [entry async for entry in self._events(conversation_id)]
            for message in retell(conversation_id, turns, events, cursor=cursor, user_name=self._user_name):
                before = past.messages.get(message.id)
                if before is None or supersedes(message, before):
                    past.add(message)
        return past, False

    async def _stored(self, conversation_id: str) -> list[Message] | None:
        """What the store has; None if it is away."""
        if self._outbox.is_away:
            return None
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

    def remember(self, conversation_id: str, cursor: str, past: Past) -> None:
        """The past now reaches up to the turn `cursor`."""
        if not past.is_whole:
            self.forget([conversation_id])
            return
        past.forget_beyond(self._limit)
        self._known[conversation_id] = (cursor, past)
        self._known.move_to_end(conversation_id)
        while len(self._known) > MAX_CONVERSATIONS:
            self._known.popitem(last=False)

    def forget(self, conversation_ids: Iterable[str]) -> None:
        """Read these again when they are talked in next."""
        for conversation_id in conversation_ids:
            self._known.pop(conversation_id, None)

"""What was said before: the conversation's messages, kept in memory while this worker is the one that answers.

The conversation's cursor (the last finished turn) tells whether what we remember is still the whole: if another worker
has answered since, we read again.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tertulia_llm.text.prompt import HistoryMessage
from tertulia_shared.store.errors import StoreUnavailable
from tertulia_shared.store.port import Store
from tertulia_shared.store.records import Message

MAX_CONVERSATIONS = 512
"""Conversations remembered at once; the one not talked in for longest is forgotten first."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Past:
    """A conversation's messages, by id, in order."""

    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    is_whole: bool = True
    """False if the store was away: these are not all."""

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

    def __init__(self, store: Store, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._known: OrderedDict[str, tuple[str, Past]] = OrderedDict()

    async def recall(self, conversation_id: str, cursor: str) -> tuple[Past, bool]:
        """The past up to the turn `cursor`, and whether we knew it without asking the store.

        If the store is away it is empty, and not whole: the talk goes on.
        """
        known = self._known.get(conversation_id)
        if known is not None and known[0] == cursor:
            self._known.move_to_end(conversation_id)
            return known[1], True
        try:
            messages = await self._store.history(conversation_id, self._limit)
        except StoreUnavailable as error:
            log.warning("the past cannot be read: %s", error, extra={"conversation_id": conversation_id})
            return Past(is_whole=False), False
        return Past({message.id: message for message in messages}), False

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

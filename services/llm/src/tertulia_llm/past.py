"""Reads from the store what a change of the past needs, and applies choices and deletions."""

from __future__ import annotations

import asyncio
from typing import Final

from tertulia_llm.history.changes import applied_change
from tertulia_llm.history.history import History, HistoryCache
from tertulia_llm.plan import position_of
from tertulia_llm.turn import Turn
from tertulia_llm.turn_state import TurnState
from tertulia_shared.bus import Bus
from tertulia_shared.entries import UserTurn
from tertulia_shared.events import Error
from tertulia_shared.outbox import AWAY, Outbox
from tertulia_shared.store import Message, NotFound, Store

PAGE: Final = 1_000
MAX_PAGES: Final = 50
"""At most this many pages of a conversation are read to find an old message."""
UNKNOWN: Final = "This message is no longer in the conversation, so nothing was changed: open the conversation again."
UNREADABLE: Final = "The database is away, so this message cannot be changed now: try it again when it is back."


class Past:
    """The past of conversations, as far as turns change it."""

    def __init__(self, bus: Bus, store: Store, outbox: Outbox, histories: HistoryCache) -> None:
        self._bus = bus
        self._store = store
        self._outbox = outbox
        self._histories = histories

    async def read(self, turn: UserTurn, state: TurnState, history: History) -> tuple[History, bool]:
        """The history with what the store has set aside; and with all messages, if it lacks the one that is changed.
        And whether the store has answered.

        A store that was away is asked only for a message that would otherwise be unknown.
        """
        conversation_id = turn.conversation_id
        if self._is_away(history) and not _has_place(turn, history):
            self._histories.evict(conversation_id)
            history = await self._histories.load(conversation_id, state, asks_store=True)
        if not self._is_away(history) and await self._read(turn, history):
            return history, True
        self._histories.evict(conversation_id)  # the streams have more than the cache
        return await self._histories.load(conversation_id, state), False

    def _is_away(self, history: History) -> bool:
        """True if the store did not answer when it was used last."""
        return self._outbox.is_away and not history.is_just_stored

    async def _read(self, turn: UserTurn, history: History) -> bool:
        """Add to the history what the store has. False, and the history stays as it is, if the store is unavailable."""
        try:
            async with asyncio.timeout(self._outbox.patience_s):
                for each in await self._store.versions(turn.conversation_id):
                    if each.message.id not in history.messages:
                        history.aside.setdefault(each.message.id, each)
                if not _has_place(turn, history):
                    for message in await self._all(turn.conversation_id):
                        if message.id not in history.aside:
                            history.messages.setdefault(message.id, message)
        except AWAY as error:
            self._outbox.note_away(error)
            return False
        return True

    async def apply(self, turn: Turn) -> None:
        """Choose a version or delete a message, whether or not the user has interrupted meanwhile. If the message of a
        turn is not at the table, tell the client.

        A later attempt repeats what an earlier one may not have saved.
        """
        change, outlet = turn.user_turn, self._bus.outlet(turn.owned.fence())
        is_known = not turn.names_unknown_message
        if not turn.is_ended:
            event = applied_change(change, turn.plan.entry_id, turn.history) if is_known else None
            is_known = event is not None
            events = self._bus.keys.events(turn.conversation_id)
            if event is not None:
                outlet.append(events, event)
            else:
                why = UNKNOWN if turn.is_past_read else UNREADABLE
                outlet.append(events, Error("message_unknown", why, change.turn_id, change.message_id))
            turn.complete(self._bus.keys, outlet)
        await outlet.flush()
        turn.history.is_complete = False  # the next turn reads the window again
        if is_known:
            await self._save(turn)

    async def _save(self, turn: Turn) -> None:
        change = turn.user_turn
        try:
            if change.change == "delete":
                await self._outbox.remove_message(turn.conversation_id, change.message_id)
            else:
                before = position_of(turn.plan.entry_id, 0)
                await self._outbox.choose_version(turn.conversation_id, change.message_id, before=before)
        except NotFound:
            return  # the conversation was deleted

    async def _all(self, conversation_id: str) -> list[Message]:
        found: list[Message] = []
        for _ in range(MAX_PAGES):
            page = await self._store.messages(conversation_id, PAGE, found[-1].position if found else None)
            found += page
            if len(page) < PAGE:
                break
        return found


def _has_place(turn: UserTurn, history: History) -> bool:
    """True if the history has the message that is changed; or, for a choice, the version that is at the table."""
    if turn.message_id in history.messages:
        return True
    chosen = history.aside.get(turn.message_id)
    if turn.change != "choose" or chosen is None:
        return False
    root = chosen.message.replaces or chosen.message.id
    return any(root in (each.id, each.replaces) for each in history.messages.values())

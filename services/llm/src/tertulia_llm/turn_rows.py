"""The store rows of a turn. Builds them, saves them through the outbox, and warns the client if they are not saved."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import replace

from tertulia_llm.plan import position_of, positions_of
from tertulia_llm.turn import Turn
from tertulia_llm.user_row import user_row
from tertulia_llm.withdrawn_turns import is_withdrawn, newest_versions
from tertulia_shared.bus import Bus, BusError, Outlet
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.events import Warn
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import Message, NotFound, StoreError
from tertulia_shared.store.records import Status, utc_now
from tertulia_shared.text import clean_line

TITLE_CHARS = 60
PAUSE_S = 0.4
"""Another worker may have taken the turn over during a longer call to the store: the shortest lease is 0.5 s."""
NO_USAGE: Mapping[str, int | float] = {}
AWAY = "The database is away: the talk continues, and is saved when the database is back."
REFUSED = "Part of this turn cannot be saved: the talk continues, but the history will lack it."
LOST = "The database was deleted or replaced: earlier messages are no longer in the history."

log = logging.getLogger(__name__)


class TurnRows:
    """Builds and saves the rows of turns."""

    def __init__(self, bus: Bus, outbox: Outbox) -> None:
        self._bus = bus
        self._outbox = outbox

    def add_user_row(self, turn: Turn) -> None:
        """Queue the row of the user's message for `save`, and add it to the history, unless it is saved already. A
        request for a reply has no message.
        """
        if turn.user_turn.source == "request":
            return
        if turn.user_turn.turn_id in turn.history.messages and not turn.is_resumed:
            return
        row = user_row(turn)
        turn.history.add(row)
        turn.unsaved[row.id] = row

    def add_reply_row(
        self,
        turn: Turn,
        number: int,
        text: str,
        status: Status,
        usage: Mapping[str, int | float] = NO_USAGE,
        *,
        unheard: str = "",
    ) -> None:
        """Queue the row of a reply for `save`. If its text is final, add it to the history.

        Args:
            number: of the reply in the plan, from 0.
            unheard: the text after `text`, which the client was shown and of which no sound was made.
        """
        row = replace(self.reply_row(turn, number, text, status, usage), unheard=unheard)
        if status != "streaming":
            turn.history.add(row)
        turn.unsaved[row.id] = row

    def reply_row(
        self, turn: Turn, number: int, text: str, status: Status, usage: Mapping[str, int | float] = NO_USAGE
    ) -> Message:
        """Build the row of a reply. `number`: from 0."""
        speaker = turn.plan.speakers[number]
        now = utc_now()
        return Message(
            id=turn.plan.message_id(number),
            conversation_id=turn.conversation_id,
            turn_id=turn.user_turn.turn_id,
            role="character",
            character_id=speaker.id,
            character_name=speaker.name,
            text=text,
            status=status,
            position=position_of(turn.plan.entry_id, number + 1),
            created_at=now,
            updated_at=now,
            usage=usage,
            replaces=turn.plan.replaces if turn.replaces_by(number) else "",
        )

    def drop_version(self, turn: Turn, number: int) -> None:
        """Forget the reply that replaces others: it got no text. `save` brings the others back to the table."""
        turn.forget(turn.plan.message_id(number))
        turn.has_empty_version = True

    async def save(self, turn: Turn, outlet: Outlet) -> None:
        """Save the queued rows. Those of a tentative turn stay queued.

        The client is warned once while the store is unavailable, and once if the store refuses a row.
        """
        await self._save(turn, outlet)
        if not turn.has_empty_version:
            return
        turn.history.is_complete = False  # the next turn reads again what stays at the table, or comes back to it
        if turn.is_saved:
            positions = positions_of(turn.plan.entry_id)
            await self._outbox.delete_messages(turn.conversation_id, turn.plan.turn_id, positions)

    async def _save(self, turn: Turn, outlet: Outlet) -> None:
        async with turn.save_lock:
            if not turn.unsaved or turn.is_tentative:
                return
            if not turn.is_saved:
                # the plan must be in Redis before the first row is in the store: it shows that the rows of a withdrawn
                # turn must be deleted
                await outlet.flush()
                turn.is_saved = True
            rows, turn.unsaved = turn.unsaved, {}
            title = _title_to_save(turn)
            # the deletion of the rows of an earlier version may wait in the outbox
            in_order = turn.plan.version > 0
            began = asyncio.get_running_loop().time()
            try:
                saved = await self._outbox.save_messages(
                    turn.conversation_id, list(rows.values()), title=title, in_order=in_order
                )
            except NotFound:
                log.info("conversation was deleted in mid-turn", extra={"conversation_id": turn.conversation_id})
                return
            except BaseException:
                turn.unsaved = rows | turn.unsaved
                await self._delete_if_retracted(turn)
                raise
            if asyncio.get_running_loop().time() - began > PAUSE_S:
                await self._delete_if_retracted(turn)
            turn.history.saved_title = turn.history.saved_title if title is None else title
            if saved or self._outbox.is_away:  # otherwise they follow another write of the conversation
                self._warn_if_away(turn, outlet, away=not saved)
            if saved.lost:
                outlet.append(self._bus.keys.events(turn.conversation_id), Warn("store_lost", LOST))
            if saved.refused and not turn.warned_store_refused:
                turn.warned_store_refused = True
                outlet.append(self._bus.keys.events(turn.conversation_id), Warn("store_refused", REFUSED))

    async def _delete_if_retracted(self, turn: Turn) -> None:
        """Delete the rows again if another worker retracted the turn while this worker was paused in a call to the
        store: the call may have inserted them after the other worker had deleted them.
        """
        keys, conversation_id = self._bus.keys, turn.conversation_id
        with contextlib.suppress(BusError, StoreError):
            if await self._bus.owner(conversation_id, "turns") == turn.owned.token:
                return  # this worker retracts the turn itself
            state = ConversationState(await self._bus.hash(keys.state(conversation_id)))
            newest = newest_versions(await self._bus.read(keys.turns(conversation_id)))
            if is_withdrawn(turn.plan.turn_id, turn.plan.version, state.withdrawn, newest):
                log.info("rows of a withdrawn turn are deleted again", extra={"turn_id": turn.plan.turn_id})
                await self._outbox.delete_messages(conversation_id, turn.plan.turn_id, positions_of(turn.plan.entry_id))

    def _warn_if_away(self, turn: Turn, outlet: Outlet, *, away: bool) -> None:
        if turn.warned_store_away == away:
            return
        turn.warned_store_away = away
        # record it in the state, so that the worker of the next turn does not warn again
        outlet.put(self._bus.keys.state(turn.conversation_id), {StateField.WARNED: "1" if away else None})
        if away:
            outlet.append(self._bus.keys.events(turn.conversation_id), Warn("store_unavailable", AWAY))


def _title_to_save(turn: Turn) -> str | None:
    """The title for the conversation if it must be created or has no title yet; else None."""
    title, saved = title_of(turn.user_turn.text), turn.history.saved_title
    return title if saved is None or (title and not saved) else None


def title_of(text: str) -> str:
    """A conversation's title: the beginning of its first message."""
    line = clean_line(text)
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"

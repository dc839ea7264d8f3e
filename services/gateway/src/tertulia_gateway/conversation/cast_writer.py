"""Changes the cast of one conversation in Redis, and tells its client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tertulia_gateway.commands import ChangeCast
from tertulia_gateway.conversation.saved_settings import saved_settings
from tertulia_gateway.conversation.writer import ConversationWriter, settings_to_store
from tertulia_shared.bus import Append, Bus, BusUnavailable, Condition, Put
from tertulia_shared.codec import Value
from tertulia_shared.conversation_cast import Cast, cast_of, changed
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entry_ids import order
from tertulia_shared.events import CastChanged
from tertulia_shared.store import Store, StoreUnavailable

MAX_TRIES: Final = 10
"""Maximum number of attempts at one change while other clients change the cast too."""
ACTIVE_S: Final = 1.0
"""How long, in seconds, a change waits for the store to return the active characters."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CastWriter:
    """`now_ms`: the time of this machine, for a conversation of which Redis has no entry."""

    bus: Bus
    store: Store
    conversation_id: str
    now_ms: int

    async def read(self, *, stored: bool = False) -> Cast:
        """The cast. `stored`: read it from the store if Redis has no settings of the conversation."""
        return cast_of((await self._state(stored=stored))[0])

    async def change(self, command: ChangeCast, *, stored: bool = False) -> tuple[Cast, Mapping[str, Any]]:
        """Change who sits at the table, from the next turn on. The same change a second time changes nothing.

        `stored`: as for `read`. Returns the cast after the change, and what the store keeps of the settings.

        Raises:
            BusError: the change may or may not have been made; it may be repeated.
        """
        keys, id = self.bus.keys, self.conversation_id
        for _ in range(MAX_TRIES):
            state, restored = await self._state(stored=stored)
            cast = await self._changed(cast_of(state), command)
            writes = [
                Put(keys.state(id), {**restored, **cast.fields()}),
                Append(keys.events(id), cast_event(cast)),
            ]
            given = () if StateField.CAST in restored else _unchanged(state)
            if (await ConversationWriter(self.bus, id).transact(writes, given)).new:
                return cast, settings_to_store(state, cast=cast)
        raise BusUnavailable("the cast is being changed by other clients")

    async def _changed(self, before: Cast, command: ChangeCast) -> Cast:
        told = before.told if command.told is None else command.told
        if not command.has_characters:
            return replace(before, told=told)
        if command.characters is None:
            return Cast(told=told)
        present = await self._active() if before.seats is None else ()
        time_ms = await self._after_last_turn_ms()
        return changed(before, command.characters, told=told, present=present, now_ms=time_ms)

    async def _active(self) -> Collection[str] | None:
        """The ids of the active characters; None if the store is unavailable."""
        try:
            async with asyncio.timeout(ACTIVE_S):
                return [character.id for character in await self.store.characters(active_only=True)]
        except (StoreUnavailable, TimeoutError) as error:
            ids = {"conversation_id": self.conversation_id}
            log.warning("all characters of the cast count as present from the beginning: %s", error, extra=ids)
            return None

    async def _after_last_turn_ms(self) -> int:
        """A time after the last turn and not after the next one, by the clock of Redis, in ms since 1970."""
        keys, id = self.bus.keys, self.conversation_id
        turn, event = await asyncio.gather(self.bus.last(keys.turns(id)), self.bus.last(keys.events(id)))
        if turn is not None:
            return order(turn.id)[0] + 1
        return self.now_ms if event is None else order(event.id)[0]

    async def _state(self, *, stored: bool) -> tuple[ConversationState, Mapping[str, Value | None]]:
        """The state, with the stored settings that Redis lacks; and the fields of the latter."""
        state = ConversationState(await self.bus.hash(self.bus.keys.state(self.conversation_id)))
        if not stored:
            return state, {}
        restored = await saved_settings(self.store, self.conversation_id, state)
        fields = {
            name.encode(): value if isinstance(value, bytes) else str(value).encode()
            for name, value in restored.items()
            if value is not None
        }
        return ConversationState({**state.fields, **fields}), restored


def _unchanged(state: ConversationState) -> Sequence[Condition]:
    """The condition that no other client has changed the cast. A damaged cast is replaced without a condition."""
    try:
        return [Condition(StateField.CAST, state.get(StateField.CAST, b"").decode() or None)]
    except UnicodeDecodeError:
        return ()


def cast_event(cast: Cast) -> CastChanged:
    """The event that tells a client the cast."""
    return CastChanged(cast.seats, cast.told)

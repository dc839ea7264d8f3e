"""Changes who the user is in one conversation, and keeps the conversation's copy of the persona up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tertulia_gateway.conversation.writer import ConversationWriter, settings_to_store
from tertulia_shared.bus import Append, Bus, Condition, Put
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.events import PersonaChanged
from tertulia_shared.persona import KIND, Persona, name_after, persona_of, record_of
from tertulia_shared.store import EVERYBODY, Store
from tertulia_shared.user_name import name_of, state_fields

READ_S: Final = 5.0
"""How long, in seconds, a conversation that was opened again waits for the store to return its persona."""


@dataclass(frozen=True, slots=True)
class PersonaWriter:
    """Writes the state's fields `persona` and `user_name`. All methods raise `BusError`."""

    bus: Bus
    store: Store
    conversation_id: str

    async def read(self) -> Persona:
        """The persona of the conversation; the default if it has none."""
        return persona_of(await self._state())

    async def change(self, persona: Persona) -> Mapping[str, Any]:
        """Change the persona from the next turn on; the default: none. The characters call the user by its name; if
        the user gives up a persona, by the name that they would use without it. The event `persona` tells the client.

        Returns what the store keeps of the conversation's settings.
        """
        state = await self._state()
        name = persona.name or name_after(persona_of(state), persona, name_of(state))
        keys, id = self.bus.keys, self.conversation_id
        writes = [
            Put(keys.state(id), {**persona.fields(), **state_fields(name)}),
            Append(keys.events(id), persona_event(persona)),
        ]
        await ConversationWriter(self.bus, id).transact(writes)
        return settings_to_store(state, persona=persona, name=name)

    async def refresh(self) -> bool:
        """Take over the edits that were made to the persona since the conversation got its copy. True if there are any.

        A deleted persona leaves the copy as it is.

        Raises:
            StoreError, TimeoutError: the store is unavailable; the copy stays as it is.
        """
        keys, id = self.bus.keys, self.conversation_id
        state = await self._state()
        before = persona_of(state)
        if not before.id:
            return False
        async with asyncio.timeout(READ_S):
            document = await self.store.document(KIND, EVERYBODY, before.id)
        record = None if document is None else record_of(document)
        if record is None or record.persona == before:
            return False
        name = name_after(before, record.persona, name_of(state))
        # a persona that the user chooses meanwhile stays
        given = [Condition(StateField.PERSONA, state.get(StateField.PERSONA, b"").decode())]
        writes = [
            Put(keys.state(id), {**record.persona.fields(), **state_fields(name)}),
            Append(keys.events(id), persona_event(record.persona)),
        ]
        return (await ConversationWriter(self.bus, id).transact(writes, given)).new

    async def _state(self) -> ConversationState:
        return ConversationState(await self.bus.hash(self.bus.keys.state(self.conversation_id)))


def persona_event(persona: Persona) -> PersonaChanged:
    """The event that tells a client the persona."""
    return PersonaChanged(persona.id, persona.name, persona.description)

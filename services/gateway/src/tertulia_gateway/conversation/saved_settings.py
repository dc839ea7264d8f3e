"""Reads the stored settings of a conversation whose state in Redis has none, because the state has expired."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from tertulia_shared.answering import stored_rules
from tertulia_shared.author_note import AuthorNote, stored_note
from tertulia_shared.codec import BadEntry, Value, known, pack
from tertulia_shared.conversation_cast import Cast, stored_cast
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import ModelSettings
from tertulia_shared.persona import stored_persona
from tertulia_shared.store import NotFound, Store, StoreUnavailable
from tertulia_shared.user_name import state_fields, stored_name

SETTINGS_S: Final = 1.0
"""How long, in seconds, a client waits for the store to return the settings, if Redis does not have them."""

log = logging.getLogger(__name__)


async def saved_settings(store: Store, conversation_id: str, state: ConversationState) -> Mapping[str, Value | None]:
    """The fields of the state that hold the conversation's stored settings; empty if the state has its settings."""
    if StateField.SETTINGS in state:
        return {}
    try:
        async with asyncio.timeout(SETTINGS_S):
            saved = await store.model_settings(conversation_id)
        known(ModelSettings, saved)
    except NotFound:
        return {}
    except (StoreUnavailable, TimeoutError, BadEntry) as error:  # the conversation continues with the defaults
        log.warning("settings cannot be read: %s", error, extra={"conversation_id": conversation_id})
        return {}
    if not saved:
        return {}
    # a name, a cast, a persona or a note in the state may be newer than the stored one
    name = {} if StateField.USER_NAME in state else state_fields(stored_name(saved))
    seated = stored_cast(saved)
    cast = {} if StateField.CAST in state or seated == Cast() else seated.fields()
    who, noted = stored_persona(saved), stored_note(saved)
    persona = who.fields() if who.id and StateField.PERSONA not in state else {}
    note = {} if StateField.NOTE in state or noted == AuthorNote() else noted.fields()
    return {StateField.SETTINGS: pack(saved), **stored_rules(saved).fields(), **name, **cast, **persona, **note}

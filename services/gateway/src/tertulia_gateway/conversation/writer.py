"""Writes the user's commands into the Redis keys of one conversation, and repairs keys that refuse writes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from tertulia_shared.answering import AnsweringRules, possible_rules, rules_of
from tertulia_shared.author_note import AuthorNote, note_of
from tertulia_shared.bus import Append, Applied, Bus, Condition, Fence, Put, Write, WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry, pack, unpack
from tertulia_shared.conversation_cast import Cast, cast_of
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_writes import accept_turn, interrupt
from tertulia_shared.entries import ModelSettings, UserTurn
from tertulia_shared.events import NoteChanged
from tertulia_shared.model_settings import possible_settings
from tertulia_shared.persona import Persona, persona_of
from tertulia_shared.user_name import name_of, state_fields, to_store

log = logging.getLogger(__name__)


class ConversationWriter:
    """Writes the commands. All methods raise `BusError` if the outcome of the write is unknown."""

    def __init__(self, bus: Bus, conversation_id: str) -> None:
        self._bus = bus
        self._id = conversation_id

    async def begin_turn(self, turn: UserTurn) -> Applied:
        """Begin a turn, and interrupt the reply in progress. Repeating a `turn_id` has no effect."""
        return await self._repairing(lambda: accept_turn(self._bus, turn))

    async def interrupt(self, fence: Fence | None = None) -> Applied:
        """Stop the reply in progress."""
        return await self._repairing(lambda: interrupt(self._bus, self._id, "request", fence=fence))

    async def change_settings(self, changes: Mapping[str, Any]) -> tuple[ModelSettings, Mapping[str, Any]]:
        """Change model settings from the next turn on. Returns all settings after the change, and what the store keeps
        of the conversation's settings.
        """
        key = self._bus.keys.state(self._id)
        state = ConversationState(await self._bus.hash(key))
        stored: dict[str, Any] = {**read_settings(state.get(StateField.SETTINGS)), **changes}
        settings = possible_settings(stored)
        # keep the settings that this release does not know
        put = Put(key, {StateField.SETTINGS: pack({**stored, **asdict(settings)})})
        await self._repairing(lambda: self._bus.transact(self._id, [put]))
        return settings, settings_to_store(state, settings=settings)

    async def change_answering(self, changes: Mapping[str, Any]) -> tuple[AnsweringRules, Mapping[str, Any]]:
        """Change who answers, from the next turn on. Returns all rules after the change, and what the store keeps of
        the conversation's settings.
        """
        key = self._bus.keys.state(self._id)
        state = ConversationState(await self._bus.hash(key))
        rules = rules_of(state)
        if changes:
            rules = possible_rules({**asdict(rules), **changes})
            put = Put(key, rules.fields())
            await self._repairing(lambda: self._bus.transact(self._id, [put]))
        return rules, settings_to_store(state, rules=rules)

    async def change_user_name(self, name: str | None) -> tuple[str, Mapping[str, Any]]:
        """Change what the characters call the user, from the next turn on. "": the server's default; None: no change.
        Returns the name after the change, and what the store keeps of the conversation's settings.
        """
        key = self._bus.keys.state(self._id)
        state = ConversationState(await self._bus.hash(key))
        if name is None:
            name = name_of(state)
        else:
            put = Put(key, state_fields(name))
            await self._repairing(lambda: self._bus.transact(self._id, [put]))
        return name, settings_to_store(state, name=name)

    async def read_note(self) -> AuthorNote:
        """The author's note."""
        return note_of(ConversationState(await self._bus.hash(self._bus.keys.state(self._id))))

    async def change_note(self, text: str | None, depth: int | None) -> Mapping[str, Any]:
        """Change the author's note from the next turn on; None: no change. The event `note` tells the client. Returns
        what the store keeps of the conversation's settings.
        """
        keys = self._bus.keys
        state = ConversationState(await self._bus.hash(keys.state(self._id)))
        before = note_of(state)
        note = AuthorNote(before.text if text is None else text, before.depth if depth is None else depth)
        await self.transact(
            [
                Put(keys.state(self._id), note.fields()),
                Append(keys.events(self._id), NoteChanged(note.text, note.depth)),
            ]
        )
        return settings_to_store(state, note=note)

    async def transact(self, writes: Sequence[Write], given: Sequence[Condition] = ()) -> Applied:
        """Make these writes if the state meets the conditions."""
        return await self._repairing(lambda: self._bus.transact(self._id, writes, given=given))

    async def repair(self, reason: object) -> bool:
        """Repair keys that cannot be used. Returns False if nothing was repaired: another process has repaired the
        keys, or they cannot be repaired.
        """
        repaired = await self._bus.mend(self._id)
        ids = {"conversation_id": self._id}
        log.error("the conversation's keys cannot be used: %s; repaired: %s", reason, repaired, extra=ids)
        return bool(repaired)

    async def _repairing(self, write: Callable[[], Awaitable[Applied]]) -> Applied:
        """Call `write`. If Redis refuses the write, repair the keys and call it once more."""
        try:
            return await write()
        except WritesPaused:
            raise
        except WriteRefused as error:
            await self.repair(error)
        return await write()


def settings_to_store(
    state: ConversationState,
    *,
    settings: ModelSettings | None = None,
    rules: AnsweringRules | None = None,
    name: str | None = None,
    cast: Cast | None = None,
    persona: Persona | None = None,
    note: AuthorNote | None = None,
) -> Mapping[str, Any]:
    """What the store keeps: the values given, and those of `state` that are not."""
    settings = _settings_of(state) if settings is None else settings
    rules = rules_of(state) if rules is None else rules
    name = name_of(state) if name is None else name
    cast = cast_of(state) if cast is None else cast
    persona = persona_of(state) if persona is None else persona
    note = note_of(state) if note is None else note
    return {
        **asdict(settings),
        **rules.stored(),
        **to_store(name),
        **cast.stored(),
        **persona.stored(),
        **note.stored(),
    }


def _settings_of(state: ConversationState) -> ModelSettings:
    return possible_settings(read_settings(state.get(StateField.SETTINGS)))


def read_settings(raw: bytes | None) -> Mapping[str, Any]:
    """The model settings in a conversation's state; empty if there are no settings or they cannot be decoded."""
    try:
        settings: Any = unpack(raw) if raw else {}
    except BadEntry as error:
        log.warning("settings cannot be read: %s", error)
        return {}
    return cast("Mapping[str, Any]", settings) if isinstance(settings, dict) else {}

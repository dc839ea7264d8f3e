"""Writes the user's commands into one conversation's keys, and repairs keys that refuse writes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from tertulia_shared.bus import Append, Applied, Bus, Fence, Put, Write, WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry, pack, unpack
from tertulia_shared.entries import Interrupt, ModelSettings, UserTurn, Work
from tertulia_shared.events import Interrupted, TurnAccepted
from tertulia_shared.model_settings import possible_settings

log = logging.getLogger(__name__)


class ConversationWriter:
    """All methods raise `BusError` if the outcome of the write is unknown."""

    def __init__(self, bus: Bus, conversation_id: str) -> None:
        self._bus = bus
        self._id = conversation_id

    async def user_message(self, text: str, turn_id: str) -> Applied:
        """Begin a turn with this message, and interrupt the reply in progress. Idempotent per `turn_id`."""
        keys = self._bus.keys
        return await self._transact(
            [
                Append(keys.turns(self._id), UserTurn(turn_id, self._id, text, "typed")),
                Append(keys.events(self._id), TurnAccepted(turn_id, text, "typed")),
            ],
            raise_epoch=True,
            talk=True,
            if_talking=[
                Append(keys.control(self._id), Interrupt("turn")),
                Append(keys.events(self._id), Interrupted("turn")),
            ],
            once=keys.turn_seen(self._id, turn_id),
            then=("llm", Work(self._id)),
        )

    async def interrupt(self, fence: Fence | None = None) -> Applied:
        """Stop the reply in progress."""
        keys = self._bus.keys
        return await self._transact(
            [],
            fence=fence,
            raise_epoch=True,
            talk=False,
            if_talking=[
                Append(keys.control(self._id), Interrupt("request")),
                Append(keys.events(self._id), Interrupted("request")),
            ],
            then=("llm", Work(self._id)),
        )

    async def change_settings(self, changes: Mapping[str, Any]) -> ModelSettings:
        """Change model settings from the next turn on. Returns all settings as they are then."""
        key = self._bus.keys.state(self._id)
        stored: dict[str, Any] = {**read_settings((await self._bus.hash(key)).get(b"settings")), **changes}
        settings = possible_settings(stored)
        # settings that only a newer release knows stay
        await self._transact([Put(key, {"settings": pack({**stored, **asdict(settings)})})])
        return settings

    async def repair(self, reason: object) -> bool:
        """Repair keys that cannot be used. Returns False if there was nothing to repair: another process has done it,
        or the keys cannot be repaired."""
        repaired = await self._bus.mend(self._id)
        ids = {"conversation_id": self._id}
        log.error("the conversation's keys cannot be used: %s; repaired: %s", reason, repaired, extra=ids)
        return bool(repaired)

    async def _transact(self, writes: Sequence[Write], **options: Any) -> Applied:
        """As `Bus.transact`. If Redis refuses the write, repair the keys and write once more."""
        try:
            return await self._bus.transact(self._id, writes, **options)
        except WritesPaused:
            raise
        except WriteRefused as error:
            await self.repair(error)
        return await self._bus.transact(self._id, writes, **options)


def read_settings(raw: bytes | None) -> Mapping[str, Any]:
    """The model settings in a conversation's state; empty if there are none or they cannot be decoded."""
    try:
        settings: Any = unpack(raw) if raw else {}
    except BadEntry as error:
        log.warning("settings cannot be read: %s", error)
        return {}
    return cast("Mapping[str, Any]", settings) if isinstance(settings, dict) else {}

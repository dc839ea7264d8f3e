"""Model settings on their way into the store: the newest of each conversation, written behind the client's back.

What holds for the next turn is in the conversation's state already; the store is what outlives it.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict

from tertulia_shared.entries import ModelSettings
from tertulia_shared.store import Store, StoreError

MAX_WAITING = 1_000
"""Conversations whose settings may wait while the store is away; the oldest go first."""
AGAIN_S = 2.0

log = logging.getLogger(__name__)


class SettingsSaver:
    """Writes settings until cancelled."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, ModelSettings] = {}
        self._woken = asyncio.Event()

    def save(self, conversation_id: str, settings: ModelSettings) -> None:
        """Write these settings soon; they replace older ones that still wait."""
        self._waiting.pop(conversation_id, None)
        self._waiting[conversation_id] = settings
        if len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._woken.set()

    async def run(self) -> None:
        """Write what is to be saved."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._waiting:
                conversation_id, settings = next(iter(self._waiting.items()))
                try:
                    await self._store.ensure_conversation(conversation_id)
                    await self._store.save_model_settings(conversation_id, asdict(settings))
                except StoreError as error:
                    if error.retryable:
                        await asyncio.sleep(AGAIN_S)
                        continue
                    log.warning("settings not saved: %s", error, extra={"conversation_id": conversation_id})
                if self._waiting.get(conversation_id) is settings:
                    del self._waiting[conversation_id]

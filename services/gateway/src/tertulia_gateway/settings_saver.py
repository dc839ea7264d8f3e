"""Writes the changed settings of conversations into the store in the background. Of each conversation, only the newest
settings are written.

The next turn does not need the store: it reads the settings from the conversation's state in Redis. The store keeps the
settings after that state has expired. While the store is unavailable, the settings wait in the outbox.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from tertulia_shared.bus import BusError
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import StoreError

MAX_WAITING = 1_000
"""Maximum number of conversations with queued settings while both the store and Redis are unavailable. The oldest are
dropped first.
"""
RETRY_S = 2.0

log = logging.getLogger(__name__)


class SettingsSaver:
    """Queues settings; `run` writes them."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._waiting: dict[str, Mapping[str, Any]] = {}
        self._woken = asyncio.Event()

    def save(self, conversation_id: str, settings: Mapping[str, Any]) -> None:
        """Queue settings. They replace queued settings of the same conversation."""
        self._waiting.pop(conversation_id, None)
        self._waiting[conversation_id] = settings
        if len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._woken.set()

    async def run(self) -> None:
        """Write queued settings until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._waiting:
                conversation_id, settings = next(iter(self._waiting.items()))
                try:
                    await self._outbox.save_settings(conversation_id, dict(settings))
                except BusError:
                    await asyncio.sleep(RETRY_S)
                    continue
                except StoreError as error:
                    log.warning("settings not saved: %s", error, extra={"conversation_id": conversation_id})
                except Exception:
                    log.exception("settings not saved", extra={"conversation_id": conversation_id})
                if self._waiting.get(conversation_id) is settings:
                    del self._waiting[conversation_id]

"""Model settings on their way into the store: the newest of each conversation, written behind the client's back.

What holds for the next turn is in the conversation's state already; the store is what outlives it. While that is away
they wait in the outbox.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict

from tertulia_shared.bus import BusError
from tertulia_shared.entries import ModelSettings
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import StoreError

MAX_WAITING = 1_000
"""Conversations whose settings may wait while both the store and Redis are away; the oldest go first."""
AGAIN_S = 2.0

log = logging.getLogger(__name__)


class SettingsSaver:
    """WriteStatus settings until cancelled."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
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
                    await self._outbox.save_settings(conversation_id, asdict(settings))
                except BusError:
                    await asyncio.sleep(AGAIN_S)
                    continue
                except StoreError as error:
                    log.warning("settings not saved: %s", error, extra={"conversation_id": conversation_id})
                except Exception:
                    log.exception("settings not saved", extra={"conversation_id": conversation_id})
                if self._waiting.get(conversation_id) is settings:
                    del self._waiting[conversation_id]

"""Keeps a discussion close to what the user is hearing, so that few unheard replies are made if the user interrupts."""

from __future__ import annotations

import asyncio
from typing import Final

from tertulia_shared.bus import Bus
from tertulia_shared.receipts import readable_receipts

QUIET_S: Final = 10.0
"""After this many seconds without a receipt, the discussion no longer waits for playback: the client plays no sound, or
the message has none.
"""


class ListeningPace:
    """How far the user has listened to one turn. `after`: the entry id of the turn, which precedes its receipts."""

    def __init__(self, bus: Bus, conversation_id: str, after: str) -> None:
        self._bus = bus
        self._key = bus.keys.receipts(conversation_id)
        self._after = after
        self._begun: set[str] = set()

    async def until_begun(self, message_id: str) -> None:
        """Wait until the client plays this message, or until it has sent no receipt for `QUIET_S`."""
        if message_id in self._begun:
            return
        receipts = self._bus.follow(self._key, self._after)
        try:
            while message_id not in self._begun:
                async with asyncio.timeout(QUIET_S):
                    entries = await receipts.read()
                self._after = entries[-1].id
                self._begun.update(receipt.message_id for receipt in readable_receipts(entries))
        except TimeoutError:
            return
        finally:
            receipts.close()

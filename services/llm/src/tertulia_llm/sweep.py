"""Finds conversations with work and no pointer to it.

A turn waits: whoever wrote it died before posting. Or rows wait: the store was away when they were to be saved.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tertulia_llm.owed import FIELD
from tertulia_shared.bus import Bus, BusError, order
from tertulia_shared.entries import Work

SWEEP_S = 15.0
OWED = FIELD.encode()

log = logging.getLogger(__name__)


async def sweep(bus: Bus) -> None:
    """Look now and then, until cancelled. What was waiting at two looks in a row is posted again: harmless."""
    waiting: dict[str, str] = {}
    while True:
        with contextlib.suppress(BusError):
            before, waiting = waiting, await _waiting(bus)
            for conversation_id, cursor in waiting.items():
                if before.get(conversation_id) == cursor:
                    log.info("posted what waits again", extra={"conversation_id": conversation_id})
                    await bus.post("llm", Work(conversation_id))
        await asyncio.sleep(SWEEP_S)


async def _waiting(bus: Bus) -> dict[str, str]:
    """The conversations with an unanswered turn or unsaved rows, and their cursors."""
    out: dict[str, str] = {}
    async for conversation_id in bus.conversations_with_turns():
        last = await bus.last(bus.keys.turns(conversation_id))
        state = await bus.hash(bus.keys.state(conversation_id))
        cursor = state.get(b"cursor", b"0-0").decode()
        if OWED in state or (last is not None and order(last.id) > order(cursor)):
            out[conversation_id] = cursor
    return out

"""Finds conversations that have a waiting turn but no pointer: the process that accepted the turn died before it posted
the pointer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tertulia_shared.bus import Bus, BusError
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import BEGINNING, order

SWEEP_S = 15.0

log = logging.getLogger(__name__)


async def sweep(bus: Bus) -> None:
    """Every `SWEEP_S` seconds, search for waiting turns, until cancelled.

    If a turn waits at two searches in a row, a new pointer for it is posted. If the old pointer still exists, the new
    one does no harm.
    """
    waiting: dict[str, str] = {}
    while True:
        with contextlib.suppress(BusError):
            before, waiting = waiting, await _waiting(bus)
            for conversation_id, turn in waiting.items():
                if before.get(conversation_id) == turn:
                    log.info("posted a waiting turn again", extra={"conversation_id": conversation_id})
                    await bus.post("llm", Work(conversation_id))
        await asyncio.sleep(SWEEP_S)


async def _waiting(bus: Bus) -> dict[str, str]:
    """The conversations with a waiting turn. The value is the conversation's cursor."""
    out: dict[str, str] = {}
    async for conversation_id in bus.conversations_with_turns():
        last = await bus.last(bus.keys.turns(conversation_id))
        state = ConversationState(await bus.hash(bus.keys.state(conversation_id)))
        cursor = state.get(StateField.CURSOR, BEGINNING.encode()).decode(errors="replace")
        if last is not None and _is_behind(last.id, cursor):
            out[conversation_id] = cursor
    return out


def _is_behind(turn: str, cursor: str) -> bool:
    try:
        return order(turn) > order(cursor)
    except ValueError:  # the cursor cannot be read; the worker that claims the conversation repairs it
        return True

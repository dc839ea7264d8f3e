"""Finds conversations that have a waiting turn but no pointer: the process that accepted the turn died before it posted
the pointer.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Mapping

from tertulia_shared.bus import Bus, BusError
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import BEGINNING, order

SWEEP_S = 15.0
AT_ONCE = 50
"""The number of conversations whose last turns, and then cursors, are read in one round trip."""
FULL_EVERY = 4
"""Every fourth search reads all cursors, because a repair may have moved one back."""

log = logging.getLogger(__name__)


async def sweep(bus: Bus) -> None:
    """Every `SWEEP_S` seconds, search for waiting turns, until cancelled.

    If a turn waits at two searches in a row, a new pointer for it is posted. If the old pointer still exists, the new
    one does no harm.
    """
    waiting: dict[str, str] = {}
    answered: dict[str, str] = {}
    for count in itertools.count():
        if count % FULL_EVERY == 0:
            answered = {}
        with contextlib.suppress(BusError):
            before, (waiting, answered) = waiting, await _search(bus, answered)
            for conversation_id, turn in waiting.items():
                if before.get(conversation_id) == turn:
                    log.info("posted a waiting turn again", extra={"conversation_id": conversation_id})
                    await bus.post("llm", Work(conversation_id))
        await asyncio.sleep(SWEEP_S)


async def _search(bus: Bus, answered: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The cursors of the conversations with a waiting turn, and the ids of the last turns of the others.

    `answered`: those ids of the search before. The cursor of a conversation without a turn since then is not read.
    """
    waiting: dict[str, str] = {}
    now_answered: dict[str, str] = {}
    ids = [conversation_id async for conversation_id in bus.conversations_with_turns()]
    for i in range(0, len(ids), AT_ONCE):
        group = ids[i : i + AT_ONCE]
        lasts = await asyncio.gather(*(bus.last(bus.keys.turns(conversation_id)) for conversation_id in group))
        last_turns = {conversation_id: last.id for conversation_id, last in zip(group, lasts, strict=True) if last}
        changed = [
            conversation_id for conversation_id, last in last_turns.items() if answered.get(conversation_id) != last
        ]
        cursors = dict(zip(changed, await asyncio.gather(*(_cursor(bus, each) for each in changed)), strict=True))
        for conversation_id, last in last_turns.items():
            if conversation_id in cursors and _is_behind(last, cursors[conversation_id]):
                waiting[conversation_id] = cursors[conversation_id]
            else:
                now_answered[conversation_id] = last
    return waiting, now_answered


async def _cursor(bus: Bus, conversation_id: str) -> str:
    state = ConversationState(await bus.hash(bus.keys.state(conversation_id)))
    return state.get(StateField.CURSOR, BEGINNING.encode()).decode(errors="replace")


def _is_behind(turn: str, cursor: str) -> bool:
    try:
        return order(turn) > order(cursor)
    except ValueError:  # the cursor cannot be read; the worker that claims the conversation repairs it
        return True

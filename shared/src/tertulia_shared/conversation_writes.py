"""The writes to a conversation that several processes make: accepting a turn, and interrupting a reply.

Each is one transaction: if the process dies, Redis has all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tertulia_shared.bus import Append, Applied, Bus, Fence, Write
from tertulia_shared.entries import Interrupt, UserTurn, Work
from tertulia_shared.events import Interrupted, TurnAccepted
from tertulia_shared.keys import Keys


async def accept_turn(
    bus: Bus,
    turn: UserTurn,
    *,
    before: Sequence[Write] = (),
    fence: Fence | None = None,
    once: bool = True,
) -> Applied:
    """Write the turn, tell the client, interrupt a reply that is being made or heard, and post the llm pointer.

    Args:
        bus: the bus to write to. turn: the user's message.
        before: writes of the caller that come first in the same transaction.
        fence: as for `Bus.transact`.
        once: accept each turn id once; a repeated call writes nothing (`Applied.new` is False).

    Raises:
        BusError: the turn may or may not have been written. With `once` the call may be repeated.
    """
    keys, id = bus.keys, turn.conversation_id
    return await bus.transact(
        id,
        [
            *before,
            Append(keys.turns(id), turn),
            Append(keys.events(id), TurnAccepted(turn.turn_id, turn.text, turn.source)),
        ],
        fence=fence,
        raise_epoch=True,
        talk=True,
        if_talking=_interruption(keys, id, "turn"),
        once=keys.turn_seen(id, turn.turn_id) if once else None,
        then=("llm", Work(id)),
    )


async def interrupt(
    bus: Bus, conversation_id: str, cause: Literal["turn", "request"], *, fence: Fence | None = None
) -> Applied:
    """Stop the reply that is being made or heard, and post the llm pointer: a worker then stores the heard part."""
    return await bus.transact(
        conversation_id,
        [],
        fence=fence,
        raise_epoch=True,
        talk=False,
        if_talking=_interruption(bus.keys, conversation_id, cause),
        then=("llm", Work(conversation_id)),
    )


def _interruption(keys: Keys, conversation_id: str, cause: Literal["turn", "request"]) -> tuple[Append, Append]:
    """The command for the workers and the event for the client."""
    return (
        Append(keys.control(conversation_id), Interrupt(cause)),
        Append(keys.events(conversation_id), Interrupted(cause)),
    )

"""The writes to a conversation that several processes make: accepting, confirming and reopening a turn, and
interrupting a reply.

Each is one transaction: if the process dies, Redis has all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from tertulia_shared.bus import Append, Applied, Bus, Condition, Fence, Put, Write
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import TURN_CHANGE_VERSION, TURN_VERSION, Interrupt, UserTurn, Work
from tertulia_shared.events import Interrupted, TurnAccepted, TurnConfirmed, TurnReopened
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

    A tentative turn is written only if no reply is being made or heard. The client learns of it, and of its replies,
    when `confirm_turn` confirms it; until then `reopen_turn`, and every other turn and interruption, withdraws it.

    Args:
        bus: the bus to write to. turn: the user's message.
        before: writes of the caller that come first in the same transaction.
        fence: as for `Bus.transact`.
        once: accept each turn id once; a repeated call writes nothing (`Applied.new` is False).

    Returns:
        Whether the turn was written, and its epoch.

    Raises:
        BusError: the turn may or may not have been written. With `once` the call may be repeated.
    """
    keys, id = bus.keys, turn.conversation_id
    return await bus.transact(
        id,
        [
            *before,
            Append(keys.turns(id), turn, extra=_schema_version(turn)),
            Append(keys.events(id), TurnAccepted(turn.turn_id, turn.text, turn.source, turn.tentative)),
            *([Put(keys.state(id), {StateField.TENTATIVE: turn.ref})] if turn.tentative else []),
        ],
        fence=fence,
        raise_epoch=True,
        talk=True,
        if_talking=_interruption(keys, id, "turn"),
        once=keys.turn_seen(id, turn.turn_id) if once else None,
        given=[Condition(StateField.TALK, None)] if turn.tentative else (),
        then=("llm", Work(id, turn_id=turn.turn_id)),
    )


async def confirm_turn(
    bus: Bus, turn: UserTurn, epoch: int, *, before: Sequence[Write] = (), fence: Fence | None = None
) -> Applied:
    """Confirm a tentative turn: its text is complete.

    Args:
        bus: the bus to write to. turn: the turn as it was accepted.
        epoch: the turn's epoch.
        before: writes of the caller that come first in the same transaction.
        fence: as for `Bus.transact`.

    Returns:
        `new` is False if the turn was withdrawn meanwhile: nothing was written. Then the caller accepts the turn again
        in its next version.
    """
    keys, id = bus.keys, turn.conversation_id
    return await bus.transact(
        id,
        [
            *before,
            Append(keys.events(id), TurnConfirmed(turn.turn_id)),
            Put(keys.state(id), {StateField.TENTATIVE: None}),
        ],
        fence=fence,
        given=[Condition(StateField.EPOCH, str(epoch)), Condition(StateField.TENTATIVE, turn.ref)],
    )


async def reopen_turn(
    bus: Bus, turn: UserTurn, epoch: int, *, before: Sequence[Write] = (), fence: Fence | None = None
) -> Applied:
    """Withdraw this version of a turn, because the user continues it. The caller accepts its next version later.

    The replies that were begun stop, and leave no trace: the client removes them, and a worker deletes their rows.

    Args:
        bus: the bus to write to. turn: the turn as it was accepted; it may be tentative.
        epoch: the turn's epoch.
        before: writes of the caller that come first in the same transaction.
        fence: as for `Bus.transact`.

    Returns:
        `new` is False, and nothing was written, if the client was already sent sound of a reply, or if something else
        happened in the conversation since the turn (its epoch was raised).
    """
    keys, id = bus.keys, turn.conversation_id
    return await bus.transact(
        id,
        [
            *before,
            Append(keys.control(id), Interrupt("reopened")),
            Append(keys.events(id), TurnReopened(turn.turn_id)),
        ],
        fence=fence,
        raise_epoch=True,
        talk=False,
        given=[
            Condition(StateField.EPOCH, str(epoch)),
            Condition(StateField.SOUNDING, str(epoch), is_equal=False),
        ],
        withdraw=turn.ref,
        then=("llm", Work(id, turn_id=turn.turn_id)),
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


def _schema_version(turn: UserTurn) -> Mapping[str, int]:
    if turn.change:
        return {"v": TURN_CHANGE_VERSION}
    return {"v": TURN_VERSION} if turn.version else {}


def _interruption(keys: Keys, conversation_id: str, cause: Literal["turn", "request"]) -> tuple[Append, Append]:
    """The command for the workers and the event for the client."""
    return (
        Append(keys.control(conversation_id), Interrupt(cause)),
        Append(keys.events(conversation_id), Interrupted(cause)),
    )

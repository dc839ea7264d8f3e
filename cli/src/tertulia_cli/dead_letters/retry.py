"""Carries out a recovery.

The entry in `dead` is deleted last, so a killed command keeps the entry for another retry. Every step before that is
idempotent: a second pointer finds the work owned, and a derived turn id is accepted once.
"""

from __future__ import annotations

from tertulia_cli.dead_letters.read import remove_dead
from tertulia_cli.dead_letters.recovery import AlreadyDone, NewTurn, Recovery, Requeue, Resave
from tertulia_shared.bus import Bus, Put
from tertulia_shared.conversation_writes import accept_turn
from tertulia_shared.entries import UserTurn
from tertulia_shared.outbox_writes import append_write


async def recover(bus: Bus, letter_id: str, recovery: Recovery) -> bool:
    """Carry out the recovery and delete the entry. Returns False, and keeps the entry, for `NotRetryable`."""
    match recovery:
        case Requeue():
            await _requeue(bus, recovery)
        case NewTurn():
            await _accept_new_turn(bus, recovery)
        case Resave():
            outlet = bus.outlet()
            append_write(outlet, bus.keys.store(), recovery.write)
            await outlet.flush()
        case AlreadyDone():
            pass
        case _:
            return False
    await remove_dead(bus, [letter_id])
    return True


async def _requeue(bus: Bus, recovery: Requeue) -> None:
    work, keys = recovery.work, bus.keys
    if recovery.end_id:
        await bus.reopen(keys.audio(work.conversation_id, work.message_id), recovery.end_id)
    if recovery.listening:
        progress = keys.mic_progress(work.conversation_id, work.session_id)
        await bus.transact(work.conversation_id, [Put(progress, {"ended": None})])
    await bus.post(recovery.stage, work, epoch=recovery.epoch)


async def _accept_new_turn(bus: Bus, recovery: NewTurn) -> None:
    """Accept the turn like the gateway accepts a typed message."""
    await accept_turn(bus, UserTurn(recovery.turn_id, recovery.conversation_id, recovery.text, "typed"))

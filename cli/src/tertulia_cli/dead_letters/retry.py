"""Carries a remedy out.

The entry in `dead` goes last: whoever is killed on the way leaves it there, and every step before it does no harm when
it is done again (a second pointer finds the thing owned, a derived turn id is accepted once).
"""

from __future__ import annotations

from tertulia_cli.dead_letters.read import remove_letters
from tertulia_cli.dead_letters.recovery import Again, AskAgain, Done, Remedy, SaveAgain
from tertulia_shared.bus import Bus, Put
from tertulia_shared.conversation_writes import accept_turn
from tertulia_shared.entries import UserTurn


async def carry_out(bus: Bus, letter_id: str, remedy: Remedy) -> bool:
    """Do it and delete the entry; False if there is nothing to be done, and then the entry stays."""
    match remedy:
        case Again():
            await _again(bus, remedy)
        case AskAgain():
            await _ask_again(bus, remedy)
        case SaveAgain():
            outlet = bus.outlet()
            outlet.append(bus.keys.store(), remedy.write)
            await outlet.flush()
        case Done():
            pass
        case _:
            return False
    await remove_letters(bus, [letter_id])
    return True


async def _again(bus: Bus, remedy: Again) -> None:
    work, keys = remedy.work, bus.keys
    if remedy.end_id:
        await bus.reopen(keys.audio(work.conversation_id, work.message_id), remedy.end_id)
    if remedy.listening:
        progress = keys.mic_progress(work.conversation_id, work.session_id)
        await bus.transact(work.conversation_id, [Put(progress, {"ended": None})])
    await bus.post(remedy.stage, work, epoch=remedy.epoch)


async def _ask_again(bus: Bus, remedy: AskAgain) -> None:
    """As the gateway writes down what the user types."""
    await accept_turn(bus, UserTurn(remedy.turn_id, remedy.conversation_id, remedy.text, "typed"))

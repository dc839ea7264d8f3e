"""Ends a listening session that cannot be served: keeps the turn being spoken, and sends the client an error and the
end of the session.
"""

from __future__ import annotations

import logging

from tertulia_shared.bus import Append, Bus, Claim, Fence, Put, Refused, WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry
from tertulia_shared.conversation_writes import accept_turn, confirm_turn
from tertulia_shared.entries import Work
from tertulia_shared.events import Error, ListeningStopped
from tertulia_shared.ids import is_id
from tertulia_shared.work import pointed_at
from tertulia_stt.checkpoint import read_turn
from tertulia_stt.turn import NO_TURN, Phase, Turn
from tertulia_stt.turn_handover import TurnHandover
from tertulia_stt.turn_writer import closing_events, epoch_of, user_turn

log = logging.getLogger(__name__)


async def give_up_session(bus: Bus, claim: Claim, reason: str) -> None:
    """Mark the session as ended, and tell the client that it has failed.

    Raises:
        WritesPaused: Redis accepts no writes now; call again later.
    """
    work = pointed_at(claim.fields)
    if not (is_id(work.conversation_id) and is_id(work.session_id)):
        return
    ids = {"session_id": work.session_id}
    events = bus.keys.events(work.conversation_id)
    fence = await _own(bus, claim, work)
    if fence is None:
        log.info("the session is served by another worker", extra=ids)
        return
    final_events = [
        Append(events, Error("stt_failed", f"Listening failed: {reason}. Start listening again.")),
        Append(events, ListeningStopped(work.session_id, "failed")),
    ]
    try:  # separate writes, so that the events below are sent (exactly once) even if the keys of the turn are unusable
        await _end_session(bus, work, fence)
    except WritesPaused:
        raise
    except WriteRefused as error:
        log.error("Redis refused a write: %s", error, extra=ids)  # noqa: TRY400 - the message says it all
    try:
        await bus.transact(work.conversation_id, final_events)
    except WritesPaused:
        raise
    except WriteRefused as error:
        repaired = await bus.mend(work.conversation_id)
        log.error("Redis refused a write: %s; repaired: %s", error, repaired, extra=ids)  # noqa: TRY400 - as above
        # write again even if `mend` repaired nothing, because another process may have repaired the keys before
        await bus.transact(work.conversation_id, final_events)


async def _own(bus: Bus, claim: Claim, work: Work) -> Fence | None:
    """Take the ownership of the session, so that its earlier worker, if it was only paused, can write no more turns.
    Returns the fence of this claim, or None if another worker owns the session.
    """
    owner = bus.keys.owner(work.conversation_id, work.session_id)
    try:
        owned = await bus.own(claim, work.conversation_id, work.session_id)
    except WritesPaused:
        raise
    except WriteRefused as error:  # end the session even without its ownership
        log.warning("the session cannot be owned: %s", error, extra={"session_id": work.session_id})
        return Fence(owner, "")
    is_other = isinstance(owned, Refused) and owned.holder != claim.token
    return None if is_other else Fence(owner, claim.token)


async def _end_session(bus: Bus, work: Work, fence: Fence) -> None:
    try:
        await end_turn(bus, work, fence)
    finally:  # even if Redis refuses the turn
        ended, outlet = _ended(bus, work), bus.outlet()
        outlet.put(ended.key, ended.fields)
        await outlet.flush()


async def end_turn(bus: Bus, work: Work, fence: Fence) -> bool:
    """Confirm or accept the turn in the session's progress, if it has words and no other session continues it. Mark the
    session as ended. Returns True if a turn was confirmed or accepted.
    """
    await TurnHandover(bus, work, fence).take_back()
    ended = _ended(bus, work)
    is_kept = await _keep(bus, work, await _turn_of(bus, work), ended, fence)
    if not is_kept:
        await bus.transact(work.conversation_id, [ended], fence=fence)
    return is_kept


def _ended(bus: Bus, work: Work) -> Put:
    return Put(bus.keys.mic_progress(work.conversation_id, work.session_id), {"ended": 1, "pending": None})


async def _keep(bus: Bus, work: Work, turn: Turn, ended: Put, fence: Fence) -> bool:
    turn = turn.with_draft_finished()  # no more sound comes
    spoken = user_turn(work, turn)
    before = [*closing_events(bus, work, spoken.text, spoken.turn_id), ended]
    if turn.phase is Phase.TENTATIVE:
        epoch = await epoch_of(bus, spoken)
        if (await confirm_turn(bus, spoken, epoch, before=before, fence=fence)).new:
            return True
        turn = turn.reopened()  # this version was withdrawn meanwhile
    if turn.phase is Phase.GROWING and turn.text:
        await accept_turn(bus, user_turn(work, turn), before=before, fence=fence, once=False)
        return True
    return False


async def _turn_of(bus: Bus, work: Work) -> Turn:
    """The turn being spoken; an empty turn if the checkpoint cannot be read."""
    try:
        return read_turn(await bus.hash(bus.keys.mic_progress(work.conversation_id, work.session_id)))
    except (BadEntry, WriteRefused) as error:
        log.warning("the turn being spoken cannot be read: %s", error, extra={"session_id": work.session_id})
        return NO_TURN

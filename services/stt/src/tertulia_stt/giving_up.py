"""Ends a listening session that cannot be served: sends the client an error and the end of the session."""

from __future__ import annotations

import logging

from tertulia_shared.bus import Append, Bus, Claim, WriteRefused, WritesPaused
from tertulia_shared.events import Error, ListeningStopped
from tertulia_shared.ids import is_id
from tertulia_shared.work import pointed_at

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
    final_events = [
        Append(events, Error("stt_failed", f"Listening failed: {reason}. Start listening again.")),
        Append(events, ListeningStopped(work.session_id, "failed")),
    ]
    try:  # a separate write, so that the events below are sent (exactly once) even if this key is the broken one
        outlet = bus.outlet()
        outlet.put(bus.keys.mic_progress(work.conversation_id, work.session_id), {"ended": 1})
        await outlet.flush()
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

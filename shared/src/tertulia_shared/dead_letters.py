"""Writes dead letters: what was given up, and why, for `tertulia dead`."""

from __future__ import annotations

import logging
from dataclasses import replace

from tertulia_shared.bus import Bus, WriteRefused, WritesPaused
from tertulia_shared.entries import DeadLetter

MAX_REASON_CHARS = 2_000
"""Of a letter's reason: it may quote what a hostile entry holds."""

log = logging.getLogger(__name__)


async def bury(bus: Bus, letter: DeadLetter) -> None:
    """Write a dead letter. A letter that Redis refuses for good is only logged: it must not hold up what follows.

    Raises:
        BusUnavailable, WritesPaused: it is not written; try again later.
    """
    outlet = bus.outlet()
    outlet.append(bus.keys.dead(), replace(letter, reason=letter.reason[:MAX_REASON_CHARS]))
    try:
        await outlet.flush()
    except WritesPaused:
        raise
    except WriteRefused:
        ids = {"conversation_id": letter.conversation_id, "message_id": letter.message_id, "work_id": letter.work_id}
        log.exception("Redis refused a dead letter", extra=ids)

"""Writes dead letters: the work that was given up, and the reason, for `tertulia dead`."""

from __future__ import annotations

import logging
from dataclasses import replace

from tertulia_shared.bus import Bus, WriteRefused, WritesPaused
from tertulia_shared.entries import DeadLetter

MAX_REASON_CHARS = 2_000
"""Longest reason of a dead letter; it may quote a hostile entry."""

log = logging.getLogger(__name__)


async def write_dead_letter(bus: Bus, letter: DeadLetter) -> None:
    """Write a dead letter, to `dead:aside` if Redis refuses the write to `dead` permanently.

    A letter that both streams refuse is only logged: it must not block later work.

    Raises:
        BusUnavailable, WritesPaused: the letter is not written; try again later.
    """
    letter = replace(letter, reason=letter.reason[:MAX_REASON_CHARS])
    ids = {"conversation_id": letter.conversation_id, "message_id": letter.message_id, "work_id": letter.work_id}
    for key in (bus.keys.dead(), bus.keys.dead_aside()):
        outlet = bus.outlet()
        outlet.append(key, letter)
        try:
            await outlet.flush()
        except WritesPaused:
            raise
        except WriteRefused as error:
            log.error("%s takes no dead letter: %s", key, error, extra=ids)  # noqa: TRY400 - the message says it all
        else:
            return

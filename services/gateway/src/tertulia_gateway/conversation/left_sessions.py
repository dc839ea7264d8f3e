"""Finds and ends listening sessions that an earlier connection left open because its gateway died."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from tertulia_shared.bus import Bus, BusError, Entry
from tertulia_shared.entries import MicChunk

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SeenSessions:
    """The ids of the listening sessions in the events that were seen. `open` are those that have not ended."""

    open: set[str] = field(default_factory=set[str])
    ended: set[str] = field(default_factory=set[str])

    def see(self, entry: Entry) -> None:
        """See the next event."""
        session_id = entry.fields.get(b"session_id", b"").decode(errors="replace")
        if entry.fields.get(b"type") == b"listening_stopped":
            self.ended.add(session_id)
            self.open.discard(session_id)
        elif session_id and session_id not in self.ended:
            self.open.add(session_id)


async def end_left_sessions(bus: Bus, conversation_id: str, session_ids: Collection[str]) -> None:
    """End these sessions, so that the speech in progress becomes a turn now, and not when the session has been idle
    for long. If Redis is unavailable, they end when they have been idle.

    A gateway that still serves such a session may write an entry at the same moment. Redis keeps one of the two, and
    that gateway ends the session itself when it learns that its client was replaced.
    """
    try:
        outlet = bus.outlet()
        for session_id in session_ids:
            key = bus.keys.mic(conversation_id, session_id)
            last = await bus.last(key)
            if last is not None:
                number = int(last.id.partition("-")[0]) + 1
                outlet.append(key, MicChunk(b"", is_final=True, cause="abandoned"), id=f"{number}-0")
        await outlet.flush()
    except BusError as error:
        log.warning("sessions stay open until they are idle: %s", error, extra={"conversation_id": conversation_id})

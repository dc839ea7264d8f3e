"""The gateway tells a resuming client that Redis has lost its last event, unless Redis trimmed the event."""

from __future__ import annotations

import pytest

from tertulia_gateway.commands import Resume
from tertulia_gateway.conversation.resume import OpenedConversation, resume_conversation
from tertulia_shared.bus import Append
from tertulia_shared.events import TurnComplete
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore

C = new_id()
NOW_MS = 1_800_000_000_000
MAX_EVENTS = 20_000


@pytest.mark.parametrize(("later", "lost"), [(1, True), (MAX_EVENTS, False)], ids=["a short stream", "a full stream"])
async def test_missing_event_is_lost_unless_the_stream_is_full(later: int, *, lost: bool) -> None:
    bus = MemoryBus(Keys("test"), now_ms=lambda: NOW_MS)
    await bus.transact(C, [Append(bus.keys.events(C), TurnComplete("t"))] * later)
    opened = await resume_conversation(bus, MemoryStore(), "me", Resume(C, f"{NOW_MS - 1}-0"), NOW_MS)
    assert isinstance(opened, OpenedConversation)
    assert opened.lost is lost

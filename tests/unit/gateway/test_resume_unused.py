"""A client that resumes is told whether the conversation has a message."""

from __future__ import annotations

import pytest

from tertulia_gateway.commands import Resume
from tertulia_gateway.conversation.resume import OpenedConversation, create_conversation, resume_conversation
from tertulia_shared.bus import Append
from tertulia_shared.events import Characters, TurnAccepted, TurnComplete
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore

NOW_MS = 1_800_000_000_000
BETWEEN_TURNS = Characters(())
A_TURN = (TurnAccepted(new_id(), "hello", "typed"), TurnComplete(new_id()))


@pytest.mark.parametrize(
    ("events", "unused"), [((), True), ((BETWEEN_TURNS,), True), (A_TURN, False), ((*A_TURN, BETWEEN_TURNS), False)]
)
async def test_conversation_is_unused_until_its_first_turn(
    events: tuple[Characters | TurnAccepted | TurnComplete, ...],
    unused: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    bus = MemoryBus(Keys("test"), now_ms=lambda: NOW_MS)
    made = await create_conversation(bus, "me", demo=False)
    key = bus.keys.events(made.conversation_id)
    await bus.transact(made.conversation_id, [Append(key, event) for event in events])
    for _ in range(2):
        opened = await resume_conversation(bus, MemoryStore(), "other", Resume(made.conversation_id), NOW_MS)
        assert isinstance(opened, OpenedConversation)
        assert opened.unused is unused

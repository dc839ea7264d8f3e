"""Which conversation is open, while Redis comes and goes between two of its answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tertulia_gateway.commands import NewConversation
from tertulia_gateway.conversation.session import ConversationSession
from tertulia_shared.bus import BusError, BusUnavailable
from tertulia_shared.events import TurnComplete
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.gateway.gateway_context import gateway_context

at_any_moment = pytest.mark.parametrize("moment", range(1, 5))
"""Which of the bus' answers does not come. It takes fewer to open a conversation."""


class Flickering(MemoryBus):
    """Does not answer once: the `moment`-th time from when that was set."""

    moment = 0

    def _check(self) -> None:
        super()._check()
        self.moment -= 1
        if self.moment == 0:
            raise BusUnavailable("away")


@dataclass
class Told:
    """What the client was told."""

    kinds: list[str] = field(default_factory=list[str])

    async def send_text(self, frame: str) -> None:
        self.kinds.append(json.loads(frame)["type"])

    async def send_bytes(self, frame: bytes) -> None:
        raise AssertionError("nobody speaks")


class Gone(Exception):
    """The client has gone."""


@asynccontextmanager
async def at_the_door(bus: MemoryBus, told: Told) -> AsyncGenerator[ConversationSession]:
    """A connection that has asked for a new conversation."""
    store = MemoryStore()
    await store.open()
    ctx = gateway_context(bus, store, clock=now)
    with pytest.RaisesGroup(Gone):
        async with asyncio.TaskGroup() as tasks:
            session = ConversationSession(ctx, told, tasks, NewConversation())
            tasks.create_task(session.retry_pending())
            yield session
            raise Gone


async def hears(bus: MemoryBus, told: Told, session: ConversationSession) -> bool:
    """Whether the client is told what happens in the conversation that is open."""
    assert session.conversation is not None
    before = told.kinds.count("turn_complete")
    outlet = bus.outlet()
    outlet.append(bus.keys.events(session.conversation.id), TurnComplete("t"))
    await outlet.flush()
    await settle()
    return told.kinds.count("turn_complete") == before + 1


@at_any_moment
@virtual_time
async def test_what_was_asked_for_first_is_opened_as_soon_as_redis_answers(moment: int) -> None:
    bus, told = Flickering(Keys("test"), clock=now), Told()
    bus.moment = moment
    async with at_the_door(bus, told) as session:
        await asyncio.sleep(60)
        bus.moment = 0
        assert await hears(bus, told, session)


@at_any_moment
@virtual_time
async def test_what_is_open_stays_open_if_the_next_cannot_be_opened(moment: int) -> None:
    bus, told = Flickering(Keys("test"), clock=now), Told()
    async with at_the_door(bus, told) as session:
        await asyncio.sleep(60)
        bus.moment = moment
        with contextlib.suppress(BusError):
            await session.open(NewConversation())
        bus.moment = 0
        assert await hears(bus, told, session)

"""Conversations are opened while one of the calls to Redis fails. Each test is repeated for each call."""

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
"""Which call of the bus fails. Opening a conversation takes fewer calls than the highest number."""


class FailingOnce(MemoryBus):
    """A bus of which one call fails: the `moment`-th call after `moment` was set."""

    moment = 0

    def _check(self) -> None:
        super()._check()
        self.moment -= 1
        if self.moment == 0:
            raise BusUnavailable("away")


@dataclass
class RecordingTransport:
    """Records the types of the events that were sent to the client."""

    kinds: list[str] = field(default_factory=list[str])

    async def send_text(self, frame: str) -> None:
        self.kinds.append(json.loads(frame)["type"])

    async def send_bytes(self, frame: bytes) -> None:
        raise AssertionError("there is no audio")


class Gone(Exception):
    """The client has disconnected."""


@asynccontextmanager
async def open_session(bus: MemoryBus, transport: RecordingTransport) -> AsyncGenerator[ConversationSession]:
    """The session of a connection that has asked for a new conversation."""
    store = MemoryStore()
    await store.open()
    ctx = gateway_context(bus, store, clock=now)
    with pytest.RaisesGroup(Gone):
        async with asyncio.TaskGroup() as tasks:
            session = ConversationSession(ctx, transport, tasks, NewConversation())
            tasks.create_task(session.retry_pending())
            yield session
            raise Gone


async def receives_events(bus: MemoryBus, transport: RecordingTransport, session: ConversationSession) -> bool:
    """Write an event of the open conversation. Returns True if the client gets it."""
    assert session.conversation is not None
    before = transport.kinds.count("turn_complete")
    outlet = bus.outlet()
    outlet.append(bus.keys.events(session.conversation.id), TurnComplete("t"))
    await outlet.flush()
    await settle()
    return transport.kinds.count("turn_complete") == before + 1


@at_any_moment
@virtual_time
async def test_first_conversation_is_opened_by_a_retry_after_one_call_to_redis_failed(moment: int) -> None:
    bus, transport = FailingOnce(Keys("test"), clock=now), RecordingTransport()
    bus.moment = moment
    async with open_session(bus, transport) as session:
        await asyncio.sleep(60)
        bus.moment = 0
        assert await receives_events(bus, transport, session)


@at_any_moment
@virtual_time
async def test_open_conversation_stays_open_if_another_conversation_cannot_be_opened(moment: int) -> None:
    bus, transport = FailingOnce(Keys("test"), clock=now), RecordingTransport()
    async with open_session(bus, transport) as session:
        await asyncio.sleep(60)
        bus.moment = moment
        with contextlib.suppress(BusError):
            await session.open(NewConversation())
        bus.moment = 0
        assert await receives_events(bus, transport, session)

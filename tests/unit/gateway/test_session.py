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
from tertulia_gateway.context import Backstage
from tertulia_gateway.conversation.session import Current
from tertulia_gateway.settings_saver import SettingsSaver
from tertulia_shared.bus import BusError, BusUnavailable
from tertulia_shared.clock import wall_ms
from tertulia_shared.events import TurnComplete
from tertulia_shared.keys import Keys
from tertulia_shared.outbox import Outbox
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.virtual_time import now, settle, virtual_time

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

    async def text(self, frame: str) -> None:
        self.kinds.append(json.loads(frame)["type"])

    async def binary(self, frame: bytes) -> None:
        raise AssertionError("nobody speaks")


class Gone(Exception):
    """The client has gone."""


@asynccontextmanager
async def at_the_door(bus: MemoryBus, told: Told) -> AsyncGenerator[Current]:
    """A connection that has asked for a new conversation."""
    store = MemoryStore()
    await store.open()
    saver = SettingsSaver(Outbox(bus, store, 1.0))
    backstage = Backstage(bus, store, saver, alive_s=10, max_frames_per_s=50, clock=now, wall_ms=wall_ms)
    with pytest.RaisesGroup(Gone):
        async with asyncio.TaskGroup() as tasks:
            current = Current(backstage, told, tasks, NewConversation())
            tasks.create_task(current.keep_trying())
            yield current
            raise Gone


async def hears(bus: MemoryBus, told: Told, current: Current) -> bool:
    """Whether the client is told what happens in the conversation that is open."""
    assert current.conversation is not None
    before = told.kinds.count("turn_complete")
    outlet = bus.outlet()
    outlet.append(bus.keys.events(current.conversation.id), TurnComplete("t"))
    await outlet.flush()
    await settle()
    return told.kinds.count("turn_complete") == before + 1


@at_any_moment
@virtual_time
async def test_what_was_asked_for_first_is_opened_as_soon_as_redis_answers(moment: int) -> None:
    bus, told = Flickering(Keys("test"), clock=now), Told()
    bus.moment = moment
    async with at_the_door(bus, told) as current:
        await asyncio.sleep(60)
        bus.moment = 0
        assert await hears(bus, told, current)


@at_any_moment
@virtual_time
async def test_what_is_open_stays_open_if_the_next_cannot_be_opened(moment: int) -> None:
    bus, told = Flickering(Keys("test"), clock=now), Told()
    async with at_the_door(bus, told) as current:
        await asyncio.sleep(60)
        bus.moment = moment
        with contextlib.suppress(BusError):
            await current.open(NewConversation())
        bus.moment = 0
        assert await hears(bus, told, current)

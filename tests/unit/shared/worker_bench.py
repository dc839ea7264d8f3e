"""A `Worker` on the memory bus and virtual time, with a scripted handler."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from tertulia_shared.bus import Claim
from tertulia_shared.codec import decode
from tertulia_shared.entries import DeadLetter, Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.settings import CommonSettings
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.worker import Worker
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, settle

SETTINGS = settings_of(CommonSettings, lease_s=3, drain_s=10, max_attempts=3)
RENEWED_S = 2.0
"""A pause after which leases are renewed: more than a third of the lease, less than the lease."""
Act = Callable[[Claim], Awaitable[None]]


class ScriptedHandler:
    """Runs `act` on each claim, and records the outcomes."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self.begun: list[Claim] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.given_up: list[str] = []
        self.running = 0
        self.most_at_once = 0
        self.on_give_up: Act | None = None
        self.turn_id: str | None = None
        """The id of the turn that `give_up` ends."""

    async def handle(self, claim: Claim) -> None:
        self.begun.append(claim)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await self._act(claim)
            self.ended.append(claim.id)
        except asyncio.CancelledError:
            self.cancelled.append(claim.id)
            raise
        finally:
            self.running -= 1

    async def give_up(self, claim: Claim, reason: str) -> str | None:
        self.given_up.append(reason)
        if self.on_give_up is not None:
            await self.on_give_up(claim)
        return self.turn_id


async def forever(_claim: Claim) -> None:
    await asyncio.Event().wait()


async def nothing(_claim: Claim) -> None:
    pass


def raising(*errors: Exception) -> Act:
    """An act that raises these errors one after the other, then succeeds."""
    left = list(errors)

    async def act(_claim: Claim) -> None:
        if left:
            raise left.pop(0)

    return act


def make_bus() -> MemoryBus:
    return MemoryBus(Keys("test"), clock=now)


@asynccontextmanager
async def working(
    bus: MemoryBus, handler: ScriptedHandler, *, concurrency: int = 10, settings: CommonSettings = SETTINGS
) -> AsyncGenerator[Worker]:
    """Run a worker while the block runs."""
    worker = Worker(bus, "tts", handler, settings, engine="scripted", concurrency=concurrency)
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    await settle()
    try:
        yield worker
    finally:
        stop.set()
        await task


async def post(bus: MemoryBus, count: int = 1) -> None:
    for _ in range(count):
        await bus.post("tts", Work(new_id(), message_id=new_id()))


async def dead_letters(bus: MemoryBus) -> list[DeadLetter]:
    return [decode(DeadLetter, entry.fields) for entry in await bus.read(bus.keys.dead())]


async def claims_of(bus: MemoryBus, worker: str = "peer", *, idle_s: float = 0) -> list[Claim]:
    """Take over, as the peer `worker`, all work that was idle for `idle_s`."""
    return list(await bus.take_over("tts", worker, idle_s=idle_s, count=100))


async def held_by_peer(bus: MemoryBus) -> Claim:
    """Let the worker claim work and a peer take it over; returns the peer's claim."""
    await post(bus)
    await settle()
    (held,) = await claims_of(bus)
    return held

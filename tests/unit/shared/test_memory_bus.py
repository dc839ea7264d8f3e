"""The memory bus: random calls of its work queue, compared with a model, and simulated outages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, invariant, multiple, rule

from tertulia_shared.bus import Append, Bus, BusUnavailable, Claim
from tertulia_shared.entries import Work
from tertulia_shared.events import TurnComplete
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.bus import Clock, claimed

WORKERS = ("a", "b", "c")
LEASE_S = 3.0


@dataclass
class Held:
    """The model's state of a claimed entry."""

    worker: str
    since: float
    attempt: int


class Delivery(RuleBasedStateMachine):
    """Checks that each piece of work has at most one holder, is not lost, and changes only through its holder."""

    claims = Bundle[Claim]("claims")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.bus = MemoryBus(Keys("model"), clock=self.clock)
        self.posted = 0
        self.finished: set[str] = set()
        self.held: dict[str, Held] = {}
        self.unclaimed = 0
        self.runner.run(self.bus.prepare("tts"))

    def teardown(self) -> None:
        self.runner.close()

    @rule()
    def post(self) -> None:
        self.runner.run(self._post(Work(str(self.posted))))
        self.posted += 1
        self.unclaimed += 1

    async def _post(self, work: Work) -> None:
        await self.bus.post("tts", work)

    @rule(seconds=st.sampled_from([0.5, 1.0, LEASE_S]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(target=claims, worker=st.sampled_from(WORKERS), count=st.integers(1, 3))
    def claim(self, worker: str, count: int) -> MultipleResults[Claim]:
        claims = self.runner.run(self.bus.claim("tts", worker, count=count, block_s=0))
        assert len(claims) == min(count, self.unclaimed)
        self.unclaimed -= len(claims)
        for claim in claims:
            assert claim.id not in self.held
            assert claim.id not in self.finished
            assert claim.attempt == 1
            self.held[claim.id] = Held(worker, self.clock.now, 1)
        return multiple(*claims)

    @rule(target=claims, worker=st.sampled_from(WORKERS), count=st.integers(1, 3))
    def take_over(self, worker: str, count: int) -> MultipleResults[Claim]:
        idle = [id for id, held in self.held.items() if self.clock.now - held.since >= LEASE_S]
        claims = self.runner.run(self.bus.take_over("tts", worker, idle_s=LEASE_S, count=count))
        assert len(claims) == min(count, len(idle))
        for claim in claims:
            assert claim.id in idle
            held = self.held[claim.id]
            assert claim.attempt == held.attempt + 1
            self.held[claim.id] = Held(worker, self.clock.now, claim.attempt)
        return multiple(*claims)

    @rule(worker=st.sampled_from(WORKERS), claims=st.lists(claims, max_size=4))
    def renew(self, worker: str, claims: list[Claim]) -> None:
        ids = [claim.id for claim in claims]
        lost = self.runner.run(self.bus.renew("tts", worker, ids))
        assert lost == {id for id in ids if not self._is_held_by(id, worker)}
        for id in set(ids) - lost:
            self.held[id].since = self.clock.now

    @rule(worker=st.sampled_from(WORKERS), claim=claims)
    def finish(self, worker: str, claim: Claim) -> None:
        done = self.runner.run(self.bus.finish(claim, worker))
        assert done == self._is_last_attempt(claim, worker)
        if done:
            del self.held[claim.id]
            self.finished.add(claim.id)

    @rule(worker=st.sampled_from(WORKERS), claim=claims)
    def hand_back(self, worker: str, claim: Claim) -> None:
        done = self.runner.run(self.bus.nack(claim, worker))
        assert done == self._is_last_attempt(claim, worker)
        if done:
            self.held[claim.id] = Held("", float("-inf"), self.held[claim.id].attempt)

    @rule(worker=st.sampled_from(WORKERS), claim=claims)
    def pass_on(self, worker: str, claim: Claim) -> None:
        done = self.runner.run(self.bus.requeue(claim, worker))
        assert done == self._is_last_attempt(claim, worker)
        if done:
            del self.held[claim.id]
            self.unclaimed += 1

    @rule(worker=st.sampled_from(WORKERS))
    def retire(self, worker: str) -> None:
        self.runner.run(self.bus.deregister("tts", worker))
        for id, held in self.held.items():
            if held.worker == worker:
                self.held[id] = Held("", float("-inf"), held.attempt)

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.runner.run(self.bus.open_work("tts")) == self.posted - len(self.finished)
        assert self.posted == self.unclaimed + len(self.held) + len(self.finished)

    def _is_last_attempt(self, claim: Claim, worker: str) -> bool:
        return self._is_held_by(claim.id, worker) and self.held[claim.id].attempt == claim.attempt

    def _is_held_by(self, id: str, worker: str) -> bool:
        return id in self.held and self.held[id].worker == worker


Delivery.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestDelivery = Delivery.TestCase


@pytest.fixture
def bus(keys: Keys) -> MemoryBus:
    return MemoryBus(keys)


async def test_memory_bus_calls_raise_while_its_connection_is_broken(bus: MemoryBus) -> None:
    c = new_id()
    claim = await claimed(bus, "llm", "a")
    outlet = bus.outlet()
    bus.break_connection()
    outlet.append(bus.keys.events(c), TurnComplete("t"))
    calls: list[Awaitable[object]] = [
        outlet.flush(), bus.ping(), bus.prepare("llm"), bus.post("llm", Work(c)), bus.deregister("llm", "a"),
        bus.claim("llm", "a", count=1, block_s=30), bus.take_over("llm", "a", idle_s=0, count=1),
        bus.renew("llm", "a", [claim.id]), bus.finish(claim, "a"), bus.nack(claim, "a"),
        bus.note_failure(claim, "x"), bus.last_failure(claim), bus.own(claim, c, "turns"),
        bus.note_uncounted(claim), bus.uncounted(claim), bus.move(bus.keys.store(), [], bus.keys.held_back()),
        bus.transact(c, [], then=("llm", Work(c))), bus.read(bus.keys.events(c)), bus.last(bus.keys.events(c)),
        bus.hash(bus.keys.state(c)), bus.beat("a"), bus.leave("a"), bus.alive(1), bus.open_work("llm"),
    ]  # fmt: skip
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(result, BusUnavailable), result
    bus.restore_connection()
    assert await bus.open_work("llm") == 1
    assert await bus.finish(claim, "a")


async def test_lost_connection_ends_a_waiting_claim_but_no_follower(bus: MemoryBus) -> None:
    c = new_id()
    await bus.prepare("llm")
    follow = bus.follow(bus.keys.events(c))
    reading = asyncio.create_task(follow.read())
    claiming = asyncio.create_task(bus.claim("llm", "a", count=1, block_s=30))
    await asyncio.sleep(0)
    bus.break_connection()
    with pytest.raises(BusUnavailable):
        await claiming
    bus.restore_connection()
    await bus.transact(c, [Append(bus.keys.events(c), TurnComplete("t"))])
    assert len(await reading) == 1


async def test_memory_bus_gives_entries_the_time_of_its_clock(keys: Keys) -> None:
    bus: Bus = MemoryBus(keys, now_ms=lambda: 1234)
    for _ in range(2):
        await bus.transact("c", [Append(keys.events("c"), TurnComplete("t"))])
    entries = await bus.read(keys.events("c"))
    assert [entry.id for entry in entries] == ["1234-0", "1234-1"]
    assert [entry.fields[b"ts"] for entry in entries] == [b"1234"] * 2

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Append, Entry, Fence, Follow, NotOwner, Owned, Stale
from tertulia_shared.entries import Interrupt, Work
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.ids import new_id
from tertulia_shared.interruption import BEGIN_S, CHECK_S, DELAY_S, until_interrupted
from tertulia_shared.keys import Key, Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.virtual_time import settle, virtual_time

CONVERSATION = new_id()


async def talking_bus() -> MemoryBus:
    bus = MemoryBus(Keys("test"))
    await bus.transact(CONVERSATION, [], raise_epoch=True, talk=True)
    return bus


async def interrupt(bus: MemoryBus) -> None:
    entry = Append(bus.keys.control(CONVERSATION), Interrupt("request"))
    await bus.transact(CONVERSATION, [], raise_epoch=True, if_talking=[entry])


async def owning(bus: MemoryBus) -> Fence:
    """Own a message of the conversation. Returns the fence of its writes."""
    await bus.prepare("tts")
    await bus.post("tts", Work(CONVERSATION, message_id=CONVERSATION))
    (claim,) = await bus.claim("tts", "worker", count=1, block_s=0)
    owned = await bus.own(claim, CONVERSATION, CONVERSATION)
    assert isinstance(owned, Owned)
    return owned.fence(1)


async def block(bus: MemoryBus, epoch: int, ended: list[str], fence: Fence | None = None) -> None:
    async with until_interrupted(bus, CONVERSATION, epoch, fence=fence):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")


@virtual_time
async def test_uninterrupted_block_is_not_cancelled() -> None:
    bus = await talking_bus()
    async with until_interrupted(bus, CONVERSATION, 1):
        await settle()


@virtual_time
async def test_interruption_cancels_the_block_and_raises_stale() -> None:
    bus, ended = await talking_bus(), list[str]()
    job = asyncio.create_task(block(bus, 1, ended))
    await settle()
    await interrupt(bus)
    with pytest.raises(Stale, match="epoch 2"):
        await job
    assert ended == ["ended"]


@virtual_time
async def test_earlier_interruption_cancels_only_work_of_an_older_epoch() -> None:
    bus, ended = await talking_bus(), list[str]()
    await interrupt(bus)
    with pytest.raises(Stale):
        await block(bus, 1, ended)
    job = asyncio.create_task(block(bus, 2, ended))
    await settle()
    assert not job.done()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job


@virtual_time
async def test_work_reads_no_commands_from_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = await talking_bus()
    for _ in range(200):
        await interrupt(bus)
    read: list[str] = []
    follow = bus.follow

    def recorded(key: Key, after: str = BEGINNING, *, tell_loss: bool = False, delay_s: float = 0.0) -> Follow:
        read.append(after)
        return follow(key, after, tell_loss=tell_loss, delay_s=delay_s)

    monkeypatch.setattr(bus, "follow", recorded)
    job = asyncio.create_task(block(bus, 201, []))
    await settle()
    last = await bus.last(bus.keys.control(CONVERSATION))
    assert last is not None
    assert read == [last.id]
    await interrupt(bus)
    with pytest.raises(Stale, match="epoch 202"):
        await job


@virtual_time
async def test_block_is_interrupted_by_a_command_between_the_given_one_and_its_beginning() -> None:
    bus = await talking_bus()
    await interrupt(bus)
    last = await bus.last(bus.keys.control(CONVERSATION))
    assert last is not None
    await interrupt(bus)
    with pytest.raises(Stale, match="epoch 3"):
        async with until_interrupted(bus, CONVERSATION, 2, after=last.id):
            await asyncio.Event().wait()


@virtual_time
async def test_unreadable_last_command_does_not_hide_an_interruption() -> None:
    bus, ended = await talking_bus(), list[str]()
    await interrupt(bus)
    await bus.move(Key("from", 60), [Entry("1-1", {b"v": b"?"})], bus.keys.control(CONVERSATION))
    with pytest.raises(Stale, match="epoch 2"):
        await block(bus, 1, ended)


@virtual_time
async def test_work_is_cancelled_when_redis_has_lost_its_data() -> None:
    bus, ended = await talking_bus(), list[str]()
    job = asyncio.create_task(block(bus, 7, ended))  # the state was written again after the loss, at epoch 1
    with pytest.raises(Stale, match="at epoch 1, this work is of epoch 7"):
        await job
    assert ended == ["ended"]


@virtual_time
async def test_work_is_cancelled_when_its_owner_is_lost_although_the_epoch_is_the_same() -> None:
    bus, ended = await talking_bus(), list[str]()
    fence = await owning(bus)
    job = asyncio.create_task(block(bus, 1, ended, fence))
    await bus.delete([fence.owner])  # with all data; then a turn is accepted, also at epoch 1
    with pytest.raises(NotOwner):
        await job
    assert ended == ["ended"]


@virtual_time
async def test_work_continues_while_redis_is_unavailable_or_its_epoch_and_owner_are_unchanged() -> None:
    bus, ended = await talking_bus(), list[str]()
    job = asyncio.create_task(block(bus, 1, ended, await owning(bus)))
    await asyncio.sleep(3 * CHECK_S)
    bus.break_connection()
    await asyncio.sleep(3 * CHECK_S)
    bus.restore_connection()
    await asyncio.sleep(3 * CHECK_S)
    assert not job.done()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job


@virtual_time
async def test_error_of_an_interruptible_block_is_raised_unchanged() -> None:
    bus = await talking_bus()
    with pytest.raises(NotOwner, match="mine"):
        async with until_interrupted(bus, CONVERSATION, 1):
            raise NotOwner("mine")


@virtual_time
async def test_cancellation_from_outside_closes_the_follow_of_commands() -> None:
    bus, ended = await talking_bus(), list[str]()
    job = asyncio.create_task(block(bus, 1, ended))
    await settle()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert ended == ["ended"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time
async def test_short_work_follows_no_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    bus, followed = await talking_bus(), list[Key]()

    def recorded(key: Key, *_: object, **__: object) -> Follow:
        followed.append(key)
        return MemoryBus.follow(bus, key)

    monkeypatch.setattr(bus, "follow", recorded)
    async with until_interrupted(bus, CONVERSATION, 1, after=BEGINNING):
        await asyncio.sleep(BEGIN_S / 2)
    await asyncio.sleep(BEGIN_S)  # nor when it is over
    assert followed == []
    async with until_interrupted(bus, CONVERSATION, 1, after=BEGINNING):
        await asyncio.sleep(BEGIN_S * 2)
    assert followed == [bus.keys.control(CONVERSATION)]


@virtual_time
async def test_interruption_at_the_beginning_of_work_is_noticed_in_time() -> None:
    bus, loop = await talking_bus(), asyncio.get_running_loop()

    async def work() -> None:
        async with until_interrupted(bus, CONVERSATION, 1, after=BEGINNING):
            await interrupt(bus)
            await asyncio.Event().wait()

    began = loop.time()
    with pytest.raises(Stale, match="epoch 2"):
        await work()
    assert loop.time() - began <= BEGIN_S + DELAY_S

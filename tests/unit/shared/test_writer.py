"""The writer sends without waiting for earlier replies, and keeps the order of each conversation. The test is Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from tertulia_shared.bus import BusUnavailable, WriteRefused
from tertulia_shared.bus.link import Link, Sent
from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.bus.writer import Writer
from tertulia_shared.entries import Receipt
from tertulia_shared.keys import Keys
from tests.harness.virtual_time import settle, virtual_time

KEYS = Keys("t")
ONE, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


class HandLink:
    """A `Link` whose replies the test gives."""

    def __init__(self) -> None:
        self.batches: list[Sent] = []
        self.is_away = False

    async def send(self, *commands: Command) -> Sent:
        if self.is_away:
            raise BusUnavailable("away")
        sent = Sent(
            commands, cast("Any", None), asyncio.get_running_loop().create_future(), timeout_s=None, is_new=False
        )
        self.batches.append(sent)
        return sent

    async def replies(self, sent: Sent) -> list[Any]:
        return await sent.replies

    @property
    def sent(self) -> list[list[str]]:
        """Of each batch, what the commands write: the messages of the receipts, and the names of other commands."""
        return [[_written(each) for each in batch.commands if each[0] != "EXPIRE"] for batch in self.batches]

    async def answer(self, number: int, *, error: Exception | None = None, refused: str = "") -> None:
        """Reply to a batch, or lose the connection with `error`."""
        sent = self.batches[number]
        if error is not None:
            sent.replies.set_exception(error)
        else:
            sent.replies.set_result([ErrorReply(refused) if refused else b"1-0"] * len(sent.commands))
        await settle()


def _written(command: Sequence[Any]) -> str:
    fields = [part.decode() if isinstance(part, bytes) else str(part) for part in command]
    return fields[fields.index("message_id") + 1] if "message_id" in fields else fields[0]


@asynccontextmanager
async def running() -> AsyncGenerator[tuple[Writer, HandLink]]:
    link = HandLink()
    writer = Writer(cast("Link", link), lambda: 1, KEYS)
    task = asyncio.create_task(writer.run())
    try:
        yield writer, link
    finally:
        task.cancel()
        await asyncio.wait([task])


def write(outlet: QueueOutlet, message: str, conversation_id: str = ONE) -> None:
    outlet.append(KEYS.receipts(conversation_id), Receipt(message, 0, 0, 100))


@virtual_time
async def test_outlets_write_without_waiting_for_each_others_replies() -> None:
    async with running() as (writer, link):
        first, second = QueueOutlet(writer, None, 0), QueueOutlet(writer, None, 0)
        write(first, "a")
        await settle()
        write(second, "b")
        await settle()
        assert link.sent == [["a"], ["b"]]
        await link.answer(0)
        await link.answer(1)
        await first.flush()
        await second.flush()


@virtual_time
async def test_what_is_queued_in_one_round_goes_out_together() -> None:
    async with running() as (writer, link):
        for message in "abc":
            write(QueueOutlet(writer, None, 0), message)
        await settle()
        assert link.sent == [["a", "b", "c"]]


@virtual_time
async def test_outlet_has_one_batch_in_flight() -> None:
    async with running() as (writer, link):
        outlet = QueueOutlet(writer, None, 0)
        for message in "abc":
            write(outlet, message)
            await settle()
        assert link.sent == [["a"]]
        await link.answer(0)
        assert len(link.batches) == 2, "what waited is one batch"
        flushing = asyncio.create_task(outlet.flush())
        await settle()
        assert not flushing.done()


@virtual_time
async def test_writes_of_an_outlet_after_a_refused_one_are_dropped() -> None:
    async with running() as (writer, link):
        outlet = QueueOutlet(writer, None, 0)
        write(outlet, "a")
        await settle()
        write(outlet, "b")
        await link.answer(0, refused="WRONGTYPE a key of another type")
        assert link.sent == [["a"]]
        with pytest.raises(WriteRefused):
            await outlet.flush()


@virtual_time
async def test_command_waits_for_earlier_writes_of_its_conversation() -> None:
    async with running() as (writer, link):
        outlet = QueueOutlet(writer, None, 0)
        write(outlet, "a")
        await settle()
        write(outlet, "b")
        calls = [writer.send(("PING", name), ONE) for name in "xy"]
        later = QueueOutlet(writer, None, 0)
        write(later, "c")
        elsewhere = writer.send(("INFO",), OTHER)
        await settle()
        assert link.sent == [["a"], ["INFO"]], "another conversation does not wait"
        await link.answer(0)
        assert link.sent[2:] == [["b", "PING", "PING", "c"]]
        await link.answer(2)
        await link.answer(1)
        assert [await call for call in (*calls, elsewhere)] == [b"1-0"] * 3


@pytest.mark.parametrize("is_away", [False, True])
@virtual_time
async def test_what_waits_for_a_lost_batch_goes_out(*, is_away: bool) -> None:
    async with running() as (writer, link):
        outlet = QueueOutlet(writer, None, 0)
        write(outlet, "a")
        await settle()
        write(outlet, "b")
        call = writer.send(("PING",), ONE)
        await settle()
        link.is_away = is_away
        await link.answer(0, error=BusUnavailable("lost"))
        with pytest.raises(BusUnavailable, match="lost"):
            await outlet.flush()
        if is_away:
            with pytest.raises(BusUnavailable, match="away"):
                await call
        else:
            assert link.sent[1:] == [["PING"]]


@virtual_time
async def test_everything_fails_when_the_writer_ends() -> None:
    async with running() as (writer, _link):
        outlet = QueueOutlet(writer, None, 0)
        write(outlet, "a")
        await settle()
        write(outlet, "b")
        calls = [writer.send(("PING",), conversation_id) for conversation_id in (ONE, OTHER)]
        await settle()
    with pytest.raises(BusUnavailable):
        await outlet.flush()
    for call in calls:
        with pytest.raises(BusUnavailable):
            await call


@virtual_time
async def test_everything_fails_if_the_writer_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a bug")

    async with running() as (writer, _link):
        monkeypatch.setattr(writer, "_outlet_batch", broken)
        outlet = QueueOutlet(writer, None, 0)
        call = writer.send(("PING",), OTHER)
        write(outlet, "a")
        await settle()
        with pytest.raises(BusUnavailable):
            await outlet.flush()
        with pytest.raises(BusUnavailable):
            await call


@virtual_time
async def test_cancelled_caller_does_not_affect_the_others() -> None:
    async with running() as (writer, link):
        gone, stays = writer.send(("PING",), ONE), writer.send(("PING",), ONE)
        await settle()
        gone.cancel()
        await link.answer(0)
        assert await stays == b"1-0"

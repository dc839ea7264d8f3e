"""The reader's dealings with its two connections, at moments that a real server cannot be made to hit."""

from __future__ import annotations

import asyncio
from typing import Any

from tertulia_shared.bus.link import Command, Link, make_pool
from tertulia_shared.bus.reader import Reader
from tertulia_shared.keys import Key


class HandLink(Link):
    """A connection whose replies the test gives, to one call at a time."""

    def __init__(self) -> None:
        super().__init__(make_pool("redis://127.0.0.1:1/0"), "by hand")
        self.asked: asyncio.Queue[tuple[Command, asyncio.Future[Any]]] = asyncio.Queue()

    async def call(self, *commands: Command, timeout_s: float | None = None) -> list[Any]:
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.asked.put_nowait((commands[0], reply))
        return [await reply]


def streams(command: Command) -> set[str]:
    """The streams that an XREAD asks for."""
    names = command[command.index("STREAMS") + 1 :]
    return {str(name) for name in names[: len(names) // 2]}


async def test_what_is_followed_while_unblocking_is_under_way_is_not_forgotten() -> None:
    reads, calls = HandLink(), HandLink()
    reader = Reader(reads, calls)
    running = asyncio.create_task(reader.run())

    reader.follow(Key("a", 60), "0-0")
    command, first = await reads.asked.get()
    assert streams(command) == {"a"}

    reader.follow(Key("b", 60), "0-0")
    _, unblocked = await calls.asked.get()
    first.set_result(None)  # the read is over before the answer to the unblocking has come
    command, second = await reads.asked.get()
    assert streams(command) == {"a", "b"}

    reader.follow(Key("c", 60), "0-0")  # in between
    unblocked.set_result(1)
    _, unblocked = await calls.asked.get()
    second.set_result(None)
    unblocked.set_result(1)
    command, _ = await reads.asked.get()
    assert streams(command) == {"a", "b", "c"}
    running.cancel()
    await asyncio.wait([running])


async def test_a_read_that_is_sent_but_not_blocked_yet_is_unblocked_in_the_end() -> None:
    reads, calls = HandLink(), HandLink()
    reader = Reader(reads, calls)
    running = asyncio.create_task(reader.run())
    reader.follow(Key("a", 60), "0-0")
    _, first = await reads.asked.get()
    reader.follow(Key("b", 60), "0-0")
    for answer in (0, 0, 1):
        _, unblocked = await calls.asked.get()
        unblocked.set_result(answer)
    first.set_result(None)
    command, _ = await reads.asked.get()
    assert streams(command) == {"a", "b"}
    running.cancel()
    await asyncio.wait([running])


async def test_a_follow_that_is_full_is_not_asked_for_until_it_is_read() -> None:
    reads, calls = HandLink(), HandLink()
    reader = Reader(reads, calls)
    running = asyncio.create_task(reader.run())
    full, other = reader.follow(Key("a", 60), "0-0"), reader.follow(Key("b", 60), "0-0")
    for n in range(4):  # of 128 each, as many as the server would give
        command, reply = await reads.asked.get()
        assert streams(command) == {"a", "b"}
        reply.set_result([[b"a", [(f"{n + 1}-{i}".encode(), [b"f", b"v"]) for i in range(128)]]])
    command, reply = await reads.asked.get()
    assert streams(command) == {"b"}
    assert len(full.take()) == 512
    _, unblocked = await calls.asked.get()
    reply.set_result(None)
    unblocked.set_result(1)
    command, _ = await reads.asked.get()
    assert streams(command) == {"a", "b"}
    assert "4-127" in command
    assert list(other.take()) == []
    running.cancel()
    await asyncio.wait([running])

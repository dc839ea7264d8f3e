"""A connection to Redis whose replies a test gives."""

from __future__ import annotations

import asyncio
from typing import Any

from tertulia_shared.bus.address import RedisAddress
from tertulia_shared.bus.link import Link
from tertulia_shared.bus.scripts.script import Command


class HandLink(Link):
    """A connection whose replies the test gives, to one call at a time."""

    def __init__(self) -> None:
        super().__init__(RedisAddress.parse("redis://127.0.0.1:1/0"), "by hand")
        self.asked: asyncio.Queue[tuple[Any, asyncio.Future[Any]]] = asyncio.Queue()
        """Each call: its command (a tuple of commands if several), and the future of its reply."""

    async def call(self, *commands: Command, timeout_s: float | None = None) -> list[Any]:
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.asked.put_nowait((commands[0] if len(commands) == 1 else commands, reply))
        return [await reply] if len(commands) == 1 else await reply


def entries(name: str, *ids: str) -> list[Any]:
    """The reply of an XREAD with these entries of one stream."""
    return [[name.encode(), [(entry_id.encode(), [b"f", b"v"]) for entry_id in ids]]]


def streams(command: Command) -> set[str]:
    """The streams that an XREAD asks for."""
    names = command[command.index("STREAMS") + 1 :]
    return {str(name) for name in names[: len(names) // 2]}

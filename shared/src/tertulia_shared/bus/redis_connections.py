"""The connections of the real bus, and calls over them: the base class of the bus's parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from tertulia_shared.bus import scripts
from tertulia_shared.bus.address import RedisAddress
from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.link import Link
from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.bus.reader import Reader
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.bus.writer import Writer
from tertulia_shared.clock import wall_ms
from tertulia_shared.codec import encode
from tertulia_shared.entries import Work
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.tls import Tls


class RedisConnections:
    """Four connections: claims (blocks), reads (blocks), writes, and calls; and one for each read of idle streams.

    `now_ms`: milliseconds since 1970.
    """

    def __init__(
        self,
        url: str,
        keys: Keys,
        *,
        name: str = "tertulia",
        tls: Tls | None = None,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self.keys = keys
        self._now_ms = now_ms
        self._address = RedisAddress.parse(url, tls)
        self._label = label = f"{name}:{os.getpid()}"
        self._claims = Link(self._address, f"{label}:claims", is_blocking=True)
        self._calls = Link(self._address, f"{label}:calls", scripts.CALLING)
        self._writes = Link(self._address, f"{label}:writes", scripts.WRITING)
        self._reads = Link(self._address, f"{label}:reads", is_blocking=True)
        self._writer = Writer(self._writes, now_ms, keys)
        self._reader = Reader(self._reads, self._calls, now_ms, lambda n: Link(self._address, f"{label}:idle{n}:reads"))

    async def close(self) -> None:
        """Close all connections; a later call opens them again."""
        for link in (self._claims, self._calls, self._writes, self._reads):
            await link.close()
        await self._reader.close()

    async def _call(self, command: Command) -> Any:
        (reply,) = await self._call_all(command)
        return reply

    async def _call_all(self, *commands: Command) -> list[Any]:
        """Send commands and return their replies.

        Raises:
            WriteRefused: one of the replies is an error.
        """
        replies = await self._calls.call(*commands)
        for command, reply in zip(commands, replies, strict=True):
            if isinstance(reply, ErrorReply):
                raise refusal_of(reply, str(command[0]))
        return replies

    def _post_commands(self, stage: Stage, work: Work, epoch: int) -> list[Command]:
        key = self.keys.work(stage)
        fields = encode(work, ts=self._now_ms(), epoch=epoch)
        return [
            ("XADD", key.name, "MAXLEN", "~", key.max_len or 0, "*", *fields),
            ("EXPIRE", key.name, key.ttl_s),
        ]


def entries_of(raw: Sequence[tuple[bytes, Sequence[bytes]]]) -> tuple[Entry, ...]:
    """The entries of a reply to XRANGE."""
    return tuple(Entry(id.decode(), fields_of(fields)) for id, fields in raw)


def fields_of(raw: Sequence[bytes]) -> dict[bytes, bytes]:
    """The fields of a flat reply of names and values."""
    return dict(zip(raw[::2], raw[1::2], strict=True))

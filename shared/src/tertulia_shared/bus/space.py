"""How much memory Redis uses, what holds it, and how sound is taken out of it. Off the hot path."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, cast

from redis.exceptions import ResponseError

from tertulia_shared.bus.link import Command
from tertulia_shared.bus.port import Sized, Sound, Space
from tertulia_shared.bus.refusals import refusal_of
from tertulia_shared.keys import Keys

SCAN_COUNT = 500

Call = Callable[..., Awaitable[list[Any]]]
"""Sends commands in one write; an error reply comes as a `ResponseError` in its place."""


class RedisSpace:
    """The bus's methods about memory, over its link for calls."""

    def __init__(self, call: Call, keys: Keys) -> None:
        self._call = call
        self._keys = keys

    async def space(self) -> Space:
        """See `port.Bus.space`."""
        (reply,) = _taken(await self._call(("INFO", "memory")), "INFO")
        lines = (line.partition(":") for line in reply.decode().splitlines())
        told = {name: value.strip() for name, _, value in lines}
        uncounted = int(told.get("mem_not_counted_for_evict", "0"))
        return Space(
            max(0, int(told.get("used_memory", "0")) - uncounted),
            int(told.get("maxmemory", "0")),
            told.get("maxmemory_policy", ""),
        )

    async def probe_age(self) -> float | None:
        """See `port.Bus.probe_age`."""
        key = self._keys.probe()
        (left_ms,) = _taken(await self._call(("PTTL", key.name)), "PTTL")
        return key.ttl_s - left_ms / 1000 if left_ms >= 0 else None

    async def sounds(self) -> AsyncIterator[Sound]:
        """See `port.Bus.sounds`."""
        async for names in self._scan(self._keys.every_audio(), "TYPE", "stream"):
            asked = [
                command
                for name in names
                for command in (("TTL", name), ("MEMORY", "USAGE", name), ("XREVRANGE", name, "+", "-", "COUNT", 1))
            ]
            replies = await self._call(*asked)
            for number, name in enumerate(names):
                ttl_s, size, last = cast("tuple[int, Any, Any]", tuple(replies[3 * number : 3 * number + 3]))
                if isinstance(size, int) and isinstance(last, list) and last:  # else it has expired this moment
                    yield Sound(name, int(ttl_s), size, _ended_ms(cast("list[tuple[bytes, list[bytes]]]", last)[0][1]))

    async def sizes(self) -> AsyncIterator[Sized]:
        """See `port.Bus.sizes`."""
        async for names in self._scan(f"{self._keys.ns}:*"):
            for name, size in zip(names, await self._call(*(("MEMORY", "USAGE", n) for n in names)), strict=True):
                if isinstance(size, int):
                    yield Sized(name, size)

    async def free(self, names: Sequence[str], *, keep_end: bool) -> None:
        """See `port.Bus.free`."""
        if keep_end:
            _taken(await self._call(*(("XTRIM", name, "MAXLEN", 1) for name in names)), "XTRIM")
        else:
            _taken(await self._call(*(("UNLINK", name) for name in names)), "UNLINK")

    async def _scan(self, pattern: str, *more: str) -> AsyncIterator[list[str]]:
        cursor = b"0"
        while True:
            command: Command = ("SCAN", cursor, "MATCH", pattern.replace("[", "\\["), "COUNT", SCAN_COUNT, *more)
            ((cursor, names),) = _taken(await self._call(command), "SCAN")
            if names:
                yield [name.decode(errors="replace") for name in names]
            if cursor == b"0":
                return


def _ended_ms(raw: Sequence[bytes]) -> int:
    fields = dict(zip(raw[::2], raw[1::2], strict=True))
    written = fields.get(b"ts", b"")
    return int(written) if fields.get(b"is_final") == b"1" and written.isdigit() else 0


def _taken(replies: list[Any], what: str) -> list[Any]:
    for reply in replies:
        if isinstance(reply, ResponseError):
            raise refusal_of(reply, what)
    return replies

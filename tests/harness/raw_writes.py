"""Writes without any validation, into Redis or the memory bus: data that the product never writes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tertulia_shared.bus import WriteRefused
from tertulia_shared.keys import Key
from tertulia_shared.testing.memory_bus import MemoryBus

TTL_S = 600


class RawWrites(Protocol):
    """Appends entries, sets fields and replaces keys."""

    @abstractmethod
    async def add(self, key: Key, fields: Mapping[bytes, bytes], id: str | None) -> None:
        """Append an entry, if the server accepts it."""

    @abstractmethod
    async def put(self, key: Key, name: bytes, value: bytes) -> None:
        """Set a field, if the key holds a hash."""

    @abstractmethod
    async def turn_into(self, key: Key, kind: str, value: bytes) -> None:
        """Replace the key by a `string`, `hash` or `stream`."""


class RedisRawWrites(RawWrites):
    def __init__(self, url: str) -> None:
        self._client = cast("Any", Redis.from_url(url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs

    async def add(self, key: Key, fields: Mapping[bytes, bytes], id: str | None) -> None:
        with suppress(ResponseError):  # the key is not a stream, or the id is not above the last one
            await self._client.xadd(key.name, dict(fields) or {b"": b""}, id or "*")
            await self._client.expire(key.name, TTL_S)

    async def put(self, key: Key, name: bytes, value: bytes) -> None:
        with suppress(ResponseError):
            await self._client.hset(key.name, name, value)
            await self._client.expire(key.name, TTL_S)

    async def turn_into(self, key: Key, kind: str, value: bytes) -> None:
        await self._client.delete(key.name)
        if kind == "string":
            await self._client.set(key.name, value, ex=TTL_S)
        elif kind == "hash":
            await self.put(key, b"a", value)
        else:
            await self.add(key, {b"a": value}, None)

    async def close(self) -> None:
        await self._client.aclose()


class MemoryRawWrites(RawWrites):
    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._server = bus._server

    async def add(self, key: Key, fields: Mapping[bytes, bytes], id: str | None) -> None:
        with suppress(ValueError, WriteRefused):
            self._server._own_stream(key).add(fields, id=id, now_ms=self._bus._now_ms(), max_len=key.max_len)
            self._server._arrived(key.name)

    async def put(self, key: Key, name: bytes, value: bytes) -> None:
        with suppress(WriteRefused):
            self._server._own_hash(key)[name] = value

    async def turn_into(self, key: Key, kind: str, value: bytes) -> None:
        self._server.drop(key.name)
        if kind == "string":
            self._server._strings[key.name] = value.decode(errors="replace")
        elif kind == "hash":
            await self.put(key, b"a", value)
        else:
            await self.add(key, {b"a": value}, None)

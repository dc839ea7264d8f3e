"""Asks the llm workers about the model server (`entries.ModelRequest`), and waits for the answer.

The gateway does not connect to model servers itself: in containers it has no way out, and its localhost is not that of
the llm worker. It keeps no key: it seals one for the worker that answers, and forgets it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from tertulia_shared.bus import Bus, BusError
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import ModelAnswer, ModelRequest
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key
from tertulia_shared.sealing import seal

QUICK_S: Final = 12.0
"""Time limit, in seconds, for what needs no model: enough for a dead worker's lease to end, and for a server's list."""
CONNECT_S: Final = 75.0
"""Time limit for a short reply of a model, which a local server may have to load first."""
MAX_AT_ONCE: Final = 8

log = logging.getLogger(__name__)


class ModelRequestFailed(Exception):
    """`code`: what failed, as in the client's `error` event, or "busy", "no_worker", "invalid", "environment". The
    message says what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """A model server in a request. The key is "" if the worker shall use the one that it keeps for this server."""

    address: str
    model: str = ""
    key: str = field(default="", repr=False)


class ModelRequests:
    """Sends requests and returns the answers, at most `MAX_AT_ONCE` at the same time."""

    def __init__(self, bus: Bus, wall_ms: Callable[[], int]) -> None:
        self._bus = bus
        self._wall_ms = wall_ms
        self._waiting = 0

    async def describe(self) -> Mapping[str, Any]:
        """The connection in use."""
        return await self._ask("describe", QUICK_S)

    async def find(self) -> Mapping[str, Any]:
        """The model servers on the llm worker's machine."""
        return await self._ask("find", QUICK_S)

    async def forget(self) -> Mapping[str, Any]:
        """Delete the kept connection. Returns the connection in use after that."""
        return await self._ask("forget", QUICK_S)

    async def list_models(self, target: Target) -> Mapping[str, Any]:
        """The models of a server."""
        return await self._ask_with_key("list", target, QUICK_S)

    async def connect(self, target: Target) -> Mapping[str, Any]:
        """Try a server, then use and keep it. Returns the connection in use after that."""
        return await self._ask_with_key("connect", target, CONNECT_S)

    async def _ask_with_key(self, kind: str, target: Target, limit_s: float) -> Mapping[str, Any]:
        try:
            return await self._ask_sealed(kind, target, limit_s)
        except ModelRequestFailed as failure:
            if failure.code != "sealed_for_another":
                raise
        return await self._ask_sealed(kind, target, limit_s)  # another worker took over: seal for that one

    async def _ask_sealed(self, kind: str, target: Target, limit_s: float) -> Mapping[str, Any]:
        sealed = b""
        if target.key:
            sealed = seal(target.key, str((await self.describe()).get("public_key", "")), target.address)
        return await self._ask(kind, limit_s, target, sealed)

    async def _ask(
        self, kind: str, limit_s: float, target: Target | None = None, sealed_key: bytes = b""
    ) -> Mapping[str, Any]:
        """Ask an llm worker.

        Raises:
            ModelRequestFailed: it refuses, or no worker answers within `limit_s`.
            BusError: Redis is unavailable.
        """
        if self._waiting >= MAX_AT_ONCE:
            raise ModelRequestFailed("busy", "Other requests are waiting for their answer. Try again in a moment.")
        self._waiting += 1
        try:
            return _read(await self._answer(kind, limit_s, target or Target(""), sealed_key))
        except TimeoutError:
            message = (
                "No llm worker answered: start one, or wait until it is up. `tertulia doctor` says what is missing."
            )
            raise ModelRequestFailed("no_worker", message) from None
        finally:
            self._waiting -= 1

    async def _answer(self, kind: str, limit_s: float, target: Target, sealed_key: bytes) -> ModelAnswer:
        request_id = new_id()
        deadline_ms = self._wall_ms() + round(limit_s * 1000)
        answer = self._bus.keys.model_answer(request_id)
        outlet = self._bus.outlet()
        request = ModelRequest(request_id, kind, deadline_ms, target.address, target.model, sealed_key)
        outlet.append(self._bus.keys.model_requests(), request)
        await outlet.flush()
        reading = self._bus.follow(answer)
        try:
            async with asyncio.timeout(limit_s):
                return decode(ModelAnswer, (await reading.read())[0].fields)
        except BadEntry as error:
            raise ModelRequestFailed("failed", "The llm worker's answer cannot be read: update the gateway.") from error
        finally:
            reading.close()
            await self._delete(answer)

    async def _delete(self, answer: Key) -> None:
        try:
            await self._bus.delete([answer])
        except BusError as error:
            log.warning("an answer about the model server was not deleted; it expires in a minute: %s", error)


def _read(answer: ModelAnswer) -> Mapping[str, Any]:
    if answer.code:
        raise ModelRequestFailed(answer.code, answer.message)
    try:
        body: object = json.loads(answer.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ModelRequestFailed("failed", "The llm worker's answer cannot be read: update the gateway.")
    return cast("Mapping[str, Any]", body)

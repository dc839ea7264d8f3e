"""Serves the gateways' requests about the model server (`entries.ModelRequest`).

One llm worker does this: the worker that has the lease. It deletes a request when it has answered it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from typing import Final

from tertulia_llm.connection.failures import CannotConnect
from tertulia_llm.connection.service import ConnectionService
from tertulia_shared.bus import Bus, BusError, Entry
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import ModelAnswer, ModelRequest
from tertulia_shared.sealing import CannotOpen
from tertulia_shared.ticks import sleep_until_multiple

LEASE_POLL_S: Final = 1.0
LOOK_BACK_MS: Final = 30_000
"""A worker that takes the lease also reads the requests of this time; those past their deadline are ignored."""
MAX_AT_ONCE: Final = 4
RETRY_S: Final = 1.0

log = logging.getLogger(__name__)


class ModelRequests:
    """Answers requests while this worker has the lease. `holder`: this worker's name."""

    def __init__(self, bus: Bus, service: ConnectionService, holder: str, *, wall_ms: Callable[[], int]) -> None:
        self._bus = bus
        self._service = service
        self._holder = holder
        self._wall_ms = wall_ms
        self._at_once = 0

    async def run(self) -> None:
        """Take the lease and answer, until cancelled."""
        lease = self._bus.keys.model_keeper()
        serving: asyncio.Task[None] | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    try:
                        has_lease = await self._bus.acquire_lease(lease, self._holder)
                    except BusError:
                        has_lease = False
                    if has_lease and serving is None:
                        serving = tasks.create_task(self._serve())
                    elif not has_lease and serving is not None:
                        serving.cancel()
                        serving = None
                    await sleep_until_multiple(LEASE_POLL_S)
        finally:
            with contextlib.suppress(BusError):
                await self._bus.release(lease, self._holder)

    async def _serve(self) -> None:
        after = f"{self._wall_ms() - LOOK_BACK_MS}-0"
        async with asyncio.TaskGroup() as tasks:
            while True:
                requests = self._bus.follow(self._bus.keys.model_requests(), after)
                try:
                    while True:
                        for entry in await requests.read():
                            after = entry.id
                            tasks.create_task(self._handle(entry))
                except BusError as error:
                    log.warning("requests about the model server cannot be read: %s", error)
                finally:
                    requests.close()
                await asyncio.sleep(RETRY_S)

    async def _handle(self, entry: Entry) -> None:
        """Answer a request, and then delete it: the worker that takes the lease next must not repeat it."""
        try:
            request = decode(ModelRequest, entry.fields)
            if request.deadline_ms >= self._wall_ms():
                outlet = self._bus.outlet()
                outlet.append(self._bus.keys.model_answer(request.request_id), await self._answer_if_free(request))
                await outlet.flush()
            await self._bus.remove(self._bus.keys.model_requests(), [entry.id])
        except BadEntry as error:
            log.warning("a request about the model server cannot be read: %s", error)
        except BusError as error:
            log.warning("a request about the model server was not answered: %s", error)

    async def _answer_if_free(self, request: ModelRequest) -> ModelAnswer:
        if self._at_once >= MAX_AT_ONCE:
            return ModelAnswer(code="busy", message="Other requests are being tried. Try again in a moment.")
        self._at_once += 1
        try:
            return await self._answer(request)
        finally:
            self._at_once -= 1

    async def _answer(self, request: ModelRequest) -> ModelAnswer:
        code = "failed"
        try:
            return ModelAnswer(json.dumps(await self._service.result(request), ensure_ascii=False))
        except CannotConnect as problem:
            code, message = problem.code, str(problem)
        except CannotOpen:
            code, message = "sealed_for_another", "Another llm worker has taken over: try again."
        except ValueError as error:
            code, message = "invalid", str(error)
        except OSError as error:
            message = f"The llm worker cannot write the file that keeps the connection: {error.strerror}."
            log.warning("%s", message, extra={"error": type(error).__name__})
        except Exception as error:  # noqa: BLE001 - the worker must go on, whatever a server answered
            # without the message and the traceback, which may hold the key
            log.error("a request about the model server failed: %s", type(error).__name__)  # noqa: TRY400
            message = f"The llm worker failed ({type(error).__name__}). Its log has the error."
        return ModelAnswer(code=code, message=message)

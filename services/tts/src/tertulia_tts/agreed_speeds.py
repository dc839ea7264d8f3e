"""The speed of an engine on which the tts workers of a deployment agree, in Redis.

Workers that start at the same time slow each other down. Each one would measure another speed, and they might choose
different engines. So one worker measures, and the workers on machines of the same kind use its result.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from tertulia_shared.bus import Bus, BusError
from tertulia_shared.engine_speed import Measured, this_machine
from tertulia_shared.ids import new_id
from tertulia_shared.jobs import PEER_ALIVE_S

POLL_S: Final = 0.2

log = logging.getLogger(__name__)


class AgreedSpeeds:
    """The measurements of all tts workers. `machine`: the kind of this machine."""

    def __init__(self, bus: Bus, machine: str = "") -> None:
        self._bus = bus
        self._machine = machine or this_machine()
        self._holder = new_id()

    @asynccontextmanager
    async def measuring(self, engine: str) -> AsyncGenerator[float | None]:
        """Gives the engine's real-time factor, or None if this worker has to measure. While it measures, the others
        wait.

        Without Redis each worker measures for itself.
        """
        lease = self._bus.keys.speed_keeper()
        has_lease = False
        try:
            while (factor := await self._factor(engine)) is None and not has_lease:
                has_lease = await self._bus.acquire_lease(lease, self._holder)
                if not has_lease:
                    await asyncio.sleep(POLL_S)
        except BusError as error:
            log.warning("the measured speeds of other workers are not known: %s", error)
            factor = None
        try:
            yield factor
        finally:
            if has_lease:
                await self._release()

    async def keep(self, engine: str, measured: Measured) -> None:
        """Tell the other workers the result."""
        try:
            outlet = self._bus.outlet()
            outlet.put(self._bus.keys.engine_speeds(), {self._field(engine): json.dumps(measured.fields())})
            await outlet.flush()
        except BusError as error:
            log.warning("the measured speed cannot be kept: %s", error)

    async def _factor(self, engine: str) -> float | None:
        raw = (await self._bus.hash(self._bus.keys.engine_speeds())).get(self._field(engine).encode())
        measured = _decoded(raw or b"")
        if measured.is_valid(time.time()):
            return measured.factor
        # The running workers use an old result, too: another one might lead to another engine beside them.
        return measured.factor if measured.factor > 0 and await self._has_peers() else None

    async def _has_peers(self) -> bool:
        return any(member.startswith("tts:") for member in await self._bus.alive(PEER_ALIVE_S))

    async def _release(self) -> None:
        try:
            await self._bus.release(self._bus.keys.speed_keeper(), self._holder)
        except BusError as error:
            log.warning("the lease for measuring expires later: %s", error)

    def _field(self, engine: str) -> str:
        return f"{engine}:{self._machine}"


def _decoded(raw: bytes) -> Measured:
    """The measurement, with the factor 0 if it cannot be decoded."""
    try:
        kept: object = json.loads(raw)
    except (ValueError, RecursionError):
        kept = {}
    return Measured.of_fields(cast("Mapping[str, Any]", kept) if isinstance(kept, dict) else {})

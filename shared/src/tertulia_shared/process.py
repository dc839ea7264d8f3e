"""Runs a service's process: sets up log, event loop, signals and Redis, then runs the stage until a signal stops it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import uvloop

from tertulia_shared import logs
from tertulia_shared.bus import Bus, BusRefused, BusUnavailable
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.bus.suitability import Severity, faults_of
from tertulia_shared.exception_groups import first_error
from tertulia_shared.keys import Keys
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.metrics.endpoint import CannotListen, endpoint
from tertulia_shared.settings import CommonSettings

REDIS_PATIENCE_S = 30.0
"""How long a starting service waits for Redis before it exits with an error."""
REDIS_AGAIN_S = 1.0
"""Seconds between a starting service's checks of whether a replica was promoted."""

GC_THRESHOLDS = (10_000, 20, 20)
"""New containers between garbage collections of the youngest generation; younger collections before each older one."""

log = logging.getLogger(__name__)


class CannotStart(Exception):
    """The service cannot start; the message names the cause and the remedy."""


class CannotGoOn(Exception):
    """The service broke after its start; the message names the cause. Its supervisor restarts it."""


Serve = Callable[[Bus, asyncio.Event], Awaitable[None]]


def run(service: str, settings: CommonSettings, serve: Serve, metrics: Metrics | None = None) -> None:
    """Run `serve` until SIGTERM or SIGINT; exits 0 after an orderly stop, 1 with one sentence if it cannot start or
    continue. `metrics`: the process's metrics, served on the port of the settings."""
    logs.set_up(service, settings.log_level)
    try:
        uvloop.run(_serve(service, settings, serve, metrics or Metrics(service)))
    except* CannotStart as group:
        print(f"tertulia-{service} cannot start: {first_error(group)}", file=sys.stderr)  # noqa: T201 - for a person
        raise SystemExit(1) from None
    except* CannotGoOn as group:
        print(f"tertulia-{service} cannot continue: {first_error(group)}", file=sys.stderr)  # noqa: T201 - for a person
        raise SystemExit(1) from None


async def _serve(service: str, settings: CommonSettings, serve: Serve, metrics: Metrics) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as opened:
        if settings.metrics_port:
            try:
                opened.enter_context(endpoint(metrics, settings.metrics_host, settings.metrics_port))
            except CannotListen as error:
                raise CannotStart(str(error)) from error
        if settings.otlp_endpoint:
            from tertulia_shared.tracing.exporter import exporting  # noqa: PLC0415 - not loaded if it is not used

            def count(result: str, spans: int) -> None:
                metrics.of(catalogue.TRACE_SPANS, result).inc(spans)

            metrics.tracer = opened.enter_context(exporting(service, settings.otlp_endpoint, count))
        metrics.health.waits_for("Redis has not answered yet")
        bus = await _open_bus(opened, service, settings, stop)
        if bus is not None:
            metrics.health.waits_for("it has not begun its work yet (an engine may be loading)")
            _collect_garbage_rarely()
            await serve(bus, stop)
    log.info("stopped")


def _collect_garbage_rarely() -> None:
    """Exempt all objects that exist now (modules, classes) from garbage collection, and collect less often.

    With Python's defaults, a worker spends up to a fifth of its time on collections, and a full one takes 50 ms. Most
    objects of a turn are freed by reference counting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _open_bus(opened: AsyncExitStack, service: str, settings: CommonSettings, stop: asyncio.Event) -> Bus | None:
    """Wait until Redis answers and return the bus; None if a signal stops the service before.

    Raises:
        CannotStart: Redis did not answer for `REDIS_PATIENCE_S`, or refuses us.
    """
    deadline = asyncio.get_running_loop().time() + REDIS_PATIENCE_S
    delay_s = 0.05
    while not stop.is_set():
        try:
            bus = await opened.enter_async_context(
                open_bus(settings.redis_url, Keys(settings.namespace), name=service, tls=settings.redis_tls)
            )
            await _check(bus, stop, deadline)
        except (BusRefused, ValueError) as trouble:  # waiting would not help
            raise CannotStart(f"{trouble}. Run `tertulia doctor` for details.") from None
        except BusUnavailable as trouble:
            if asyncio.get_running_loop().time() > deadline:
                raise CannotStart(
                    f"{trouble}. Is TERTULIA_REDIS_URL right, and does that Redis run? "
                    "Run `tertulia doctor` for details."
                ) from None
            log.warning("waiting for Redis: %s", trouble)
        else:
            return bus
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), delay_s)
        delay_s = min(2.0, delay_s * 2)
    return None


async def _check(bus: Bus, stop: asyncio.Event, deadline: float) -> None:
    """Wait until this Redis can be used.

    Raises:
        CannotStart: Redis cannot be used, or not before `deadline` (the loop's time).
        BusUnavailable: the connection was lost.
    """
    while not stop.is_set():
        faults = await faults_of(bus)
        for fault in faults:
            late = asyncio.get_running_loop().time() > deadline
            if fault.severity is Severity.REFUSED or (fault.severity is Severity.NOT_NOW and late):
                raise CannotStart(fault.text)
        waits = [fault.text for fault in faults if fault.severity is Severity.NOT_NOW]
        if not waits:  # `tertulia doctor` reports warnings
            return
        log.warning("waiting: %s", waits[0])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), REDIS_AGAIN_S)

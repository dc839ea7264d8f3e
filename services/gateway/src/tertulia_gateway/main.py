"""The gateway's process: `tertulia-gateway`."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import socket
import time
from collections.abc import Callable, Generator

import uvicorn

from tertulia_gateway.app import make_app
from tertulia_gateway.auth import Access
from tertulia_gateway.clips.clip_publisher import ClipPublisher
from tertulia_gateway.clips.clip_store import ClipStore
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.monitoring.backlog_monitor import BacklogMonitor
from tertulia_gateway.monitoring.writes_probe import WritesProbe
from tertulia_gateway.protocols.bounds import FRAMES_BESIDE_TEXT_PER_S, MAX_HEADER_BYTES, SharedLimits, SocketBounds
from tertulia_gateway.protocols.http import BoundedHttp
from tertulia_gateway.protocols.websocket import BoundedWebSocket
from tertulia_gateway.settings import GatewaySettings
from tertulia_gateway.settings_saver import SettingsSaver
from tertulia_gateway.transport import GOING_AWAY
from tertulia_gateway.ws.connections import Connections
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.outbox import Outbox
from tertulia_shared.process import CannotStart, open_store, run
from tertulia_shared.settings import load
from tertulia_shared.store import Store

MAX_FRAME_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """uvicorn's server, without its signal handlers, because this process installs its own. Reports the port once the
    server listens.
    """

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[int], None]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Bind the socket, then call `on_listening` with the port."""
        await super().startup(sockets)
        if self.started:
            self._on_listening(self.servers[0].sockets[0].getsockname()[1])

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Install no signal handlers. Overrides uvicorn's method, which installs some."""
        yield


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = load(GatewaySettings)
    metrics = Metrics("gateway")

    async def serve(bus: Bus, stop: asyncio.Event) -> None:
        async with open_store(settings) as store:
            await serve_until(stop, settings, bus, store, lambda port: _log_address(settings, port), metrics=metrics)

    run("gateway", settings, serve, metrics)


async def serve_until(
    stop: asyncio.Event,
    settings: GatewaySettings,
    bus: Bus,
    store: Store,
    on_listening: Callable[[int], None],
    *,
    metrics: Metrics | None = None,
    bounds: SocketBounds | None = None,
) -> None:
    """Serve until `stop` is set, then close every connection with code 1001.

    `on_listening` is called with the port as soon as connections are accepted.

    Raises:
        CannotStart: the port is taken, or the address cannot be bound.
    """
    metrics = metrics or Metrics()
    metrics.from_zero(
        catalogue.CONNECTIONS_REFUSED,
        catalogue.RESUMES,
        catalogue.REPLACED,
        catalogue.TURNS,
        catalogue.INTERRUPTIONS,
        catalogue.TURN_FIRST_TEXT,
        catalogue.TURN_FIRST_SOUND,
    )
    connections = Connections(settings.max_connections, metrics)
    saver = SettingsSaver(Outbox(bus, store, settings.store_patience_s, metrics))
    access = Access(settings)
    ctx = GatewayContext(
        bus=bus,
        store=store,
        saver=saver,
        access=access,
        alive_s=settings.alive_s,
        max_frames_per_s=settings.max_frames_per_s,
        who_answers=settings.who_answers,
        clock=time.monotonic,
        wall_ms=wall_ms,
        clips=ClipStore(settings.data_dir / "clips", settings.max_clips),
        metrics=metrics,
    )
    server = Server(server_config(settings, access, make_app(ctx, connections), bounds), on_listening)
    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(saver.run()),
            tasks.create_task(BacklogMonitor(bus, metrics, settings.alive_s).run()),
            tasks.create_task(WritesProbe(bus, ctx.writes, metrics).run()),
            tasks.create_task(ClipPublisher(bus, ctx.clips, ctx.clock).run()),
        ]
        serving = tasks.create_task(_serve(server))
        stopping = tasks.create_task(stop.wait())
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        await connections.close_all(GOING_AWAY, "the server stops; connect again and resume", settings.drain_s)
        server.should_exit = True
        await serving
        stopping.cancel()
        for task in background:
            task.cancel()


def _log_address(settings: GatewaySettings, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    log.info("listening on http://%s:%d", host, port)


def server_config(
    settings: GatewaySettings, access: Access, app: object, bounds: SocketBounds | None = None
) -> uvicorn.Config:
    """uvicorn's settings, with the bounded protocols."""
    shared = SharedLimits(
        bounds or SocketBounds(FRAMES_BESIDE_TEXT_PER_S + 2 * settings.max_frames_per_s),
        is_refused=lambda headers, query: access.refusal(headers, query) is not None,
    )
    return uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType] - an ASGI application
        host=settings.host,
        port=settings.port,
        http=functools.partial(BoundedHttp, shared=shared),  # pyright: ignore[reportArgumentType] - makes a protocol
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        ws=functools.partial(BoundedWebSocket, shared=shared),  # pyright: ignore[reportArgumentType] - makes a protocol
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,  # no compression: PCM does not shrink, and events are too small to become smaller
        ws_ping_interval=shared.bounds.ping_s,
        ws_ping_timeout=shared.bounds.pong_s,
        lifespan="off",
        log_config=None,
        log_level="warning",  # no access log: its lines would contain the URL, which may contain the token
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.drain_s) or 1,
    )


async def _serve(server: Server) -> None:
    try:
        await server.serve()
    except SystemExit as error:
        raise CannotStart(
            f"it cannot listen on {server.config.host}:{server.config.port}; is another gateway running there? "
            "Set TERTULIA_PORT to a free port."
        ) from error


if __name__ == "__main__":
    main()

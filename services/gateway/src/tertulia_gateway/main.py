"""The gateway's process: `tertulia-gateway`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from tertulia_gateway.app import make_app
from tertulia_gateway.auth import Access
from tertulia_gateway.clips.clip_publisher import ClipPublisher
from tertulia_gateway.clips.clip_store import ClipStore
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.http_server import Server, run_server, server_config
from tertulia_gateway.lan.server import LanServers, open_site
from tertulia_gateway.monitoring.backlog_monitor import BacklogMonitor
from tertulia_gateway.monitoring.writes_probe import WritesProbe
from tertulia_gateway.protocols.bounds import SocketBounds
from tertulia_gateway.settings import GatewaySettings
from tertulia_gateway.settings_saver import SettingsSaver
from tertulia_gateway.transport import GOING_AWAY
from tertulia_gateway.ws.connections import Connections
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.open_store import open_store
from tertulia_shared.outbox import Outbox
from tertulia_shared.process import run
from tertulia_shared.settings import load
from tertulia_shared.store import Store

log = logging.getLogger(__name__)


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
        catalogue.REPLIES_WITHOUT_SOUND,
        catalogue.CLIENT_GAPS,
        catalogue.CLIENT_GAP_SECONDS,
    )
    connections = Connections(settings.max_connections, metrics)
    outbox = Outbox(bus, store, settings.store_patience_s, metrics)
    saver = SettingsSaver(outbox)
    access = Access(settings)
    site = open_site(settings)
    ctx = GatewayContext(
        bus=bus,
        store=store,
        saver=saver,
        outbox=outbox,
        access=access,
        alive_s=settings.alive_s,
        max_frames_per_s=settings.max_frames_per_s,
        who_answers=settings.who_answers,
        user_name=settings.user_name,
        makes_summaries=settings.llm_summary,
        clock=time.monotonic,
        wall_ms=wall_ms,
        clips=ClipStore(settings.data_dir / "clips", settings.max_clips),
        metrics=metrics,
        store_folder=settings.data_dir if settings.store == "sqlite" else None,
    )
    server = Server(server_config(settings, make_app(ctx, connections), access, bounds), on_listening)
    lan = None if site is None else LanServers(settings, site, ctx, connections, bounds)
    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(saver.run()),
            tasks.create_task(BacklogMonitor(bus, metrics, ctx.health()).run()),
            tasks.create_task(WritesProbe(bus, ctx.writes, metrics).run()),
            tasks.create_task(ctx.left_receipts.run(ctx.writes)),
            tasks.create_task(ClipPublisher(bus, ctx.clips, ctx.clock).run()),
        ]
        serving = [tasks.create_task(run_server(server))]
        if lan is not None:
            serving += [tasks.create_task(part) for part in lan.serving()]
            background.append(tasks.create_task(lan.keep_current()))
        stopping = tasks.create_task(stop.wait())
        await asyncio.wait([*serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        await connections.close_all(GOING_AWAY, "the server stops; connect again and resume", settings.drain_s)
        server.should_exit = True
        if lan is not None:
            lan.stop()
        await asyncio.gather(*serving)
        stopping.cancel()
        for task in background:
            task.cancel()


def _log_address(settings: GatewaySettings, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    log.info("listening on http://%s:%d", host, port)


if __name__ == "__main__":
    main()

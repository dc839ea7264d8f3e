"""The HTTP servers of the gateway: uvicorn with bounded protocols and without signal handlers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import ssl
from collections.abc import Callable, Generator

import uvicorn

from tertulia_gateway.auth import Access
from tertulia_gateway.protocols.bounds import FRAMES_BESIDE_TEXT_PER_S, MAX_HEADER_BYTES, SharedLimits, SocketBounds
from tertulia_gateway.protocols.http import BoundedHttp
from tertulia_gateway.protocols.websocket import BoundedWebSocket
from tertulia_gateway.settings import GatewaySettings
from tertulia_shared.process import CannotStart
from tertulia_shared.ticks import until_multiple

MAX_FRAME_BYTES = 1024 * 1024
DATE_S = 1.0
"""Seconds between two renewals of the `Date` that answers have; it counts seconds."""


class Server(uvicorn.Server):
    """uvicorn's server, without its signal handlers, because this process installs its own. Reports the port once the
    server listens.
    """

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[int], None]) -> None:
        self._exiting = asyncio.Event()
        super().__init__(config)
        self._on_listening = on_listening

    @property
    def should_exit(self) -> bool:
        """True if the server shall stop. Replaces uvicorn's attribute, so that nothing needs to poll it."""
        return self._exiting.is_set()

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        if value:
            self._exiting.set()
        else:
            self._exiting.clear()

    async def main_loop(self) -> None:
        """Renew the `Date` of answers until the server shall stop. uvicorn's loop wakes up ten times as often, which is
        a third of what an idle gateway does.
        """
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(until_multiple(asyncio.get_running_loop().time(), DATE_S)):
                    await self._exiting.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Bind the socket, then call `on_listening` with the port."""
        await super().startup(sockets)
        if self.started:
            self._on_listening(self.servers[0].sockets[0].getsockname()[1])

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Install no signal handlers. Overrides uvicorn's method, which installs some."""
        yield


def server_config(
    settings: GatewaySettings,
    app: object,
    access: Access | None,
    bounds: SocketBounds | None = None,
    tls: ssl.SSLContext | None = None,
) -> uvicorn.Config:
    """uvicorn's settings, with the bounded protocols. Without `access` the server has no WebSockets."""
    shared = SharedLimits(
        bounds or SocketBounds(FRAMES_BESIDE_TEXT_PER_S + 2 * settings.max_frames_per_s),
        is_refused=lambda headers, query: access is not None and access.refusal(headers, query) is not None,
    )
    return uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType] - an ASGI application
        host=settings.host,
        port=settings.port,
        http=functools.partial(BoundedHttp, shared=shared),  # pyright: ignore[reportArgumentType] - makes a protocol
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        ws="none" if access is None else functools.partial(BoundedWebSocket, shared=shared),  # pyright: ignore[reportArgumentType] - makes a protocol
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,  # no compression: PCM does not shrink, and events are too small to become smaller
        ws_ping_interval=shared.bounds.ping_s,
        ws_ping_timeout=shared.bounds.pong_s,
        lifespan="off",
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        log_config=None,
        log_level="warning",  # no access log: its lines would contain the URL, which may contain the token
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.drain_s) or 1,
    )


async def run_server(server: Server, sockets: list[socket.socket] | None = None) -> None:
    """Serve until `should_exit` is set, on `sockets`, or else on the address of the configuration.

    Raises:
        CannotStart: the address cannot be bound.
    """
    try:
        await server.serve(sockets)
    except SystemExit as error:
        raise CannotStart(
            f"it cannot listen on {server.config.host}:{server.config.port}; is another gateway running there? "
            "Set TERTULIA_PORT to a free port."
        ) from error

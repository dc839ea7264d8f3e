"""The listeners in the home network: the gateway by HTTPS, and the setup page by HTTP."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine
from dataclasses import replace

from tertulia_gateway.app import make_app
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.http_server import Server, run_server, server_config
from tertulia_gateway.lan.access import LanAccess
from tertulia_gateway.lan.listeners import listen_everywhere
from tertulia_gateway.lan.setup_page import SetupPage
from tertulia_gateway.lan.site import BadSite, LanSite
from tertulia_gateway.protocols.bounds import SocketBounds
from tertulia_gateway.settings import GatewaySettings
from tertulia_gateway.ws.connections import Connections
from tertulia_shared.process import CannotStart

RELOAD_EVERY_S = 5.0
"""Seconds between two looks at the certificate's files."""

log = logging.getLogger(__name__)


def open_site(settings: GatewaySettings) -> LanSite | None:
    """The certificate's files; None if the home network is not served.

    Raises:
        CannotStart: a file is missing or wrong.
    """
    if settings.lan_dir is None:
        return None
    try:
        return LanSite(settings.lan_dir)
    except BadSite as error:
        raise CannotStart(
            f"TERTULIA_LAN_DIR: {error}. `tertulia run --lan` or `tertulia lan` makes the files."
        ) from error


class LanServers:
    """Two servers of this process. They share its connections, store and bus with the server on this machine."""

    def __init__(
        self,
        settings: GatewaySettings,
        site: LanSite,
        ctx: GatewayContext,
        connections: Connections,
        bounds: SocketBounds | None = None,
    ) -> None:
        """Bind the ports.

        Raises:
            CannotStart: a port cannot be used.
        """
        self._site = site
        access = LanAccess(settings, site)
        app = make_app(replace(ctx, access=access), connections)
        page = SetupPage(site, settings.lan_port)
        self._https = Server(server_config(settings, app, access, bounds, site.context), _log_port("https"))
        self._setup = Server(server_config(settings, page, None, bounds), _log_port("http, setup page only"))
        self._https_sockets = listen_everywhere(settings.lan_port, "TERTULIA_LAN_PORT")
        try:
            self._setup_sockets = listen_everywhere(settings.lan_setup_port, "TERTULIA_LAN_SETUP_PORT")
        except CannotStart:
            _close(self._https_sockets)
            raise

    def serving(self) -> list[Coroutine[None, None, None]]:
        """What serves, for a task each."""
        return [run_server(self._https, self._https_sockets), run_server(self._setup, self._setup_sockets)]

    def stop(self) -> None:
        """Let both servers end."""
        self._https.should_exit = self._setup.should_exit = True

    async def keep_current(self) -> None:
        """Load the certificate again whenever its files change, until cancelled."""
        while True:
            await asyncio.sleep(RELOAD_EVERY_S)
            if self._site.reload():
                log.info("the certificate for the home network was loaded again")


def _log_port(what: str) -> Callable[[int], None]:
    return lambda port: log.info("listening in the home network on port %d (%s)", port, what)


def _close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()

"""The gateway's WebSocket address, from `--url` or the settings. No I/O."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from tertulia_cli.exit_codes import MISUSED, Failure

SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """The URL of a gateway's WebSocket, and its token ("" if it needs none)."""

    url: str
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the connection. The token is a header, because URLs end up in logs."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def is_local(self) -> bool:
        """True if the gateway is on this machine; then no proxy is used."""
        host = urlsplit(self.url).hostname or ""
        try:
            return host == "localhost" or host.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def url_with(self, query: Mapping[str, str]) -> str:
        """The URL to connect to, with the query (docs/protocol.md). Without a query it opens a new conversation."""
        return f"{self.url}?{urlencode(query)}" if query else self.url


def parse_address(url: str, token: str) -> GatewayAddress:
    """Parse `ws://host:port/ws`. Also accepts http, https, a bare `host:port`, and a missing path.

    Raises:
        Failure: the URL is malformed.
    """
    parts = urlsplit(url if "://" in url else f"ws://{url}")
    try:
        fine = parts.scheme in SCHEMES and parts.hostname and parts.port != 0
    except ValueError:  # the port is not a number
        fine = False
    if not fine:
        raise Failure(f"--url {url}: it must look like ws://127.0.0.1:8000/ws (or wss://, http://, https://).", MISUSED)
    path = parts.path if parts.path not in ("", "/") else "/ws"
    return GatewayAddress(urlunsplit((SCHEMES[parts.scheme], parts.netloc, path, "", "")), token)

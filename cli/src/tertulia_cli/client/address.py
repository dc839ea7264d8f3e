"""Where the gateway is: the WebSocket address from `--url` or the settings. No I/O."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from tertulia_cli.exits import MISUSED, Failure

SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}


@dataclass(frozen=True, slots=True)
class Place:
    """A gateway's WebSocket, and the token it asks for ("" if none)."""

    url: str
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What is shown when connecting; a header, as addresses end up in logs."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, where no proxy leads."""
        host = urlsplit(self.url).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def address(self, query: Mapping[str, str]) -> str:
        """The URL to connect to; `query` says what to open (docs/protocol.md), nothing: a new conversation."""
        return f"{self.url}?{urlencode(query)}" if query else self.url


def parse_place(url: str, token: str) -> Place:
    """`ws://host:port/ws`; http, https and a bare `host:port` are understood, the path may be left out.

    Raises:
        Failure: it is no such address.
    """
    parts = urlsplit(url if "://" in url else f"ws://{url}")
    try:
        fine = parts.scheme in SCHEMES and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        fine = False
    if not fine:
        raise Failure(f"--url {url}: it must look like ws://127.0.0.1:8000/ws (or wss://, http://, https://).", MISUSED)
    path = parts.path if parts.path not in ("", "/") else "/ws"
    return Place(urlunsplit((SCHEMES[parts.scheme], parts.netloc, path, "", "")), token)

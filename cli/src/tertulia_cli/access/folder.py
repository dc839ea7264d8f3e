"""The folder of `tertulia access`: its layout, and which service reads each part.

    DIR/redis/   users.acl, and with TLS ca.crt, server.crt, server.key    Redis
    DIR/NAME/    TERTULIA_REDIS_URL: the login of one service or person    that service or person
    DIR/ca/      the authority's key, the keeper's login, the nodes        this command only

With containers each part is a separate volume, so a service sees only its own login.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tertulia_cli.access.files import OWNER_ONLY, Readers, read, write
from tertulia_cli.exit_codes import Failure
from tertulia_shared.bus.accounts import BOX, OPERATOR, READER
from tertulia_shared.bus.rights import SERVICES
from tertulia_shared.keys import STAGES, Stage

LOGIN: Final = "TERTULIA_REDIS_URL"
"""The name of a login file: that of the setting, so that services can read the folder as a secrets folder."""
HOLDERS: Final = (*SERVICES, READER, OPERATOR)
"""Users whose login has a folder of its own."""
PASSWORD_BYTES: Final = 32
TLS_PORT: Final = 6380
NODE_STAGES: Final[tuple[Stage, ...]] = ("tts",)
NODE_DAYS: Final = 365
"""Defaults for a new node: its port, stages and validity."""


@dataclass(frozen=True, slots=True)
class Node:
    """A further machine that runs stages.

    `sha256`: the hash of its password. `host`, `port`: Redis' address, as the node reaches it. `made`, `ends`: the
    validity of its certificate.
    """

    name: str
    stages: tuple[Stage, ...]
    sha256: str
    host: str
    made: datetime
    ends: datetime
    port: int = TLS_PORT

    @property
    def user(self) -> str:
        """The Redis user of the node."""
        return f"{BOX}{self.name}"

    @property
    def days(self) -> int:
        """The validity of its certificate in days."""
        return (self.ends - self.made).days


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths and files of the folder. `readers`: read access to the logins and to Redis' files."""

    root: Path
    readers: Readers = OWNER_ONLY

    @property
    def lock(self) -> Path:
        """The lock file; held during every change."""
        return self.root / "ca" / "lock"

    @property
    def users(self) -> Path:
        """Redis' ACL file."""
        return self.root / "redis" / "users.acl"

    def login(self, name: str) -> Path:
        """The login file of a service, a person or the keeper."""
        return self.root / ("ca" if name == "keeper" else name) / LOGIN

    def password(self, name: str) -> str | None:
        """The password in a login file; None if there is no such login.

        Raises:
            Failure: the file is malformed.
        """
        url = read(self.login(name))
        if url is None:
            return None
        try:
            parts = urlsplit(url.strip())
        except ValueError:
            parts = urlsplit("")
        if parts.username != name or not parts.password:
            raise Failure(f"{self.login(name)} does not contain a login of {name}: delete it to make a new one.")
        return parts.password

    def give_login(self, name: str, password: str, redis: str) -> bool:
        """Write a login; returns False if the file is unchanged. `redis` is host:port."""
        readers = OWNER_ONLY if name == "keeper" else self.readers
        return write(self.login(name), f"redis://{name}:{password}@{redis}/0\n", readers)

    # -- certificates

    @property
    def authority(self) -> tuple[Path, Path]:
        """Certificate and key of the authority."""
        return self.root / "ca" / "ca.crt", self.root / "ca" / "ca.key"

    @property
    def server(self) -> tuple[Path, Path]:
        """Certificate and key of Redis."""
        return self.root / "redis" / "server.crt", self.root / "redis" / "server.key"

    # -- nodes

    def nodes(self) -> dict[str, Node]:
        """The nodes by name.

        Raises:
            Failure: the file is malformed.
        """
        text = read(self._nodes_file)
        if text is None:
            return {}
        try:
            return {box.name: box for box in map(_box, json.loads(text))}
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(f"{self._nodes_file} is malformed ({error}): restore it from a backup.") from error

    def save_nodes(self, nodes: Iterable[Node]) -> None:
        """Write the list of nodes."""
        rows = [
            {**asdict(box), "made": box.made.isoformat(), "ends": box.ends.isoformat()}
            for box in sorted(nodes, key=lambda box: box.name)
        ]
        write(self._nodes_file, json.dumps(rows, indent=1) + "\n")

    @property
    def _nodes_file(self) -> Path:
        return self.root / "ca" / "boxes.json"


def new_password() -> str:
    """256 random bits that need no quoting in a URL."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _box(row: Any) -> Node:
    stages: tuple[Stage, ...] = tuple(stage for stage in STAGES if stage in row["stages"])
    return Node(
        row["name"],
        stages,
        row["sha256"],
        row["host"],
        datetime.fromisoformat(row["made"]),
        datetime.fromisoformat(row["ends"]),
        int(row.get("port", TLS_PORT)),  # older releases did not store this field
    )

"""The folder of `tertulia access`: what lies where, and who may read it.

    DIR/redis/   users.acl, and with TLS ca.crt, server.crt, server.key    Redis
    DIR/NAME/    TERTULIA_REDIS_URL: the login of one service or person    that one alone
    DIR/ca/      the authority's key, the keeper's login, the boxes        nobody but this command

Each is a volume of its own where containers are used: a service sees its own login and no other.
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
from tertulia_cli.exits import Failure
from tertulia_shared.bus.accounts import BOX, OPERATOR, READER
from tertulia_shared.bus.rights import SERVICES
from tertulia_shared.keys import STAGES, Stage

LOGIN: Final = "TERTULIA_REDIS_URL"
"""Named like the setting, so that the folder serves as a secrets folder."""
HOLDERS: Final = (*SERVICES, READER, OPERATOR)
"""Who has a login in a folder of their own."""
PASSWORD_BYTES: Final = 32
TLS_PORT: Final = 6380
BOX_STAGES: Final[tuple[Stage, ...]] = ("tts",)
BOX_DAYS: Final = 365
"""What a further machine is let in by, and for, where nothing else is asked."""


@dataclass(frozen=True, slots=True)
class Box:
    """A further machine: which stages it may run, its password's SHA-256, where it reaches Redis (`host`, `port`), and
    from when until when its certificate is valid.
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
        """Its Redis user."""
        return f"{BOX}{self.name}"

    @property
    def days(self) -> int:
        """How long its certificate was made for."""
        return (self.ends - self.made).days


@dataclass(frozen=True, slots=True)
class Folder:
    """See the module's docstring. `readers`: who reads the logins and Redis' files beside their owner."""

    root: Path
    readers: Readers = OWNER_ONLY

    @property
    def lock(self) -> Path:
        """Held by whoever changes something."""
        return self.root / "ca" / "lock"

    @property
    def users(self) -> Path:
        """Redis' ACL file."""
        return self.root / "redis" / "users.acl"

    def login(self, name: str) -> Path:
        """The file with a login of a service, a person, or the keeper."""
        return self.root / ("ca" if name == "keeper" else name) / LOGIN

    def password(self, name: str) -> str | None:
        """The password that was given to somebody; None if nobody has that login yet.

        Raises:
            Failure: the file holds something else.
        """
        url = read(self.login(name))
        if url is None:
            return None
        try:
            parts = urlsplit(url.strip())
        except ValueError:
            parts = urlsplit("")
        if parts.username != name or not parts.password:
            raise Failure(f"{self.login(name)} holds no login of {name}: delete it, and a new one is made.")
        return parts.password

    def give_login(self, name: str, password: str, redis: str) -> bool:
        """Write a login; False if it stood there already. `redis` is host:port."""
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

    # -- boxes

    def boxes(self) -> dict[str, Box]:
        """The further machines, by name.

        Raises:
            Failure: the file cannot be understood.
        """
        text = read(self._boxes)
        if text is None:
            return {}
        try:
            return {box.name: box for box in map(_box, json.loads(text))}
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(f"{self._boxes} cannot be understood ({error}): restore it from a backup.") from error

    def keep_boxes(self, boxes: Iterable[Box]) -> None:
        """Write them down."""
        rows = [
            {**asdict(box), "made": box.made.isoformat(), "ends": box.ends.isoformat()}
            for box in sorted(boxes, key=lambda box: box.name)
        ]
        write(self._boxes, json.dumps(rows, indent=1) + "\n")

    @property
    def _boxes(self) -> Path:
        return self.root / "ca" / "boxes.json"


def new_password() -> str:
    """256 random bits that need no quoting in a URL."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _box(row: Any) -> Box:
    stages: tuple[Stage, ...] = tuple(stage for stage in STAGES if stage in row["stages"])
    return Box(
        row["name"],
        stages,
        row["sha256"],
        row["host"],
        datetime.fromisoformat(row["made"]),
        datetime.fromisoformat(row["ends"]),
        int(row.get("port", TLS_PORT)),  # an older release kept none
    )

"""What `tertulia run` supervises: the processes, and what is shown of them. It is made from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tertulia_cli.run.service import ProcessSpec
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.tls import Tls

if TYPE_CHECKING:  # importing it needs the extra `lan`
    from tertulia_cli.lan.command import Lan


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of a stage."""

    stage: Stage
    spec: ProcessSpec


@dataclass(frozen=True, slots=True)
class Redis:
    """The Redis in use. If it is our own: its `server`, the server's `socket`, and the file into which its URL is
    written."""

    url: str
    tls: Tls | None
    keys: Keys
    server: ProcessSpec | None = None
    socket: Path = Path()
    url_file: Path = Path()


@dataclass(frozen=True, slots=True)
class Page:
    """Where clients on this machine reach the gateway. `demo`: the demo model answers. `token`: clients need one."""

    host: str
    port: int
    demo: bool
    token: bool

    @property
    def url(self) -> str:
        """The address for a browser."""
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SystemPlan:
    """All that runs. `verbose`: show the services' logs on the terminal."""

    data_dir: Path
    redis: Redis
    gateway: ProcessSpec
    workers: Sequence[Worker]
    page: Page
    lan: Lan | None
    verbose: bool

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.data_dir / "logs"

    def log_of(self, name: str) -> Path:
        """The path of a service's log."""
        return self.logs / f"{name}.log"

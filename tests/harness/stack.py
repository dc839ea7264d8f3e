"""Runs all of Tertulia as real processes on a Redis of its own; a test kills, pauses and restarts them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self, cast
from uuid import uuid4

import redis

from tertulia_shared.bus import UNASSIGNED
from tertulia_shared.bus.redis_bus import RedisBus, open_bus
from tertulia_shared.codec import unpack
from tertulia_shared.keys import STAGES, Key, Keys, Stage
from tests.harness.leftover_keys import Leftovers
from tests.harness.service_process import Process, Service, StackFailed
from tests.servers.redis_server import RedisServer, free_port
from tests.servers.redis_users import EVERYTHING, RedisUsers, refusals
from tests.servers.slow_network_link import FarLink

ONE_OF_EACH: Mapping[Service, int] = {"gateway": 1, "stt": 1, "llm": 1, "tts": 1}

READY_S = 60.0
POLL_S = 0.02
STORY_PACE = "80"
"""Tokens per second of the demo model: a story of 150 tokens takes two seconds, so a test can interrupt it."""


class Stack:
    """`with Stack(folder) as stack:` starts all processes, waits until they are ready, and at the end stops and checks.

    The checks: each process that the test did not kill exits 0 on SIGTERM and leaves no child process; every key in
    Redis is known, expires and is within its bound; no log contains a text of `unsaid`; Redis has refused no command.
    Each service logs in to Redis as a user with only its own rights. `link`: Redis also listens at the near end of this
    link, so that a process at its far end can connect.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: Mapping[Service, int] = ONE_OF_EACH,
        fsync: Literal["always", "everysec", "off"] = "off",
        env: Mapping[str, str] | None = None,
        namespace: str = "",
        link: FarLink | None = None,
        metrics: bool = False,
        redis_options: Sequence[str] = (),
    ) -> None:
        """`metrics`: each process serves metrics at its `Process.metrics_port`."""
        self._metrics = metrics
        self.folder = folder
        self.keys = Keys(namespace or f"stack-{uuid4().hex[:8]}")
        self._users = RedisUsers(self.keys)
        self._link = link
        self.redis = RedisServer(
            folder / "redis",
            fsync=fsync,
            login=self._users.login(EVERYTHING),
            options=[
                *self._users.options(folder),
                *(() if link is None else ("--bind", "127.0.0.1", link.near)),
                *redis_options,
            ],
        )
        self.unsaid: set[str] = set()
        """Texts that no log may contain: speech and keys."""
        self._workers = workers
        self._env = {name: value for name, value in os.environ.items() if not _is_ours(name)} | {
            "TERTULIA_NAMESPACE": self.keys.ns,
            "TERTULIA_DATA_DIR": str(self.data_dir),
            "TERTULIA_LEASE_S": "1",
            "TERTULIA_DEMO_TOKENS_PER_SECOND": STORY_PACE,
            "TERTULIA_STT_ENGINE": "pocketsphinx",
            "TERTULIA_TTS_ENGINE": "instant",
            "TERTULIA_WHO_ANSWERS": "everyone",  # so that tests know how many replies a message gets
            **(env or {}),
        }
        self._all: list[Process] = []
        self._client = cast("Any", redis.Redis.from_url(self.redis.url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment for a further process; its Redis user has all rights."""
        return self._env | {"TERTULIA_REDIS_URL": self.redis.url}

    @property
    def data_dir(self) -> Path:
        """The folder of the SQLite file."""
        return self.folder / "data"

    # -- processes

    def start(self, service: Service, *, port: int | None = None, far: bool = False, **env: str) -> Process:
        """Start one more process of a service, without waiting for it. A gateway gets a free port by default.

        `far`: start it at the other end of the stack's `link`, as on another machine.
        """
        number = sum(process.service == service for process in self._all)
        name = f"{service}-{number}"
        if port is None:
            port = free_port() if service == "gateway" else 0
        metrics_port = free_port() if self._metrics else 0
        own = {
            "TERTULIA_PORT": str(port),
            "TERTULIA_METRICS_PORT": str(metrics_port),
            "TERTULIA_REDIS_URL": self.redis.url_as(self._users.login(service)),
        }
        link = self._link if far else None
        if link is not None:
            own["TERTULIA_REDIS_URL"] = own["TERTULIA_REDIS_URL"].replace("127.0.0.1", link.near)
        process = Process(
            service,
            name,
            self.folder / f"{name}.log",
            self._env | own | env,
            port=port,
            metrics_port=metrics_port,
            link=link,
        )
        self._all.append(process)
        return process

    def of(self, service: Service) -> list[Process]:
        """The running processes of a service, oldest first."""
        return [process for process in self._all if process.service == service and process.running]

    def serving(self, service: Service) -> list[Process]:
        """The running processes of a service that the test has not stopped, oldest first."""
        return [process for process in self.of(service) if not process.stopping]

    def refill(self, service: Service) -> None:
        """Start processes of a service until as many serve as at the start of the stack."""
        for _ in range(self._workers.get(service, 0) - len(self.serving(service))):
            self.start(service)

    def restore(self) -> None:
        """Wait until as many processes of each service serve as at the start of the stack, and no other one runs.

        Raises:
            StackFailed: a process ended by itself or takes too long, or a surplus one did not exit with 0.
        """
        self.wait_ready()  # a process that has not set its signal handlers yet would not exit with 0
        for service in ONE_OF_EACH:
            for surplus in self.serving(service)[self._workers.get(service, 0) :]:
                surplus.send(signal.SIGTERM)
            self.refill(service)
        for process in self._all:
            if process.stopping and process.running and process.wait() != 0:
                raise StackFailed(f"{process.name} was stopped and failed\n{process.tail()}")
        self.wait_ready()

    @property
    def processes(self) -> list[Process]:
        """All processes that the test has not stopped."""
        return [process for process in self._all if not process.stopping]

    def wait_ready(self) -> None:
        """Wait until every process can work: each gateway answers /readyz, each worker has registered.

        Raises:
            StackFailed: a process ended, or it takes too long.
        """
        deadline = time.monotonic() + READY_S
        while not self._is_ready():
            if self.crashed() or time.monotonic() > deadline:
                raise StackFailed("the stack does not come up\n" + self.tails())
            time.sleep(POLL_S)

    def crashed(self) -> list[Process]:
        """The processes that ended by themselves."""
        return [process for process in self._all if not process.running and not process.stopping]

    def replace_crashed(self) -> None:
        """Start a new process for each that ended by itself."""
        for process in self.crashed():
            process.stopping = True
            self.start(process.service)

    def owner(self, stage: Stage) -> Process | None:
        """The process that has claimed the stage's oldest work; None if nobody holds it, or there is none."""
        pending = self._client.xpending_range(self.keys.work(stage).name, stage, "-", "+", 1)
        if not pending or pending[0]["consumer"].decode() == UNASSIGNED:
            return None
        pid = int(pending[0]["consumer"].decode().split("-")[-2])
        return next(process for process in self._all if process.pid == pid)

    def owner_or_any(self, stage: Stage) -> Process:
        """The worker that has claimed the stage's oldest work; another one if nobody holds it, or if the test has
        stopped the owner: its work stays pending until a peer takes it over.
        """
        owner = self.owner(stage)
        serving = self.serving(stage)
        return owner if owner is not None and owner in serving else serving[0]

    def length(self, key: Key) -> int:
        """The length of a stream."""
        return self._client.xlen(key.name)

    def flush(self) -> None:
        """FLUSHALL, as after an operator's mistake."""
        self._client.flushall()

    @contextmanager
    def writes_paused(self) -> Generator[None]:
        """Redis answers, but refuses writes: it lacks a replica."""
        self._client.config_set("min-replicas-to-write", 1)
        try:
            yield
        finally:
            self._client.config_set("min-replicas-to-write", 0)

    def active_character_names(self) -> list[str]:
        """The names of the active characters, as llm last read them."""
        kept = self._client.hget(self.keys.cast().name, "speakers")
        return [speaker["name"] for speaker in unpack(kept)] if kept else []

    # -- addresses

    @property
    def urls(self) -> list[str]:
        """The WebSocket of each running gateway."""
        return [f"ws://127.0.0.1:{gateway.port}/ws" for gateway in self.of("gateway")]

    def http(self, path: str) -> str:
        """A URL of the first gateway."""
        return f"http://127.0.0.1:{self.of('gateway')[0].port}{path}"

    def bus(self) -> AbstractAsyncContextManager[RedisBus]:
        """A bus on the stack's Redis."""
        return open_bus(self.redis.url, self.keys, name="test")

    # -- start and end

    def __enter__(self) -> Self:
        self.data_dir.mkdir(parents=True)
        self.redis.start()
        try:
            for service, count in self._workers.items():
                for _ in range(count):
                    self.start(service)
            self.wait_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            try:
                self.wait_ready()  # a process that has not set its signal handlers yet would not exit with 0
            except BaseException:
                self._end()
                raise
        faults = self._end()
        if kind is None and faults:
            raise StackFailed("\n".join([*faults, self.tails()]))

    def log_sizes(self) -> Mapping[str, int]:
        """The size of each log, in bytes."""
        return {process.name: process.log.stat().st_size for process in self._all}

    def tails(self, behind: Mapping[str, int] = MappingProxyType({})) -> str:
        """The last lines of each log that has grown beyond its size in `behind`."""
        return "\n".join(
            process.tail(behind.get(process.name, 0))
            for process in self._all
            if process.log.stat().st_size > behind.get(process.name, 0)
        )

    def logs(self) -> dict[str, str]:
        """All logs, by process."""
        return {process.name: process.log.read_text(errors="replace") for process in self._all}

    def _end(self) -> list[str]:
        faults: list[str] = []
        stopping = [process for process in self._all if process.running]
        for process in stopping:
            process.send(signal.SIGCONT)
            process.send(signal.SIGTERM)
        for process in self._all:
            try:
                code = process.wait()
            except StackFailed as failure:
                faults.append(str(failure))
                process.send(signal.SIGKILL)
                continue
            if code != 0 and not process.killed and not process.may_fail:
                faults.append(f"{process.name} ended with {code}")
            if process.left_behind():
                faults.append(f"{process.name} left processes behind")
        if self.redis.running:
            faults += refusals(self._client)
            left = Leftovers(self.redis.url, self.keys)
            faults += left.faults()
            left.clear()
        self._client.close()
        self.redis.kill()
        faults += [
            f"{name}'s log holds {text!r}" for name, log in self.logs().items() for text in self.unsaid if text in log
        ]
        return faults

    def working(self, known: frozenset[int] = frozenset()) -> set[int]:
        """The ids of the processes that have come up and are not in `known`."""
        names = self._present()
        return {
            process.pid
            for process in self._all
            if process.pid not in known and process.running
            if (process.answers("/healthz") if process.service == "gateway" else f"-{process.pid}-" in names)
        }

    def _present(self) -> str:
        present = self._client.zrange(self.keys.workers().name, 0, -1)
        return " ".join(member.decode(errors="replace") for member in present)

    def _is_ready(self) -> bool:
        names = self._present()
        path = "/readyz" if all(self.of(stage) for stage in STAGES) else "/healthz"
        return all(
            process.answers(path) if process.service == "gateway" else f"-{process.pid}-" in names
            for process in self._all
            if process.running
        )


def _is_ours(name: str) -> bool:
    return name.startswith("TERTULIA_") or name == "OPENROUTER_API_KEY"

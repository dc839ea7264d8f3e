"""The faults that the rig injects. After each fault, as many processes run as before."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import redis
from redis.exceptions import RedisError

from tests.chaos.rig.frame_checks import Turn
from tests.chaos.rig.servers import Servers, Trouble
from tests.chaos.rig.simulated_user import User, state_of
from tests.harness.service_process import Process, Service
from tests.harness.stack import Stack

Fault = Callable[["Targets", random.Random], Awaitable[None]]
WORKERS: tuple[Literal["stt", "llm", "tts"], ...] = ("stt", "llm", "tts")
SERVICES: tuple[Service, ...] = ("gateway", *WORKERS)
LOSES_TALKS = frozenset({"flushall"})
"""Faults after which a turn may be lost, if the client gets an error."""


ALONE = LOSES_TALKS
"""Faults during which no other fault is active: the losses that they excuse must not hide losses by another fault."""
RARITY: Mapping[str, int] = {
    "kill everything": 1, "kill all workers": 2, "kill all gateways": 2, "kill redis": 3, "stop redis": 3,
    "flushall": 1,
}  # fmt: skip
"""The relative frequency of a kind of fault (default: 4). Faults that restart many processes take seconds of CPU
time.
"""
TOLD_S = 15.0
"""The time after a loss of data until each client has noticed it, including reconnects."""
VICTIM_S = 30.0
"""How long a fault waits for a suitable process."""


@dataclass
class Targets:
    """What the faults can affect. `working`: the ids of the processes that have been ready since their start."""

    stack: Stack
    servers: Servers
    users: list[User]
    working: set[int] = field(default_factory=set[int])
    frozen: set[int] = field(default_factory=set[int])

    @property
    def redis(self) -> Any:
        """A new connection to Redis."""
        return cast("Any", redis.Redis.from_url(self.stack.redis.url, socket_timeout=10))  # pyright: ignore[reportUnknownMemberType] - untyped

    def starting(self) -> int:
        """The number of processes that were started and are not ready yet."""
        return sum(
            process.pid not in self.working and not process.stopping
            for service in SERVICES
            for process in self.stack.of(service)
        )

    def candidates(self, service: Service) -> list[Process]:
        """The processes that a fault may choose: they are ready, and no other fault affects them."""
        return [
            process
            for process in self.stack.of(service)
            if process.pid in self.working and process.pid not in self.frozen and not process.stopping
        ]

    async def victim(self, service: Service, dice: random.Random) -> Process | None:
        """Choose the process of this service that a fault will hit; None if none is ready in time.

        Usually the process that has claimed the service's work, otherwise a random one.
        """
        deadline = time.monotonic() + VICTIM_S
        while not self.candidates(service):
            if time.monotonic() > deadline:
                return None
            await asyncio.sleep(0.05)
        owner: Process | None = None
        if service != "gateway" and dice.random() < 0.8:
            with contextlib.suppress(RedisError, OSError, StopIteration):
                owner = await asyncio.to_thread(self.stack.owner, service)
        candidates = self.candidates(service)
        return owner if owner in candidates else dice.choice(candidates) if candidates else None


def _end(service: Service, number: signal.Signals) -> Fault:
    async def fault(targets: Targets, dice: random.Random) -> None:
        victim = await targets.victim(service, dice)
        if victim is None:
            return
        victim.stopping = True  # so that no other fault chooses it
        targets.stack.start(service)
        await asyncio.to_thread(victim.send, number)

    return fault


def _freeze(service: Service) -> Fault:
    async def fault(targets: Targets, dice: random.Random) -> None:
        victim = await targets.victim(service, dice)
        if victim is None:
            return
        targets.frozen.add(victim.pid)
        victim.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(_moment(dice))
        finally:
            targets.frozen.discard(victim.pid)
            if victim.running:
                victim.send(signal.SIGCONT)

    return fault


def _moment(dice: random.Random) -> float:
    """A random length of an outage: mostly short, sometimes longer than leases and timeouts."""
    return dice.uniform(0.3, 2.0) if dice.random() < 0.9 else dice.uniform(2.0, 6.0)


def _end_all(*services: Service, redis_too: bool = False) -> Fault:
    async def fault(targets: Targets, dice: random.Random) -> None:
        victims = [process for service in services for process in targets.stack.of(service) if not process.stopping]
        for victim in victims:
            victim.stopping = True
        for victim in victims:
            await asyncio.to_thread(victim.send, signal.SIGKILL)
        if redis_too:
            await _kill_redis(targets, dice)
        for victim in victims:
            targets.stack.start(victim.service)

    return fault


async def _kill_redis(targets: Targets, dice: random.Random) -> None:
    await asyncio.to_thread(targets.stack.redis.kill)
    await asyncio.sleep(dice.uniform(0, 1))
    await asyncio.to_thread(targets.stack.redis.start)


async def _stop_redis(targets: Targets, dice: random.Random) -> None:
    await asyncio.to_thread(targets.stack.redis.stop)
    await asyncio.sleep(dice.uniform(0, 1))
    await asyncio.to_thread(targets.stack.redis.start)


async def _freeze_redis(targets: Targets, dice: random.Random) -> None:
    targets.stack.redis.pause()
    try:
        await asyncio.sleep(_moment(dice))
    finally:
        targets.stack.redis.resume()


async def _kill_clients(targets: Targets, dice: random.Random) -> None:
    await asyncio.to_thread(lambda: targets.redis.client_kill_filter(_type="normal", skipme=True))


async def _kill_clients_often(targets: Targets, dice: random.Random) -> None:
    for _ in range(dice.randint(4, 10)):
        await _kill_clients(targets, dice)
        await asyncio.sleep(dice.uniform(0.05, 0.2))


async def _pause_clients(targets: Targets, dice: random.Random) -> None:
    pause_ms = round(1000 * _moment(dice))
    await asyncio.to_thread(lambda: targets.redis.client_pause(pause_ms))
    await asyncio.sleep(pause_ms / 1000)


def _configured(name: str, during: Callable[[Any], Any], after: Any) -> Fault:
    async def fault(targets: Targets, dice: random.Random) -> None:
        connection = targets.redis
        await asyncio.to_thread(lambda: connection.config_set(name, during(connection)))
        try:
            await asyncio.sleep(_moment(dice))
        finally:
            await asyncio.to_thread(lambda: connection.config_set(name, after))

    return fault


async def _read_only(targets: Targets, dice: random.Random) -> None:
    connection = targets.redis
    await asyncio.to_thread(lambda: connection.execute_command("REPLICAOF", "127.0.0.1", "1"))
    try:
        await asyncio.sleep(dice.uniform(0.3, 2))
    finally:
        await asyncio.to_thread(lambda: connection.execute_command("REPLICAOF", "NO", "ONE"))


async def _flush_scripts(targets: Targets, dice: random.Random) -> None:
    await asyncio.to_thread(targets.redis.script_flush)


async def _flush_all(targets: Targets, dice: random.Random) -> None:
    before = [(user, user.checker.lost_talks, user.current) for user in targets.users]
    for user in targets.users:
        user.checker.lost_data()
    await asyncio.to_thread(targets.redis.flushall)
    for user in targets.users:
        user.checker.lost_data()  # to include turns that were accepted between the mark and the flush
    for user, count, run in before:
        if run is None or not run.turn_id:
            continue
        turn = user.checker.turn(run.turn_id)

        def is_reported_or_answered(user: User = user, count: int = count, turn: Turn = turn) -> bool:
            # if the next message interrupts a turn, the loss of the turn does not matter
            return user.checker.lost_talks > count or turn.interrupted or user.checker.is_done(turn)

        if not await user.client.until(is_reported_or_answered, TOLD_S):
            what = f"neither talk_lost nor an answer came within {TOLD_S:g} s after FLUSHALL"
            user.checker.complain_in_any_case("lost", f"{what}: {state_of(user.checker, turn)}", run.turn_id)


async def _lock_store(targets: Targets, dice: random.Random) -> None:
    seconds = _moment(dice)
    with contextlib.closing(
        sqlite3.connect(
            targets.stack.data_dir / "tertulia.db", timeout=10, check_same_thread=False, isolation_level=None
        )
    ) as file:
        await asyncio.to_thread(file.execute, "BEGIN IMMEDIATE")
        try:
            await asyncio.sleep(seconds)
        finally:
            file.execute("ROLLBACK")


def _server(server: Literal["model", "speech"], trouble: Trouble) -> Fault:
    async def fault(targets: Targets, dice: random.Random) -> None:
        seconds = dice.uniform(0.2, 1.0)  # shorter than the time of all retries for one reply
        targets.servers.trouble(server, trouble, seconds)
        await asyncio.sleep(seconds)

    return fault


def _client(act: Callable[[User, random.Random], None]) -> Fault:
    async def fault(targets: Targets, dice: random.Random) -> None:
        busy = [user for user in targets.users if user.current is not None] or targets.users
        act(dice.choice(busy), dice)

    return fault


async def _hostile_work(targets: Targets, dice: random.Random) -> None:
    stage = dice.choice(WORKERS)
    fields: Mapping[str, str] = dice.choice(
        (
            {"v": "1"}, {"v": "one", "ts": "now", "epoch": "-1"}, {"x": "\ud7ff\0"},
            {"v": "1", "ts": "1", "epoch": "0", "conversation_id": "no uuid", "message_id": "../..", "session_id": "*"},
        )
    )  # fmt: skip
    key = f"{targets.stack.keys.ns}:work:{stage}"
    await asyncio.to_thread(lambda: targets.redis.xadd(key, fields, nomkstream=True))


def _hostile(stream: str, *choices: Mapping[str, str]) -> Fault:
    async def fault(targets: Targets, dice: random.Random) -> None:
        user = dice.choice(targets.users)
        message_id = next(reversed(user.checker.messages), "")
        fields = {"rig": "1", "message_id": message_id, **dice.choice(choices)}
        key = f"{targets.stack.keys.ns}:{{{user.checker.conversation_id}}}:{stream}"
        await asyncio.to_thread(lambda: targets.redis.xadd(key, fields, nomkstream=True))

    return fault


async def _hostile_presence(targets: Targets, dice: random.Random) -> None:
    key, member = f"{targets.stack.keys.ns}:workers", b"llm:\xff\xfe:x"
    await asyncio.to_thread(lambda: targets.redis.zadd(key, {member: 9e15}))
    await asyncio.sleep(_moment(dice))
    await asyncio.to_thread(lambda: targets.redis.zrem(key, member))


_OF_REDIS = frozenset(
    {
        "kill everything", "kill redis", "stop redis", "freeze redis", "client pause", "client kill storm", "oom",
        "noreplicas", "readonly", "flushall",
    }
)  # fmt: skip
RESTARTS: Mapping[str, int] = {
    **{f"{verb} {service}": 1 for verb in ("kill", "stop") for service in SERVICES},
    "kill all gateways": 2, "kill all workers": 5, "kill everything": 7,
}  # fmt: skip
"""The number of processes that a fault restarts."""


def taken_away_by(name: str) -> str:
    """The resource that a fault affects. Two faults of the same resource are not active at the same time.

    The default is the name of the fault itself.
    """
    if name in _OF_REDIS:
        return "Redis"
    first = name.partition(" ")[0]
    return first if first in ("model", "speech", "store") else name


_ENVELOPE = {"v": "1", "ts": "1700000000000", "epoch": "0"}

FAULTS: Mapping[str, Fault] = {
    **{f"kill {service}": _end(service, signal.SIGKILL) for service in SERVICES},
    **{f"stop {service}": _end(service, signal.SIGTERM) for service in SERVICES},
    **{f"freeze {service}": _freeze(service) for service in SERVICES},
    "kill all workers": _end_all(*WORKERS),
    "kill all gateways": _end_all("gateway"),
    "kill everything": _end_all(*SERVICES, redis_too=True),
    "kill redis": _kill_redis,
    "stop redis": _stop_redis,
    "freeze redis": _freeze_redis,
    "client kill": _kill_clients,
    "client kill storm": _kill_clients_often,
    "client pause": _pause_clients,
    "oom": _configured("maxmemory", lambda client: client.info("memory")["used_memory"] - 1, 0),
    "noreplicas": _configured("min-replicas-to-write", lambda _: 1, 0),
    "readonly": _read_only,
    "script flush": _flush_scripts,
    "flushall": _flush_all,
    "store locked": _lock_store,
    **{f"model {trouble}": _server("model", trouble) for trouble in ("refuse", "limit", "break", "stall", "garbage")},
    **{f"speech {trouble}": _server("speech", trouble) for trouble in ("refuse", "break", "stall")},
    "cut": _client(lambda user, _: user.client.cut()),
    "cut in mid-frame": _client(lambda user, _: user.client.cut(in_mid_frame=True)),
    "slow client": _client(lambda user, dice: user.client.read_slowly(_moment(dice))),
    "second tab": _client(lambda user, _: user.client.take_over()),
    "reload": _client(lambda user, _: user.client.reload()),
    "hostile work": _hostile_work,
    "hostile events": _hostile(
        "events", {**_ENVELOPE, "type": "no_such_event"}, {"v": "1"}, {"v": "x", "ts": "", "epoch": "", "type": "error"}
    ),
    "hostile receipts": _hostile(
        "receipts",
        {**_ENVELOPE, "sentence_index": "-5", "chunk_index": "0", "played_ms": "0"},
        {**_ENVELOPE, "sentence_index": "x", "chunk_index": "0", "played_ms": "0"},
        {**_ENVELOPE, "sentence_index": "1" + 30 * "0", "chunk_index": "0", "played_ms": "0"},
    ),
    "hostile presence": _hostile_presence,
}

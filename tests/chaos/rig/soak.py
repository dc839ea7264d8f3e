"""`make soak`: a steady load for a long time. It shows whether memory, files or keys grow."""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import redis

from tests.chaos.rig.client import Client
from tests.chaos.rig.data_checks import DataChecker
from tests.chaos.rig.failures import Kind
from tests.chaos.rig.frame_checks import FrameChecker
from tests.chaos.rig.run import Plan, environment
from tests.chaos.rig.servers import Servers
from tests.chaos.rig.simulated_user import Budget, User
from tests.harness.stack import Stack

SAMPLE_S = 5.0
TURNS_EACH = 10
"""Number of turns in a conversation. Then its user starts another conversation on a new connection."""
WARM_UP = 0.4
"""The first part of the run that is not measured: caches fill, and allocators reach their size."""
TOLERATED = 0.10
"""Growth in the measured part that is tolerated, as a share of the first value."""
NOISE: dict[str, float] = {"MB": 6.0, "files": 4.0, "threads": 3.0, "per turn": 0.0}
"""Growth that is tolerated in any case, by unit."""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{13}-\d+")


@dataclass
class Series:
    """One figure over time, as points (seconds, value)."""

    unit: str
    points: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def settled(self) -> list[tuple[float, float]]:
        """The points of the measured part, after the warm-up."""
        start = self.points[0][0] + WARM_UP * (self.points[-1][0] - self.points[0][0])
        return [point for point in self.points if point[0] >= start]

    def slope(self) -> float:
        """Growth per minute after the warm-up, by least squares."""
        points = self.settled()
        mean_t, mean_v = (sum(column) / len(points) for column in zip(*points, strict=True))
        spread = sum((t - mean_t) ** 2 for t, _ in points)
        return 60 * sum((t - mean_t) * (v - mean_v) for t, v in points) / spread if spread else 0.0

    def grows(self) -> bool:
        """True if the figure grew by more than is tolerated."""
        points = self.settled()
        rise = self.slope() * (points[-1][0] - points[0][0]) / 60
        return rise > max(NOISE[self.unit], TOLERATED * points[0][1])


class Soak:
    """Talks for a given time, and records the figures at intervals."""

    def __init__(self, minutes: float, conversations: int, seed: int) -> None:
        self.series: dict[str, Series] = {}
        self.failures: list[str] = []
        self.turns = 0
        self._minutes = minutes
        self._conversations = conversations
        self._seed = seed

    async def run(self, folder: Path) -> None:
        """Start everything, talk and record, stop everything."""
        async with Servers() as servers:
            plan = Plan(turns=1, faults=0, seed=self._seed, lease_s=3.0)
            workers = {"gateway": 1, "stt": 1, "llm": 1, "tts": 1}
            stack = Stack(folder, workers=workers, fsync="everysec", env=environment(servers, plan))  # pyright: ignore[reportArgumentType]
            await asyncio.to_thread(stack.__enter__)
            try:
                await self._talk(stack)
            finally:
                await asyncio.to_thread(stack.__exit__, *sys.exc_info())

    async def _talk(self, stack: Stack) -> None:
        data_checker = DataChecker(stack.redis.url, stack.keys.ns, stack.data_dir / "tertulia.db")
        until = time.monotonic() + 60 * self._minutes
        try:
            async with asyncio.TaskGroup() as tasks:
                sampling = tasks.create_task(self._sample(stack))
                talking = [
                    tasks.create_task(self._slot(stack, data_checker, number, until))
                    for number in range(self._conversations)
                ]
                await asyncio.wait(talking)
                sampling.cancel()
        finally:
            await data_checker.close()

    async def _slot(self, stack: Stack, data_checker: DataChecker, number: int, until: float) -> None:
        """Simulate one user after the other."""
        dice = random.Random(f"{self._seed}/{number}")
        while time.monotonic() < until:

            def report(kind: Kind, what: str, turn_id: str) -> None:
                self.failures.append(f"{kind}: {what} (turn {turn_id})")

            client = Client(FrameChecker(report), lambda: stack.urls, dice)
            user = User(number, client, data_checker, dice, speaks=number == 0)
            connection = asyncio.create_task(client.run())
            budget = Budget(TURNS_EACH)
            talking = asyncio.create_task(user.talk(budget))
            while not talking.done():
                before = budget.over
                await asyncio.wait([talking], timeout=0.5)
                self.turns += budget.over - before
                if time.monotonic() > until:
                    budget.turns = 0
            await talking
            connection.cancel()
            await asyncio.wait([connection])

    async def _sample(self, stack: Stack) -> None:
        server = cast("Any", redis.Redis.from_url(stack.redis.url))  # pyright: ignore[reportUnknownMemberType] - untyped
        began = time.monotonic()
        while True:
            await asyncio.sleep(SAMPLE_S)
            at, turns = time.monotonic() - began, max(self.turns, 1)
            for service in ("gateway", "stt", "llm", "tts"):
                for process in stack.of(service):
                    self._note(f"{process.name} memory", "MB", at, _rss_mb(process.pid))
                    self._note(f"{process.name} open files", "files", at, _count(process.pid, "fd"))
                    self._note(f"{process.name} threads", "threads", at, _count(process.pid, "task"))
            kinds, memory = await asyncio.to_thread(_of_redis, server, stack.keys.ns)
            for kind, count in kinds.items():
                self._note(f"redis keys {kind}", "per turn", at, count / turns)
            self._note("redis memory, kB", "per turn", at, memory / 1024 / turns)
            size = sum(file.stat().st_size for file in stack.data_dir.iterdir())
            self._note("sqlite, kB", "per turn", at, size / 1024 / turns)
            lines = sum(log.count("\n") for log in (await asyncio.to_thread(stack.logs)).values())
            self._note("log lines", "per turn", at, lines / turns)

    def _note(self, name: str, unit: str, at: float, value: float) -> None:
        self.series.setdefault(name, Series(unit)).points.append((at, value))

    def table(self) -> list[str]:
        """A table with a row for each figure."""
        lines = [f"{'figure':48}{'unit':>10}{'start':>10}{'end':>10}{'a minute':>10}  verdict"]
        for name, series in self.series.items():
            if len(series.settled()) < 2:
                continue
            start, end = series.settled()[0][1], series.points[-1][1]
            verdict = "GROWING" if series.grows() else "level"
            lines.append(f"{name:48}{series.unit:>10}{start:10.2f}{end:10.2f}{series.slope():10.3f}  {verdict}")
        return lines


def _of_redis(server: Any, namespace: str) -> tuple[Counter[str], int]:
    """The number of keys by kind, and the used memory. All keys have a TTL, so it is no leak if keys grow with the
    turns.
    """
    kinds = Counter(_ID.sub("ID", key.decode()) for key in server.scan_iter(f"{namespace}:*", count=1000))
    return Counter({kind.removeprefix(f"{namespace}:"): n for kind, n in kinds.items()}), server.info("memory")[
        "used_memory"
    ]


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def _count(pid: int, what: str) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/{what}").iterdir())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the load. Returns 1 if anything grows, or if anything was lost, repeated, out of order or wrong."""
    parser = argparse.ArgumentParser(prog="make soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="how long")
    parser.add_argument("--conversations", type=int, default=3, help="conversations at once")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="for the same talk again")
    arguments = parser.parse_args(argv)
    soak = Soak(arguments.minutes, arguments.conversations, arguments.seed)
    sys.stdout.write(f"soak: {arguments.minutes:g} minutes, {arguments.conversations} talks, seed {arguments.seed}\n")
    folder = Path(tempfile.mkdtemp(prefix="tertulia-soak-"))
    asyncio.run(soak.run(folder / "stack"))
    shutil.rmtree(folder)
    growing = [name for name, series in soak.series.items() if len(series.settled()) > 1 and series.grows()]
    lines = [*soak.table(), *soak.failures[:20], f"{soak.turns} turns; seed {arguments.seed}"]
    lines.append(f"soak: {len(growing)} figures grow, {len(soak.failures)} failures")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if growing or soak.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())

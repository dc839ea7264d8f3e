"""One run of the rig: users talk, faults start at times that the seed determines, and every frame is checked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

from redis.exceptions import RedisError

from tests.chaos.rig.client import Client
from tests.chaos.rig.data_checks import DataChecker
from tests.chaos.rig.failures import KINDS, Failure, Kind
from tests.chaos.rig.fault_injection import FaultInjector, shuffled_faults
from tests.chaos.rig.faults import FAULTS, LOSES_TALKS, Targets
from tests.chaos.rig.frame_checks import FrameChecker
from tests.chaos.rig.report import HEAD, InjectedFault, rows, table
from tests.chaos.rig.servers import Servers
from tests.chaos.rig.simulated_user import CUTS, Budget, User
from tests.harness.service_process import StackFailed
from tests.harness.stack import Stack

MAX_ATTEMPTS = 10
SETTLED_S = 60.0
PROGRESS_S = 10.0
FEW_FAULTS = 100
"""In runs with at most this many faults, each is printed when it starts."""
EXPECTED_ERRORS = re.compile(r"(BusUnavailable|WritesPaused|StoreUnavailable|SynthesisFailed|RetryLater|ModelFailed)\b")
"""Exceptions that a fault can explain, as they appear in the last line of a logged traceback."""


@dataclass(frozen=True)
class Plan:
    """The parameters of a run."""

    turns: int
    faults: int
    seed: int
    conversations: int = 4
    lease_s: float = 1.0
    kinds: tuple[str, ...] = tuple(FAULTS)
    cuts: float = CUTS
    minutes: float = float("inf")
    """After this time, no turn and no fault is started."""


@dataclass
class Outcome:
    """The outcome of a run."""

    plan: Plan
    turns: int = 0
    unheard: int = 0
    reopened: int = 0
    frames: int = 0
    sentences: int = 0
    wall_s: float = 0.0
    stopped: str = ""
    """Why the run ended before all turns and faults; "" if it did not."""
    unchecked: bool = False
    """True if the run ended before all checks: then it proves nothing that there are no failures."""
    injected: list[InjectedFault] = field(default_factory=list[InjectedFault])
    failures: list[Failure] = field(default_factory=list[Failure])

    def lines(self) -> list[str]:
        """The lines of the report."""
        kinds, faults = Counter(failure.kind for failure in self.failures), len(self.injected)
        return [
            *table(self.injected, self.failures),
            "",
            f"{self.turns} turns, {faults} faults, {self.wall_s:.0f} s, seed {self.plan.seed}{self._less()}",
            f"{self.frames} events and frames checked, {self.sentences} sentences compared sample by sample",
            f"{self.unheard} utterances were cut off before they became a turn",
            f"{self.reopened} turns were reopened after the client got them",
            ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS),
        ]

    def _less(self) -> str:
        if not self.stopped:
            return ""
        return f"; {self.stopped} (asked for: {self.plan.turns} turns, {self.plan.faults} faults)"

    def as_json(self) -> str:
        """All data that are needed to examine the failures and to repeat the run."""
        return json.dumps(
            {
                "seed": self.plan.seed, "turns": self.plan.turns, "faults": self.plan.faults,
                "conversations": self.plan.conversations, "lease_s": self.plan.lease_s, "kinds": self.plan.kinds,
                "turns_over": self.turns, "wall_s": round(self.wall_s, 1), "stopped": self.stopped,
                "rows": [dict(zip(HEAD, row.cells(), strict=True)) for row in rows(self.injected, self.failures)],
                "struck": [[fault.name, round(fault.at, 3), len(fault.hit)] for fault in self.injected],
                "failures": [failure.as_json() for failure in self.failures],
            },
            indent=1,
        )  # fmt: skip


def run(plan: Plan, folder: Path, tell: Callable[[str], None] = lambda _: None) -> Outcome:
    """Start everything in `folder`, run the plan, stop everything. `tell` prints each fault and failure when it
    occurs.
    """
    return asyncio.run(_Rig(plan, folder, tell).run())


class _Rig:
    def __init__(self, plan: Plan, folder: Path, tell: Callable[[str], None]) -> None:
        self._plan = plan
        self._tell = tell
        self._folder = folder
        self._outcome = Outcome(plan)
        self._began = time.monotonic()
        self._users: list[User] = []
        self._dice = random.Random(plan.seed)
        self._budget = Budget(plan.turns, is_open=plan.faults > 0)

    async def run(self) -> Outcome:
        """Run the plan from start to end."""
        with self._stopped_by_signals(), contextlib.suppress(asyncio.CancelledError):
            await self._run()
        self._outcome.wall_s = time.monotonic() - self._began
        return self._outcome

    async def _run(self) -> None:
        async with Servers() as servers:
            stack = Stack(
                self._folder / "stack",
                workers={"gateway": 2, "stt": 1, "llm": 2, "tts": 2},
                fsync="always",
                env=environment(servers, self._plan),
            )
            await asyncio.to_thread(stack.__enter__)
            failure: BaseException | None = None
            try:
                await self._talk(Targets(stack, servers, self._users))
            except BaseException as error:
                failure = error
                raise
            finally:
                try:
                    await asyncio.to_thread(stack.__exit__, None if failure is None else type(failure), failure, None)
                except StackFailed as left:
                    if failure is None:
                        self._fail("wrong", f"at the end: {str(left).partition(chr(10) + '-- ')[0]}")
                self._read_logs(stack)

    def _stop(self, why: str) -> None:
        """Start no turn and no fault any more. Turns in progress are completed and checked."""
        if not self._budget.stopped:
            self._budget.stopped = True
            self._outcome.stopped = why
            self._say(f"{why}: finishing what has begun")

    @contextlib.contextmanager
    def _stopped_by_signals(self) -> Generator[None]:
        """End the run in order at the first SIGINT or SIGTERM, and at once at the next. The report is printed in both
        cases.
        """
        loop, running = asyncio.get_running_loop(), asyncio.current_task()
        assert running is not None

        def interrupted() -> None:
            if not self._budget.stopped:
                self._stop("interrupted")
            elif not running.cancelling():
                self._outcome.stopped, self._outcome.unchecked = "interrupted before all was checked", True
                running.cancel()

        is_main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
        for number in numbers:
            loop.add_signal_handler(number, interrupted)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    async def _progress(self, injector: FaultInjector) -> None:
        """Print the progress at intervals, and stop the run when its time is over."""
        while True:
            await asyncio.sleep(PROGRESS_S)
            plan, over = self._plan, self._budget.over
            load = f"load {os.getloadavg()[0]:.1f}"
            self._say(
                f"turns {over}/{plan.turns}, faults {len(injector.injected)}/{plan.faults}, "
                f"{len(self._budget.in_force)} in force, {len(self._outcome.failures)} failures, {load}"
            )
            if time.monotonic() - self._began > 60 * plan.minutes:
                self._stop(f"{plan.minutes:g} minutes are over")

    def _say(self, what: str) -> None:
        self._tell(f"{time.monotonic() - self._began:7.1f} s  {what}")

    async def _talk(self, targets: Targets) -> None:
        data_checker = DataChecker(
            targets.stack.redis.url, targets.stack.keys.ns, targets.stack.data_dir / "tertulia.db"
        )
        try:
            async with asyncio.TaskGroup() as connections:
                for number in range(self._plan.conversations):
                    self._users.append(self._user(number, targets.stack, data_checker))
                running = [connections.create_task(user.client.run()) for user in self._users]
                names = shuffled_faults(self._plan.kinds, self._plan.faults, self._dice)
                tell = self._say if len(names) <= FEW_FAULTS else _not_at_all
                injector = FaultInjector(targets, names, self._plan.seed, self._budget, tell=tell, complain=self._fail)
                self._outcome.injected = injector.injected
                async with asyncio.TaskGroup() as talks:
                    others = [
                        talks.create_task(each) for each in (injector.run(), injector.watch(), self._progress(injector))
                    ]
                    await asyncio.wait([talks.create_task(user.talk(self._budget)) for user in self._users])
                    for task in others:
                        task.cancel()
                for task in running:
                    task.cancel()
            await self._settle(targets, data_checker, injector)
        finally:
            self._count()
            await data_checker.close()

    def _user(self, number: int, stack: Stack, data_checker: DataChecker) -> User:
        dice = random.Random(f"{self._plan.seed}/{number}")
        checker: FrameChecker

        def report(kind: Kind, what: str, turn_id: str) -> None:
            self._fail(kind, what, checker.conversation_id, turn_id)

        checker = FrameChecker(report)
        client = Client(checker, lambda: stack.urls, dice)
        return User(number, client, data_checker, dice, speaks=number % 2 == 0, cuts=self._plan.cuts)

    def _fail(self, kind: Kind, what: str, conversation: str = "", turn_id: str = "") -> None:
        runs = [run for user in self._users for run in user.runs if turn_id and run.turn_id == turn_id]
        faults = tuple(dict.fromkeys(name for run in runs for name in run.faults))
        failure = Failure(kind, what, conversation, turn_id, faults, round(time.monotonic() - self._began, 1))
        self._outcome.failures.append(failure)
        self._tell(f"  {failure}")

    # -- the end of the run

    async def _complete(self, targets: Targets, injector: FaultInjector) -> None:
        """Wait until every process is ready. Report and replace processes that ended by themselves."""
        while True:
            try:
                await asyncio.to_thread(targets.stack.wait_ready)
            except StackFailed as failure:
                if not targets.stack.crashed():
                    self._fail("wrong", str(failure)[-1500:])
                injector.replace_crashed()
            except (RedisError, OSError):
                await asyncio.sleep(0.1)
            else:
                return

    async def _settle(self, targets: Targets, data_checker: DataChecker, injector: FaultInjector) -> None:
        """After the last turn: wait until no work is open, then check all of Redis."""
        self._say("all turns are over: looking at what is left")
        for name, value in (("maxmemory", 0), ("min-replicas-to-write", 0)):
            with contextlib.suppress(RedisError, OSError):
                await asyncio.to_thread(targets.redis.config_set, name, value)
        await self._complete(targets, injector)
        deadline = time.monotonic() + SETTLED_S
        while left := await data_checker.leftovers(MAX_ATTEMPTS):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        for what in left:
            self._fail("wrong", what)
        if not any(name.startswith("hostile") for name in (fault.name for fault in self._outcome.injected)):
            for letter in await data_checker.dead():
                self._fail("lost", f"a dead letter: {letter}")

    def _count(self) -> None:
        outcome = self._outcome
        for user in self._users:
            done = [turn for turn in user.checker.turns.values() if turn.checked]
            outcome.turns += len(done)
            outcome.unheard += user.unheard
            outcome.reopened += user.checker.reopened
            outcome.frames += len(user.client.arrivals)
            outcome.sentences += sum(
                len(user.checker.messages[message_id].pcm)
                for turn in done if not turn.interrupted for message_id in turn.messages
            )  # fmt: skip
            if user.checker.lost_talks and not any(fault.name in LOSES_TALKS for fault in outcome.injected):
                self._fail("lost", f"talk_lost came {user.checker.lost_talks} times", user.checker.conversation_id)

    def _read_logs(self, stack: Stack) -> None:
        seen: Counter[tuple[str, str]] = Counter()
        for name, log in stack.logs().items():
            for line in log.splitlines():
                if "Traceback (most recent call last)" in line and (error := _last_line(line)):
                    seen[name.partition("-")[0], error] += 1
        for (service, error), times in seen.items():
            if not EXPECTED_ERRORS.search(error):
                self._fail("wrong", f"{times} tracebacks in the {service} logs: {error}")


def environment(servers: Servers, plan: Plan) -> dict[str, str]:
    """The services' settings: the rig's model and speech servers, and limits so low that the faults exceed them."""
    return {
        "OPENROUTER_API_KEY": "rig",
        "TERTULIA_LLM_BASE_URL": servers.base_url,
        "TERTULIA_THINK_AHEAD": "on",
        "TERTULIA_LLM_STALL_S": "2",
        "TERTULIA_LLM_FIRST_TOKEN_S": "3",
        "TERTULIA_TTS_ENGINE": "openai",
        "TERTULIA_TTS_OPENAI_BASE_URL": servers.base_url,
        "TERTULIA_TTS_OPENAI_VOICES": "luna=luna,rex=rex,sage=sage",
        "TERTULIA_TTS_OPENAI_TIMEOUT_S": "3",
        "TERTULIA_TTS_OPENAI_REPEATABLE": "true",  # so a takeover must continue with the same sound
        "TERTULIA_LEASE_S": str(plan.lease_s),
        "TERTULIA_MAX_ATTEMPTS": str(MAX_ATTEMPTS),
    }


def _not_at_all(_line: str) -> None:
    pass


def _last_line(line: str) -> str:
    """The exception at the end of a traceback in one log line; "" if the line cannot be read."""
    with contextlib.suppress(ValueError):
        return str(json.loads(line).get("error", "")).strip().splitlines()[-1][:300]
    return line[-300:]

"""One run of the rig: users talk, faults fall at moments given by the seed, and every frame is checked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from redis.exceptions import RedisError

from tests.chaos.rig.client import Client
from tests.chaos.rig.failures import KINDS, Failure, Kind
from tests.chaos.rig.faults import FAULTS, LOSES_TALKS, Scene
from tests.chaos.rig.ledger import Ledger
from tests.chaos.rig.report import Struck, table
from tests.chaos.rig.servers import Servers
from tests.chaos.rig.truth import Truth
from tests.chaos.rig.user import CUTS, Budget, User
from tests.fakes.stack import Stack, StackFailed

MAX_ATTEMPTS = 10
SETTLED_S = 60.0
OVERLAPPING = 0.25
"""Share of faults during which the next one may already fall."""
EXPECTED_ERRORS = re.compile(r"(BusUnavailable|WritesPaused|StoreUnavailable|SynthesisFailed|RetryLater|ModelFailed)\b")
"""Exceptions that a fault of the rig explains, as the last line of a logged traceback names them."""


@dataclass(frozen=True)
class Plan:
    """What to run."""

    turns: int
    faults: int
    seed: int
    conversations: int = 4
    lease_s: float = 1.0
    kinds: tuple[str, ...] = tuple(FAULTS)
    cuts: float = CUTS


@dataclass
class Outcome:
    """What came of it."""

    plan: Plan
    turns: int = 0
    unheard: int = 0
    frames: int = 0
    sentences: int = 0
    wall_s: float = 0.0
    struck: list[Struck] = field(default_factory=list[Struck])
    failures: list[Failure] = field(default_factory=list[Failure])

    def lines(self) -> list[str]:
        """The report."""
        kinds = Counter(failure.kind for failure in self.failures)
        return [
            *table(self.struck, self.failures),
            f"{self.turns} turns, {len(self.struck)} faults, {self.wall_s:.0f} s, seed {self.plan.seed}",
            f"{self.frames} events and frames checked, {self.sentences} sentences compared sample by sample",
            f"{self.unheard} utterances were cut off before they became a turn",
            ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS),
        ]

    def as_json(self) -> str:
        """Everything needed to look at the failures and to run the same again."""
        return json.dumps(
            {
                "seed": self.plan.seed, "turns": self.plan.turns, "faults": self.plan.faults,
                "conversations": self.plan.conversations, "lease_s": self.plan.lease_s, "kinds": self.plan.kinds,
                "struck": [[fault.name, round(fault.at, 3), len(fault.hit)] for fault in self.struck],
                "failures": [failure.as_json() for failure in self.failures],
            },
            indent=1,
        )  # fmt: skip


def run(plan: Plan, folder: Path, tell: Callable[[str], None] = lambda _: None) -> Outcome:
    """Start everything in `folder`, run the plan, stop everything. `tell` hears of each fault and failure at once."""
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
                await self._talk(Scene(stack, servers, self._users))
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
        self._outcome.wall_s = time.monotonic() - self._began
        return self._outcome

    async def _talk(self, scene: Scene) -> None:
        truth = Truth(scene.stack.redis.url, scene.stack.keys.ns, scene.stack.data_dir / "tertulia.db")
        try:
            async with asyncio.TaskGroup() as connections:
                for number in range(self._plan.conversations):
                    self._users.append(self._user(number, scene.stack, truth))
                running = [connections.create_task(user.client.run()) for user in self._users]
                async with asyncio.TaskGroup() as talks:
                    striking = talks.create_task(self._strike(scene))
                    users = [talks.create_task(user.talk(self._budget)) for user in self._users]
                    await asyncio.wait(users)
                    striking.cancel()
                for task in running:
                    task.cancel()
            await self._settle(scene, truth)
        finally:
            await truth.close()
        self._count()

    def _user(self, number: int, stack: Stack, truth: Truth) -> User:
        dice = random.Random(f"{self._plan.seed}/{number}")
        ledger: Ledger

        def report(kind: Kind, what: str, turn_id: str) -> None:
            self._fail(kind, what, ledger.conversation_id, turn_id)

        ledger = Ledger(report)
        client = Client(ledger, lambda: stack.urls, dice)
        return User(number, client, truth, dice, speaks=number % 2 == 0, cuts=self._plan.cuts)

    def _fail(self, kind: Kind, what: str, conversation: str = "", turn_id: str = "") -> None:
        runs = [run for user in self._users for run in user.runs if turn_id and run.turn_id == turn_id]
        faults = tuple(dict.fromkeys(name for run in runs for name in run.faults))
        failure = Failure(kind, what, conversation, turn_id, faults, round(time.monotonic() - self._began, 1))
        self._outcome.failures.append(failure)
        self._tell(f"  {failure}")

    # -- faults

    async def _strike(self, scene: Scene) -> None:
        """Let the faults fall, spread evenly over the turns; each kind as often as the others."""
        names: list[str] = []
        while len(names) < self._plan.faults:
            names += self._dice.sample(self._plan.kinds, len(self._plan.kinds))
        async with asyncio.TaskGroup() as overlapping:
            for number, name in enumerate(names[: self._plan.faults]):
                await self._until_turns(number * self._plan.turns / self._plan.faults)
                await asyncio.sleep(self._dice.uniform(0, 1.5))
                await self._complete(scene)
                dice = random.Random(f"{self._plan.seed}/{number}/{name}")
                falling = overlapping.create_task(self._fall(scene, name, dice))
                if self._dice.random() >= OVERLAPPING or name in LOSES_TALKS:
                    await asyncio.wait([falling])
        self._budget.is_open = False

    async def _fall(self, scene: Scene, name: str, dice: random.Random) -> None:
        struck = Struck(name, time.monotonic())
        for user in self._users:
            if user.current is not None:
                struck.hit.append(user.current)
                user.current.faults.append(name)
        self._outcome.struck.append(struck)
        at_s = struck.at - self._began
        self._tell(f"{at_s:7.1f} s  {name}, {len(struck.hit)} turns in progress, {self._budget.over} over")
        # an overlapping fault may have Redis away: this one cannot fall then, or the restart has undone it
        with contextlib.suppress(RedisError, OSError):
            await FAULTS[name](scene, dice)
        struck.ended = time.monotonic()

    async def _until_turns(self, count: float) -> None:
        while self._budget.over < count:  # noqa: ASYNC110 - of seconds, in no hurry
            await asyncio.sleep(0.05)

    async def _complete(self, scene: Scene) -> None:
        """Wait until every process is up; report, and replace, what ended by itself."""
        while True:
            try:
                await asyncio.to_thread(scene.stack.wait_ready)
            except StackFailed as failure:
                self._fail("wrong", f"a process ended by itself: {str(failure)[-1500:]}")
                scene.stack.replace_fallen()
            except (RedisError, OSError):
                await asyncio.sleep(0.1)
            else:
                return

    # -- the end

    async def _settle(self, scene: Scene, truth: Truth) -> None:
        """Nobody talks any more: wait until no work is left, then look at what there is."""
        self._tell(f"{time.monotonic() - self._began:7.1f} s  all turns are over: looking at what is left")
        for name, value in (("maxmemory", 0), ("min-replicas-to-write", 0)):
            with contextlib.suppress(RedisError, OSError):
                await asyncio.to_thread(scene.redis.config_set, name, value)
        await self._complete(scene)
        deadline = time.monotonic() + SETTLED_S
        while left := await truth.leftovers(MAX_ATTEMPTS):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        for what in left:
            self._fail("wrong", what)
        if not any(name.startswith("hostile") for name in (fault.name for fault in self._outcome.struck)):
            for letter in await truth.dead():
                self._fail("lost", f"a dead letter: {letter}")

    def _count(self) -> None:
        outcome = self._outcome
        for user in self._users:
            done = [turn for turn in user.ledger.turns.values() if turn.checked]
            outcome.turns += len(done)
            outcome.unheard += user.unheard
            outcome.frames += len(user.client.arrivals)
            outcome.sentences += sum(
                len(user.ledger.messages[message_id].pcm)
                for turn in done if not turn.interrupted for message_id in turn.messages
            )  # fmt: skip
            if user.ledger.lost_talks and not any(fault.name in LOSES_TALKS for fault in outcome.struck):
                self._fail("lost", f"talk_lost came {user.ledger.lost_talks} times", user.ledger.conversation_id)

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
    """How the services are set: the rig's model and speech servers, and bounds short enough to be met."""
    return {
        "OPENROUTER_API_KEY": "rig",
        "TERTULIA_LLM_BASE_URL": servers.base_url,
        "TERTULIA_LLM_STALL_S": "2",
        "TERTULIA_LLM_FIRST_TOKEN_S": "3",
        "TERTULIA_TTS_ENGINE": "openai",
        "TERTULIA_TTS_OPENAI_BASE_URL": servers.base_url,
        "TERTULIA_TTS_OPENAI_VOICES": "luna=luna,rex=rex,sage=sage",
        "TERTULIA_TTS_OPENAI_TIMEOUT_S": "3",
        "TERTULIA_LEASE_S": str(plan.lease_s),
        "TERTULIA_MAX_ATTEMPTS": str(MAX_ATTEMPTS),
    }


def _last_line(line: str) -> str:
    """The exception at the end of a traceback in one log line; "" if the line cannot be read."""
    with contextlib.suppress(ValueError):
        return str(json.loads(line).get("error", "")).strip().splitlines()[-1][:300]
    return line[-300:]

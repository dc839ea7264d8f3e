"""Injects the faults of a plan. Several are active at the same time, but never two that affect the same resource."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence

from redis.exceptions import RedisError

from tests.chaos.rig.failures import Kind
from tests.chaos.rig.faults import ALONE, FAULTS, RARITY, RESTARTS, Targets, taken_away_by
from tests.chaos.rig.report import InjectedFault
from tests.chaos.rig.simulated_user import Budget
from tests.servers.redis_server import RedisDidNotStart

LONGEST_GAP_S = 2.0
"""The longest time between two faults, even if no turn ends in this time."""
SHORTEST_GAP_S = 0.2
WITHOUT_A_TURN = 4
"""After this many faults without the end of a turn, the next fault waits until a turn ends."""
MANY_STARTING = 4
"""While this many processes start, no fault restarts further ones: two cores would have no time for anything else."""
LOOK_S = 0.3
"""Interval of checking which processes are ready and which have ended."""
RECOVERY_S = {"model": 3.0, "speech": 3.0}
"""Minimum time between two outages of a server: a reply has few retries, and they must not be used up by two
outages.
"""
Tell = Callable[[str], None]
Complain = Callable[[Kind, str], None]


class FaultInjector:
    """Injects faults. `run()` returns when all faults are over. `injected` has all faults so far."""

    def __init__(
        self, targets: Targets, names: Sequence[str], seed: int, budget: Budget, *, tell: Tell, complain: Complain
    ) -> None:
        self.injected: list[InjectedFault] = []
        self._targets = targets
        self._waiting = list(names)
        self._faults = len(names)
        self._seed = seed
        self._budget = budget
        self._tell = tell
        self._complain = complain
        self._taken: set[str] = set()
        self._in_force: list[str] = budget.in_force
        self._dice = random.Random(f"{seed}/gaps")

    async def run(self) -> None:
        """Inject all faults."""
        async with asyncio.TaskGroup() as running:
            last, over, without = time.monotonic(), 0, 0
            while self._waiting and not self._budget.stopped:
                due = len(self.injected) * self._budget.turns / self._faults
                gap_s = self._dice.uniform(SHORTEST_GAP_S, LONGEST_GAP_S)
                soonest = last + LONGEST_GAP_S
                while time.monotonic() < soonest and self._budget.over < due:  # noqa: ASYNC110 - polls for seconds; the delay does not matter
                    await asyncio.sleep(0.05)
                await asyncio.sleep(max(0.0, last + gap_s - time.monotonic()))
                without = 0 if self._budget.over > over else without + 1
                over = self._budget.over
                while without >= WITHOUT_A_TURN and self._budget.over == over and not self._budget.stopped:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                name = await self._next()
                last = time.monotonic()
                number = len(self.injected)
                running.create_task(self._inject(self._started(name), random.Random(f"{self._seed}/{number}/{name}")))
        self._budget.is_open = False

    async def _next(self) -> str:
        """Wait until a fault may start. Returns the first such fault."""
        while True:
            waits: set[str] = set()
            for name in self._waiting:
                kind = "restart" if name in RESTARTS else name
                if kind not in waits and self._may_start(name):
                    self._waiting.remove(name)
                    return name
                if name in ALONE:
                    break  # the faults after it wait, too; otherwise it would never start
                waits.add(kind)
            await asyncio.sleep(0.05)

    def _may_start(self, name: str) -> bool:
        if name in ALONE:
            return not self._in_force and not self._taken
        if RESTARTS.get(name, 0) and self._targets.starting() + RESTARTS[name] > max(MANY_STARTING, RESTARTS[name]):
            return False
        return taken_away_by(name) not in self._taken and not ALONE & set(self._in_force)

    def _started(self, name: str) -> InjectedFault:
        injected = InjectedFault(name, time.monotonic())
        for user in self._targets.users:
            if user.current is not None:
                injected.hit.append(user.current)
                user.current.faults.append(name)
        self.injected.append(injected)
        self._in_force.append(name)
        self._budget.injected.append(name)
        self._taken.add(taken_away_by(name))
        self._tell(f"{name}, {len(injected.hit)} turns in progress, {self._budget.over} over")
        return injected

    async def _inject(self, injected: InjectedFault, dice: random.Random) -> None:
        name, taken = injected.name, taken_away_by(injected.name)
        try:
            # a fault at the same time may have stopped Redis; then this fault is impossible, or the restart has undone
            # it
            with contextlib.suppress(RedisError, OSError):
                await FAULTS[name](self._targets, dice)
            injected.ended = time.monotonic()
            await asyncio.sleep(RECOVERY_S.get(taken, 0.0))
        except RedisDidNotStart as error:
            self._complain("wrong", f"Redis does not start again after {name}: {error}")
            raise
        finally:
            self._in_force.remove(name)
            self._taken.discard(taken)

    async def watch(self) -> None:
        """Keep `targets.working` up to date. Report and replace processes that have ended. Runs until cancelled."""
        targets = self._targets
        while True:
            with contextlib.suppress(RedisError, OSError):
                targets.working |= await asyncio.to_thread(targets.stack.working, frozenset(targets.working))
            self.replace_crashed()
            await asyncio.sleep(LOOK_S)

    def replace_crashed(self) -> None:
        """Start a new process for each process that ended by itself. Report it, unless it is allowed to end."""
        for process in self._targets.stack.crashed():
            if may_have_ended(process.service, process.tail(), process.began, self.injected):
                process.may_fail = True
            else:
                self._complain("wrong", f"a process ended by itself: {process.tail()[-1500:]}")
        self._targets.stack.replace_crashed()


def may_have_ended(service: str, log: str, began: float, injected: Sequence[InjectedFault]) -> bool:
    """True if a process may end by itself. Only tts may, at its start, while the speech server has a fault.

    Args:
        service: the service of the process.
        log: the end of the process's log.
        began: when the process was started (monotonic seconds).
        injected: the faults so far.
    """
    in_trouble = any(
        taken_away_by(fault.name) == "speech" and (not fault.ended or fault.ended > began) for fault in injected
    )
    return service == "tts" and in_trouble and "cannot start: the speech server" in log


def shuffled_faults(kinds: Sequence[str], count: int, dice: random.Random) -> list[str]:
    """The faults of a run in random order: first each kind once, then each kind as often as its frequency says."""
    names = dice.sample(kinds, len(kinds))
    while len(names) < count:
        cards = [name for name in kinds for _ in range(RARITY.get(name, 4))]
        names += dice.sample(cards, len(cards))
    return names[:count]

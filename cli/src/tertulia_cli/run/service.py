"""One process kept alive: started, its output written down, started again when it dies, stopped when asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tertulia_cli.run import die_with_parent
from tertulia_cli.run.logfile import LogFile
from tertulia_cli.run.logpipe import LogPipe
from tertulia_cli.run.restarts import GiveUp, Restart, Restarts

LEASH: Final = str(Path(die_with_parent.__file__))


@dataclass(frozen=True, slots=True)
class Spec:
    """What to run. `grace_s`: how long it may take to stop before it is killed. `keep_fds`: given to the process."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    grace_s: float
    keep_fds: Sequence[int] = field(default=())


@dataclass(frozen=True, slots=True)
class Lost:
    """A service that will not be started again, and what it said last."""

    name: str
    verdict: GiveUp
    explanation: str
    log: Path


class Service:
    """See the module's docstring. `on_restart` is told of each death that is followed by a new start."""

    def __init__(
        self, spec: Spec, log: LogFile, on_restart: Callable[[str, Restart], None], restarts: Restarts | None = None
    ) -> None:
        self.spec = spec
        self.pid = 0
        """Of the process that runs; 0 while there is none."""
        self.ready = False
        self._log = log
        self._on_restart = on_restart
        self._restarts = restarts or Restarts()
        self._stopping = asyncio.Event()
        self._killing = asyncio.Event()

    @property
    def name(self) -> str:
        """The spec's."""
        return self.spec.name

    def came_up(self) -> None:
        """It has been seen to work."""
        self.ready = True
        self._restarts.ready()

    def stop(self) -> None:
        """Ask it to end; `run` returns when it has."""
        self._stopping.set()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it now."""
        self._stopping.set()
        self._killing.set()
        self._signal(signal.SIGKILL)

    async def run(self) -> Lost | None:
        """Keep it alive until it is stopped (None) or given up."""
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            begun = clock()
            code = await self._live()
            if self._stopping.is_set():
                return None
            match self._restarts.ended(code, clock() - begun):
                case GiveUp() as verdict:
                    return Lost(self.name, verdict, self._log.explanation(), self._log.path)
                case Restart(after_s) as restart:
                    self._on_restart(self.name, restart)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._stopping.wait(), after_s)
        return None

    async def _live(self) -> int:
        self._log.forget()
        output = LogPipe(self._log.write)
        try:
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-S", LEASH, str(os.getpid()), *self.spec.command,
                    env=self.spec.environment, stdin=asyncio.subprocess.DEVNULL,
                    stdout=output.write_end, stderr=output.write_end, pass_fds=tuple(self.spec.keep_fds),
                    start_new_session=True,  # the terminal's Ctrl-C is ours alone; and its own children can be found
                )  # fmt: skip
            finally:
                output.hand_over()
            self.pid = process.pid
            try:
                if self._stopping.is_set():  # asked while it was being started
                    self._signal(signal.SIGTERM)
                return await self._end_of(process)
            finally:
                self._signal(signal.SIGKILL)  # whatever it has left behind, and itself if we are cancelled
                self.pid = 0
                self.ready = False
        finally:
            output.close()

    async def _end_of(self, process: asyncio.subprocess.Process) -> int:
        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(process.wait())
            stopping = tasks.create_task(self._stopping.wait())
            await asyncio.wait([ending, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not ending.done():
                patience = tasks.create_task(self._killing.wait())
                await asyncio.wait([ending, patience], timeout=self.spec.grace_s, return_when=asyncio.FIRST_COMPLETED)
                patience.cancel()
                if not ending.done():
                    self._signal(signal.SIGKILL)
            return await ending

    def _signal(self, number: signal.Signals) -> None:
        if self.pid:  # the process leads a group of its own; it may be gone, and so may all of it
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

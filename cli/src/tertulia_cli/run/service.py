"""Runs one service process: starts it, logs its output, restarts it when it dies, stops it on request."""

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

WRAPPER: Final = str(Path(die_with_parent.__file__))


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process to run. It is killed if it takes longer than `grace_s` to stop; it inherits the `keep_fds`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    grace_s: float
    keep_fds: Sequence[int] = field(default=())


@dataclass(frozen=True, slots=True)
class ServiceFailure:
    """A service that was given up, with its last log lines."""

    name: str
    verdict: GiveUp
    explanation: str
    log: Path


class Service:
    """One supervised process. `on_restart` is called after each death that is followed by a restart."""

    def __init__(
        self,
        spec: ProcessSpec,
        log: LogFile,
        on_restart: Callable[[str, Restart], None],
        restarts: Restarts | None = None,
    ) -> None:
        self.spec = spec
        self.pid = 0
        """The pid of the running process; 0 if no process runs."""
        self.ready = False
        self._log = log
        self._on_restart = on_restart
        self._restarts = restarts or Restarts()
        self._stopping = asyncio.Event()
        self._killing = asyncio.Event()

    @property
    def name(self) -> str:
        """The service's name."""
        return self.spec.name

    def came_up(self) -> None:
        """Mark the service as ready."""
        self.ready = True
        self._restarts.ready()

    def stop(self) -> None:
        """Send SIGTERM; `run` returns when the process has ended."""
        self._stopping.set()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._stopping.set()
        self._killing.set()
        self._signal(signal.SIGKILL)

    async def run(self) -> ServiceFailure | None:
        """Keep the process running. Returns None after `stop`, or the failure if the service is given up."""
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            begun = clock()
            code = await self._live()
            if self._stopping.is_set():
                return None
            match self._restarts.ended(code, clock() - begun):
                case GiveUp() as verdict:
                    return ServiceFailure(self.name, verdict, self._log.explanation(), self._log.path)
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
                    sys.executable, "-S", WRAPPER, str(os.getpid()), *self.spec.command,
                    env=self.spec.environment, stdin=asyncio.subprocess.DEVNULL,
                    stdout=output.write_end, stderr=output.write_end, pass_fds=tuple(self.spec.keep_fds),
                    start_new_session=True,  # Ctrl-C then reaches only us, and `killpg` reaches the process' children
                )  # fmt: skip
            finally:
                output.hand_over()
            self.pid = process.pid
            try:
                if self._stopping.is_set():  # a stop was requested during the start
                    self._signal(signal.SIGTERM)
                return await self._end_of(process)
            finally:
                self._signal(signal.SIGKILL)  # kill remaining children, and the process itself if we are cancelled
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
        if self.pid:  # the process leads its own group, which may have ended
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

"""`Service`, the supervisor of one process, with small real processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tertulia_cli.run.logfile import LogFile
from tertulia_cli.run.restarts import Restart, RestartPolicy, Restarts
from tertulia_cli.run.service import ProcessSpec, Service, ServiceFailure
from tests.harness.eventually import eventually

WAIT = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT}"


class SupervisedService:
    """A service, with its log and the number of its restarts."""

    def __init__(self, folder: Path, command: Sequence[str], grace_s: float, patience: RestartPolicy | None) -> None:
        self.lines: list[str] = []
        self.restarts: list[Restart] = []
        self.log = LogFile(folder / "thing.log", self.lines.append)
        self.service = Service(
            ProcessSpec("thing", command, dict(os.environ), grace_s),
            self.log,
            lambda _, restart: self.restarts.append(restart),
            Restarts(patience),
        )

    async def says(self, line: str, times: int = 1) -> None:
        await eventually(lambda: self.lines.count(line) >= times, f"{line!r} {times} time(s) in {self.lines}")


@asynccontextmanager
async def kept(
    folder: Path, script: str, *, grace_s: float = 20.0, patience: RestartPolicy | None = None
) -> AsyncGenerator[tuple[SupervisedService, asyncio.Task[ServiceFailure | None]]]:
    """A running service. It is stopped at the end of the `with` block."""
    made = SupervisedService(folder, [sys.executable, "-c", script], grace_s, patience)
    with made.log:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(made.service.run())
            try:
                yield made, running
            finally:
                made.service.kill()


def lives(pid: int) -> bool:
    """True if the process runs. A zombie does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_supervised_service_runs_until_it_is_stopped(tmp_path: Path) -> None:
    async with kept(tmp_path, WAIT) as (thing, running):
        await thing.says("up")
        pid = thing.service.pid
        thing.service.stop()
        assert await running is None
        assert not lives(pid)
        assert not thing.restarts


async def test_killed_service_process_is_restarted(tmp_path: Path) -> None:
    async with kept(tmp_path, WAIT) as (thing, running):
        await thing.says("up")
        thing.service.came_up()
        os.kill(thing.service.pid, signal.SIGKILL)
        await thing.says("up", times=2)
        assert [each.why for each in thing.restarts] == ["was killed by SIGKILL"]
        assert not thing.service.ready
        thing.service.stop()
        assert await running is None


async def test_service_that_refuses_to_start_is_not_restarted_and_its_output_is_kept(tmp_path: Path) -> None:
    script = "import sys; print('{\"message\": \"trying\"}'); sys.exit('thing cannot start: no voice')"
    async with kept(tmp_path, script) as (thing, running):
        lost = await running
        assert lost is not None
        assert lost.verdict.refused
        assert lost.explanation == "thing cannot start: no voice"
        assert not thing.restarts


async def test_service_that_dies_repeatedly_is_no_longer_restarted(tmp_path: Path) -> None:
    patience = RestartPolicy(quick_deaths=3, first_s=0.01)
    async with kept(tmp_path, "raise SystemExit(7)", patience=patience) as (thing, running):
        lost = await running
        assert lost is not None
        assert "exited with code 7, 3 times in a row" in lost.verdict.why
        assert len(thing.restarts) == 2


async def test_service_that_ignores_sigterm_is_killed_after_its_grace_period(tmp_path: Path) -> None:
    async with kept(tmp_path, STUBBORN, grace_s=0.2) as (thing, running):
        await thing.says("up")
        pid = thing.service.pid
        thing.service.stop()
        assert await running is None
        assert not lives(pid)


async def test_kill_ends_a_service_immediately_while_it_stops(tmp_path: Path) -> None:
    async with kept(tmp_path, STUBBORN, grace_s=3600) as (thing, running):
        await thing.says("up")
        thing.service.stop()
        thing.service.kill()
        assert await running is None


async def test_child_processes_of_a_service_are_killed_together_with_it(tmp_path: Path) -> None:
    script = (
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {WAIT!r}]).pid, flush=True); {WAIT}"
    )
    async with kept(tmp_path, script) as (thing, running):
        await thing.says("up", times=2)
        grandchild = next(int(line) for line in thing.lines if line.isdecimal())
        os.kill(thing.service.pid, signal.SIGKILL)  # the supervisor was killed, so it cannot clean up
        await thing.says("up", times=4)
        await eventually(lambda: not lives(grandchild), "the grandchild's end")
        thing.service.stop()
        assert await running is None


async def test_very_long_output_line_is_split_and_the_last_output_is_kept(tmp_path: Path) -> None:
    script = "import sys; sys.stdout.write('x' * 200_000 + '\\nlast words'); sys.stdout.flush(); raise SystemExit(1)"
    async with kept(tmp_path, script) as (thing, running):
        lost = await running
        assert lost is not None
        assert thing.lines[-1] == "last words"
        assert sum(map(len, thing.lines[:-1])) == 200_000
        assert max(map(len, thing.lines)) < 200_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
async def test_service_ends_if_its_supervisor_is_killed(tmp_path: Path) -> None:
    supervisor = f"""
import asyncio, os, sys
from pathlib import Path
from tertulia_cli.run.logfile import LogFile
from tertulia_cli.run.service import Service, ProcessSpec
log = LogFile(Path({str(tmp_path)!r}) / "thing.log", lambda line: print(service.pid, line, flush=True))
service = Service(ProcessSpec("thing", [sys.executable, "-c", {WAIT!r}], dict(os.environ), 20.0), log, print)
asyncio.run(service.run())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", supervisor, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        pid, word = (await process.stdout.readline()).split()
        assert word == b"up"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    await eventually(lambda: not lives(int(pid)), "the service's end")

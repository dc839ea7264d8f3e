from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest

from tertulia_shared import peers
from tertulia_shared.bus import Claim
from tertulia_shared.entries import Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.peers import Peers, has_ended
from tertulia_shared.settings import CommonSettings
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.worker import Worker
from tertulia_shared.worker_names import LocalProcess, local_process, name_of, reads, started_at, worker_name
from tests.harness.eventually import eventually
from tests.harness.settings_of import settings_of
from tests.unit.shared.worker_bench import ScriptedHandler, nothing

pytestmark = pytest.mark.slow

SLEEPER = "import time; time.sleep(600)"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Another process on this machine."""
    with subprocess.Popen([sys.executable, "-c", SLEEPER]) as running:
        yield running
        running.kill()


def no_pidfd(_pid: int) -> int:
    """The result on a system without pidfds."""
    return -1


def name_for(pid: int) -> str:
    """The name of a worker in that process."""
    return re.sub(rf"-{os.getpid()}-(.*)\.\d+$", rf"-{pid}-\1.{started_at(pid)}", worker_name())


def test_worker_name_identifies_the_process_on_the_same_machine() -> None:
    mine = LocalProcess(os.getpid(), started_at(os.getpid()) or 0)
    assert local_process(worker_name()) == mine
    assert local_process(f"tts:{worker_name()}:espeak") == mine
    assert name_of(f"tts:{(name := worker_name())}:espeak") == name


@pytest.mark.parametrize(
    "name",
    [
        "laptop-4242-a1b2c3.v1",
        "laptop-4242-a1b2c3",
        "nobody",
        "",
        "laptop-4242-a1b2c3.v1.0000000000.77",
        "a-1-b.v1.x.y",
    ],
)
def test_worker_name_of_another_machine_or_older_release_identifies_no_process(name: str) -> None:
    assert local_process(name) is None


def test_worker_name_has_schema_and_pid_where_older_releases_expect_them() -> None:
    name = worker_name()
    assert reads([f"tts:{name}:espeak"], "tts", 1)
    assert not reads([f"tts:{name}:espeak"], "tts", 999)
    assert int(name.split("-")[-2]) == os.getpid()


def test_process_counts_as_ended_when_it_is_killed_or_its_pid_is_reused(process: subprocess.Popen[bytes]) -> None:
    running = LocalProcess(process.pid, started_at(process.pid) or 0)
    assert not has_ended(running)
    assert has_ended(LocalProcess(process.pid, running.started - 1))
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie: its parent has not reaped it yet
    assert has_ended(running)
    process.wait()
    assert has_ended(running)


@pytest.mark.parametrize("with_pidfd", [True, False])
async def test_death_of_a_watched_peer_is_reported(
    process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    with_pidfd: bool,  # noqa: FBT001 - a parameter
) -> None:
    if not with_pidfd:
        monkeypatch.setattr(peers, "_pidfd", no_pidfd)
    dead: list[str] = []
    name = name_for(process.pid)
    watching = Peers(worker_name(), dead.append)
    watching.watch([name, worker_name(), "laptop-1-a1b2c3.v1"])
    assert dead == []
    process.send_signal(signal.SIGKILL)
    await eventually(lambda: dead, "the death is reported")
    watching.watch([name])
    assert dead == [name], "it was reported"
    watching.watch([name], holding=[name])
    assert dead == [name, name], "there is work of it again"
    watching.close()


async def test_death_of_a_peer_is_not_reported_after_the_watch_was_closed(process: subprocess.Popen[bytes]) -> None:
    dead: list[str] = []
    watching = Peers(worker_name(), dead.append)
    watching.watch([name_for(process.pid)])
    watching.close()
    process.kill()
    process.wait()
    watching.watch(["laptop-1-a1b2c3.v1"])
    assert dead == []
    watching.close()


@pytest.mark.parametrize("dies", ["before the worker starts", "while the worker waits for work"])
async def test_work_of_a_dead_peer_is_taken_over_without_waiting_for_its_lease(
    process: subprocess.Popen[bytes], dies: str
) -> None:
    bus, handler = MemoryBus(Keys("test")), ScriptedHandler(nothing)
    await bus.prepare("tts")
    await bus.post("tts", Work(new_id(), message_id=new_id()))
    peer = name_for(process.pid)
    (given,) = await bus.claim("tts", peer, count=1, block_s=0)
    if dies.startswith("before"):
        process.kill()
        process.wait()
    worker = Worker(bus, "tts", handler, settings_of(CommonSettings, lease_s=60), engine="scripted", concurrency=2)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    if not dies.startswith("before"):
        await eventually(lambda: peer in worker._peers._watched, "the peer is watched")
        process.kill()
    await eventually(lambda: handler.ended, "the work is done")
    assert [(claim.id, claim.attempt) for claim in handler.begun] == [(given.id, 2)]
    stop.set()
    await running


async def test_end_of_a_peer_without_work_does_not_interrupt_the_wait_for_work(
    process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bus, handler = MemoryBus(Keys("test")), ScriptedHandler(nothing)
    claims: list[float] = []
    claim = bus.claim

    async def counted(stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
        claims.append(block_s)
        return await claim(stage, worker, count=count, block_s=block_s)

    monkeypatch.setattr(bus, "claim", counted)
    worker = Worker(bus, "tts", handler, settings_of(CommonSettings, lease_s=60), engine="scripted", concurrency=2)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await bus.beat(f"tts:{name_for(process.pid)}:scripted")
    await eventually(lambda: worker._peers._watched, "the peer is watched")
    before = len(claims)
    process.kill()
    await eventually(lambda: not worker._peers._watched, "its end is seen")
    await bus.post("tts", Work(new_id(), message_id=new_id()))
    await eventually(lambda: handler.ended, "the work is done")
    assert [each.attempt for each in handler.begun] == [1]
    assert len(claims) <= before + 1, "the claim that waited got the work"
    assert "died" not in caplog.text
    stop.set()
    await running

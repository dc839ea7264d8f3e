"""A service's process as a whole: signals, exit status, and its message if it cannot start."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import urllib.error
import urllib.request
from asyncio.subprocess import PIPE, Process

import pytest

from tests.servers.redis_server import free_port

pytestmark = pytest.mark.slow

SERVICE = """
import sys
from tertulia_shared.process import CannotStart, run
from tertulia_shared.settings import CommonSettings

async def serve(bus, stop):
    if "fail" in sys.argv:
        raise CannotStart("the model is missing: fetch it")
    print("serving", flush=True)
    await stop.wait()

run("test", CommonSettings(_env_file=None, redis_url=sys.argv[1]), serve)
"""
UNASSIGNED = "redis://127.0.0.1:1/0"


async def start(*args: str) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", SERVICE, *args, stdout=PIPE, stderr=PIPE)


async def line(stream: asyncio.StreamReader | None, holding: str) -> str:
    """Wait for the first line that contains these words."""
    assert stream is not None
    while text := (await stream.readline()).decode():
        if holding in text:
            return text
    raise AssertionError(f"it ended without {holding!r}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_service_exits_0_after_a_stop_signal(redis_url: str, number: signal.Signals) -> None:
    process = await start(redis_url)
    await line(process.stdout, "serving")
    process.send_signal(number)
    assert await process.wait() == 0
    assert process.stderr is not None
    assert '"message":"stopped"' in (await process.stderr.read()).decode()


async def test_service_that_cannot_start_prints_one_sentence_and_exits_1(redis_url: str) -> None:
    process = await start(redis_url, "fail")
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode() == "tertulia-test cannot start: the model is missing: fetch it\n"


async def test_stop_signal_ends_the_wait_for_redis() -> None:
    process = await start(UNASSIGNED)
    await line(process.stderr, "waiting for Redis")
    process.terminate()
    assert await process.wait() == 0


def healthz(port: int) -> str:
    """The body of `/healthz`; "" while the port is closed."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as response:
            return response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code} {error.read().decode()}"
    except urllib.error.URLError:
        return ""


async def test_healthz_reports_that_redis_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("TERTULIA_METRICS_PORT", str(port))
    process = await start(UNASSIGNED)
    await line(process.stderr, "waiting for Redis")
    assert await asyncio.to_thread(healthz, port) == "503 not ready: Redis has not answered yet\n"
    process.terminate()
    assert await process.wait() == 0


async def test_healthz_reports_that_the_service_has_not_started(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("TERTULIA_METRICS_PORT", str(port))
    process = await start(redis_url)
    await line(process.stdout, "serving")
    said = await asyncio.to_thread(healthz, port)
    assert said == "503 not ready: it has not begun its work yet (an engine may be loading)\n"
    process.terminate()
    assert await process.wait() == 0


async def test_service_does_not_start_if_its_metrics_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("TERTULIA_METRICS_PORT", str(port))
        process = await start(UNASSIGNED)
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode() == (
        f"tertulia-test cannot start: the metrics port {port} is taken: set TERTULIA_METRICS_PORT to a free one, "
        "or to 0 for none\n"
    )

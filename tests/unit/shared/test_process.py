"""A service's process as a whole: its signals, its exit status, and what it says when it cannot start."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process

import pytest

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
NOBODY = "redis://127.0.0.1:1/0"


async def start(*args: str) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", SERVICE, *args, stdout=PIPE, stderr=PIPE)


async def line(stream: asyncio.StreamReader | None, holding: str) -> str:
    """The first line with these words."""
    assert stream is not None
    while text := (await stream.readline()).decode():
        if holding in text:
            return text
    raise AssertionError(f"it ended without {holding!r}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_told_to_stop_and_exits_0(redis_url: str, number: signal.Signals) -> None:
    process = await start(redis_url)
    await line(process.stdout, "serving")
    process.send_signal(number)
    assert await process.wait() == 0
    assert process.stderr is not None
    assert '"message":"stopped"' in (await process.stderr.read()).decode()


async def test_what_cannot_start_says_why_in_one_sentence_and_exits_1(redis_url: str) -> None:
    process = await start(redis_url, "fail")
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode() == "tertulia-test cannot start: the model is missing: fetch it\n"


async def test_told_to_stop_while_it_waits_for_redis_it_stops() -> None:
    process = await start(NOBODY)
    await line(process.stderr, "waiting for Redis")
    process.terminate()
    assert await process.wait() == 0

"""The Python example clients, run as separate processes, as a user runs them."""

from __future__ import annotations

import asyncio
import sys
import wave
from pathlib import Path

import pytest

from tests.harness.eventually import PATIENCE_S
from tests.harness.spoken_reply import newest_conversation, replies_of
from tests.harness.stack import Stack
from tests.servers.breaking_proxy import BreakingProxy

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.timeout(120)
async def test_python_example_saves_every_sample_once_although_its_connection_was_lost(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "reply.wav"
    line = BreakingProxy("127.0.0.1", stack.of("gateway")[0].port)
    async with line.listening() as address:
        url = address.replace("http://", "ws://") + "/ws"
        client = await asyncio.create_subprocess_exec(
            sys.executable, EXAMPLES / "client.py", "Luna and Rex, tell me a story.", file, url,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert client.stdout is not None
        assert client.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            shown = await client.stdout.readuntil(b"Luna: ")
            line.cut()
            shown += await client.stdout.read()
            complaints = await client.stderr.read()
            assert await client.wait() == 0, complaints.decode()
    assert b"The connection is lost" in complaints

    await assert_shown_and_saved(stack, shown, file)


@pytest.mark.timeout(120)
async def test_minimal_python_example_prints_the_replies_and_saves_their_sound(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "reply.wav"
    client = await asyncio.create_subprocess_exec(
        sys.executable, EXAMPLES / "minimal_client.py", "Luna and Rex, how are you?", file, stack.urls[0],
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE_S):
        shown, _ = await client.communicate()
    assert client.returncode == 0
    await assert_shown_and_saved(stack, shown, file)


async def assert_shown_and_saved(stack: Stack, shown: bytes, file: Path) -> None:
    replies = await replies_of(stack, newest_conversation(stack))
    assert [(reply.name, reply.whole) for reply in replies] == [("Luna", True), ("Rex", True)]
    for reply in replies:
        assert f"\n{reply.name}: {reply.text}" in shown.decode()
    with wave.open(str(file)) as saved:
        assert (saved.getframerate(), saved.getnchannels(), saved.getsampwidth()) == (24_000, 1, 2)
        assert saved.readframes(saved.getnframes()) == b"".join(reply.pcm for reply in replies)

"""At every log level, the logs contain no speech, no text of messages and no keys."""

from __future__ import annotations

import asyncio
import signal
from itertools import pairwise

import pytest

from tertulia_shared.ids import new_id
from tests.harness.client import talk
from tests.harness.stack import Stack

TOKEN = "a-token-that-no-log-may-hold-0123456789"  # noqa: S105 - made up for these tests
CODEWORDS = "swordfish, wolverine and periwinkle"


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
async def test_logs_contain_neither_speech_nor_the_token(stack: Stack, level: str) -> None:
    gateway = stack.start("gateway", TERTULIA_TOKEN=TOKEN, TERTULIA_LOG_LEVEL=level)
    await asyncio.to_thread(stack.wait_ready)
    async with talk(f"ws://127.0.0.1:{gateway.port}/ws?token={TOKEN}") as client:
        turn_id = new_id()
        await client.hears(f"Luna, do you know {CODEWORDS}?", turn_id)
        (answer,) = client.record.of_turn(turn_id)
        said = {*CODEWORDS.split(), TOKEN, *(f"{a} {b}" for a, b in _pairs(answer.text))}
    gateway.send(signal.SIGTERM)
    assert await asyncio.to_thread(gateway.wait) == 0
    logs = stack.logs()
    assert '"message":"stopped"' in logs[gateway.name]
    said.discard("and")
    assert {(name, text) for name, log in logs.items() for text in said if text in log} == set()


def _pairs(text: str) -> list[tuple[str, str]]:
    """All pairs of consecutive words that are so long that they are not in a log by chance."""
    words = text.split()
    return [(a, b) for a, b in pairwise(words) if len(a) + len(b) > 8]

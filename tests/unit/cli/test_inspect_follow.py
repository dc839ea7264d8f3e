"""`tertulia inspect --follow`: which entries it reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from tertulia_cli.inspect import following as following_module
from tertulia_cli.inspect.following import Following
from tertulia_cli.inspect.lines import Line
from tertulia_shared.bus import Bus, Follow
from tertulia_shared.clock import wall_ms
from tertulia_shared.events import (
    TurnComplete,
)
from tertulia_shared.keys import Key
from tests.harness.sample_snapshot import (
    M1,
    M2,
    T2,
    C,
)  # fmt: skip
from tests.unit.cli.followed_streams import say


class Lines:
    """Collects the reported lines."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.warnings: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, line: Line) -> None:
        self.lines.append(line)
        self._more.set()

    async def until_count(self, stream: str, count: int) -> None:
        while sum(line.stream == stream for line in self.lines) < count:
            self._more.clear()
            await self._more.wait()

    async def until(self, stream: str, what: str) -> None:
        while not any(line.stream == stream and what in line.what for line in self.lines):
            self._more.clear()
            await self._more.wait()


@asynccontextmanager
async def following(bus: Bus, conversation_id: str) -> AsyncGenerator[Lines]:
    """Follows streams while the block runs."""
    lines, ready = Lines(), asyncio.Event()
    task = asyncio.create_task(Following(bus, conversation_id, lines, lines.warnings.append).run(ready.set))
    await ready.wait()
    try:
        yield lines
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_follow_reports_entries_of_new_streams(bus: Bus) -> None:
    async with following(bus, "") as lines:
        await say(bus, C, M1, "Hello")
        await lines.until("audio", "no more sound")
        await lines.until("sentences", "no more sentences")
        await lines.until("events", "turn_complete")
        await lines.until("turns", "Hello")
    assert {line.conversation_id for line in lines.lines} == {C}
    assert sum(line.stream == "audio" for line in lines.lines) == 2


async def test_follow_does_not_report_existing_entries(bus: Bus) -> None:
    await say(bus, C, M1, "before")
    async with following(bus, C) as lines:
        await say(bus, C, M2, "after")
        await lines.until("audio", "no more sound")
        await lines.until("turns", "after")
        await lines.until("events", "turn_complete")
    assert not [line for line in lines.lines if "before" in line.what or line.message_id == M1]


async def test_follow_of_one_conversation_ignores_others(bus: Bus) -> None:
    await say(bus, C, M1, "before")
    async with following(bus, C) as lines:
        await say(bus, T2, M2, "elsewhere")
        outlet = bus.outlet()
        outlet.append(bus.keys.events(C), TurnComplete("the end"))
        await outlet.flush()
        await lines.until("events", "turn_complete")
    assert {line.conversation_id for line in lines.lines} == {C}


@pytest.fixture
def follows(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the keys that are being followed."""
    held: list[str] = []
    follow = type(bus).follow

    def counted(self: Any, key: Key, *of: Any, **more: Any) -> Follow:
        made = follow(self, key, *of, **more)
        held.append(key.name)
        close = made.close

        def closed() -> None:
            held.remove(key.name)
            close()

        return cast("Follow", SimpleNamespace(read=made.read, close=closed))

    monkeypatch.setattr(type(bus), "follow", counted)
    return held


async def test_follow_pauses_the_longest_silent_conversation_above_its_limit(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, follows: list[str]
) -> None:
    monkeypatch.setattr(following_module, "MAX_CONVERSATIONS", 2)
    ids = [str(UUID(int=0xC0 + number)) for number in range(3)]
    messages = [str(UUID(int=0xA0 + number)) for number in range(6)]
    for id, message_id in zip(ids[:2], messages, strict=False):
        await say(bus, id, message_id, "before")
    async with following(bus, "") as lines:
        assert lines.warnings == []
        for number, id in ((2, ids[2]), (3, ids[0]), (4, ids[0]), (5, ids[1])):
            await say(bus, id, messages[number], f"text {number}")
            for stream, what in (("audio", "no more sound"), ("events", "turn_complete"), ("turns", "text")):
                await lines.until(stream, what)
            await lines.until("sentences", f"text {number}")
            await lines.until_count("turns", number - 1)
            await lines.until_count("events", 4 * (number - 1))
            await lines.until_count("audio", 2 * (number - 1))
            await lines.until_count("sentences", 2 * (number - 1))
        assert sum("}:events" in name for name in follows) == 2
        assert not [name for name in follows if ids[2] in name]
    assert follows == []
    turns = [(line.conversation_id, line.what) for line in lines.lines if line.stream == "turns"]
    assert turns == [
        (ids[2], "typed “text 2”"),
        *((ids[0], f"typed “text {n}”") for n in (3, 4)),
        (ids[1], "typed “text 5”"),
    ]
    (warning,) = lines.warnings
    assert warning.startswith("more than 2 conversations: the longest silent ones are skipped")


async def test_conversation_paused_at_the_start_is_followed_from_the_start_time(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following_module, "MAX_CONVERSATIONS", 1)
    monkeypatch.setattr(following_module, "POLL_WHEN_FULL_S", 0.01)
    await say(bus, C, M1, "before")
    written = wall_ms()
    while wall_ms() == written:  # noqa: ASYNC110 - a clock has no event; ids of one ms are not ordered
        await asyncio.sleep(0)
    await say(bus, T2, M2, "before, too")
    third = str(UUID(int=0xA0))
    async with following(bus, "") as lines:
        assert len(lines.warnings) == 1
        await say(bus, C, third, "after", posted=False)
        await lines.until("turns", "after")
        await lines.until("audio", "no more sound")
        await lines.until("events", "turn_complete")
    assert {line.conversation_id for line in lines.lines} == {C}
    assert not [line for line in lines.lines if "before" in line.what or line.message_id == M1]

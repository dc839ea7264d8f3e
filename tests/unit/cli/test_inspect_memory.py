"""Redis' memory use, as one line and as JSON."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tertulia_cli.inspect import json_output, tables
from tertulia_cli.inspect.memory import Memory, kind_of, memory, sentence_of
from tertulia_shared.bus import Append, BusRefused
from tertulia_shared.entries import AudioChunk, MicChunk, UserTurn
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.bus import Clock

# not random, because they are part of test names
C, M = "0a6f1b52-7e0e-4e53-8a4b-2f0c9d9e7a11", "5d0d5f1c-6f0b-4f4e-9f0d-0f5a7f4f2b22"
KEYS = Keys("test")


def full(*, paused: bool | None = False, complete: bool = True) -> Memory:
    return Memory(90 << 20, 100 << 20, "noeviction", {"sound": 70 << 20}, 5_000, complete, paused)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (KEYS.audio(C, M), "sound"), (KEYS.mic(C, M), "mic"), (KEYS.mic_progress(C, M), "mic"),
        (KEYS.sentences(C, M), "text"), (KEYS.turns(C), "text"), (KEYS.events(C), "text"), (KEYS.owner(C, M), "other"),
        (KEYS.dead(), "other"), (KEYS.turn_seen(C, M), "other"), (KEYS.probe(), "other"),
    ],
    ids=str,
)  # fmt: skip
def test_each_redis_key_has_a_kind_in_the_memory_report(name: object, kind: str) -> None:
    assert kind_of(KEYS, str(name)) == kind


async def test_memory_report_has_the_size_of_each_kind_and_whether_writes_are_paused() -> None:
    clock = Clock()
    bus = MemoryBus(KEYS, clock=clock)
    await bus.transact(
        C,
        [
            Append(KEYS.turns(C), UserTurn("t", C, "hello", "typed")),
            Append(KEYS.audio(C, M), AudioChunk(b"\0" * 9_000, 0, 0, C, M, "luna"), "1-1"),
            Append(KEYS.mic(C, M), MicChunk(b"\0" * 4_000), "1-0"),
        ],
    )
    seen = await memory(bus)
    assert seen is not None
    assert (seen.by_kind["sound"] >= 9_000, 4_000 <= seen.by_kind["mic"] < 9_000) == (True, True)
    assert 0 < seen.by_kind["text"] < 4_000
    assert (seen.keys, seen.is_complete, seen.writes_paused) == (3, True, None)
    await bus.probe_writes()
    assert (await memory(bus) or full()).writes_paused is False
    clock.now += 10  # no gateway has made a successful probe since
    assert (await memory(bus) or full()).writes_paused is True
    bus.limit_bytes = 1
    assert (await memory(bus) or full()).writes_paused is True


async def test_redis_memory_is_unknown_without_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = MemoryBus(KEYS)

    async def refused() -> None:
        raise BusRefused("no right")

    monkeypatch.setattr(bus, "space", refused)
    assert await memory(bus) is None
    assert json_output.listed_json([], None)["redis"] is None


def test_memory_sentence_has_use_limit_and_kinds() -> None:
    assert sentence_of(full()) == (
        "Redis uses 90.0 MB of 100.0 MB (90 %), policy noeviction; sound 70.0 MB, mic 0.0 MB, text 0.0 MB, "
        "other 0.0 MB."
    )
    assert "in the first 5000 keys" in sentence_of(full(complete=False))
    out = io.StringIO()
    tables.show_list(Console(file=out, width=160), [], 0, full(paused=True))
    assert "Writes are paused" in out.getvalue()
    assert json_output.listed_json([], full())["redis"]["by_kind"]["sound"] == 70 << 20

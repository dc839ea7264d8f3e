"""The state of the installation: live workers by their heartbeats, and the problems behind /readyz and the metrics."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tertulia_gateway.monitoring.health import Health, HealthCheck, engines_of
from tertulia_gateway.monitoring.writes_probe import WriteStatus
from tertulia_shared.bus import BusRefused
from tertulia_shared.entries import StoreWrite
from tertulia_shared.keys import Keys
from tertulia_shared.problems import BEHIND_S, LEAST_STORE_BYTES
from tertulia_shared.testing.memory_bus import MemoryBus

POSTED_MS = 1_763_800_000_000


class TellingBus(MemoryBus):
    """A bus whose Redis answers INFO with the fields that the test sets; None: its user may not run INFO."""

    told: Mapping[str, str] | None = {}

    async def info(self) -> Mapping[str, str]:
        if self.told is None:
            raise BusRefused("NOPERM scripted")
        return self.told


@pytest.fixture
async def bus() -> TellingBus:
    made = TellingBus(Keys("test"), now_ms=lambda: POSTED_MS)
    for member in ("stt:a:pocketsphinx", "llm:b:demo", "tts:c:espeak"):
        await made.beat(member)
    return made


def codes(found: Health) -> list[str]:
    return [problem.code for problem in found.problems]


def test_live_workers_are_grouped_by_stage() -> None:
    members = ["tts:host-1-ab:espeak", "llm:host-2-cd:openai", "tts:host-3-ef:espeak", "bench:x:y", "nonsense"]
    assert engines_of(members) == {"stt": [], "llm": ["openai"], "tts": ["espeak", "espeak"]}


def test_stage_without_a_live_worker_is_reported_as_missing() -> None:
    assert Health(1.0, engines_of(["tts:a:b", "llm:a:b"])).missing == ["stt"]
    assert Health(1.0, engines_of(["tts:a:b", "llm:a:b", "stt:a:b"])).missing == []
    assert Health(None, {}).missing == ["redis"]


async def test_nearly_full_redis_is_a_problem_that_does_not_block(bus: TellingBus) -> None:
    bus.told = {"used_memory": "99", "maxmemory": "100"}
    found = await HealthCheck(bus=bus, alive_s=5).now()
    assert (codes(found), found.ready) == (["redis_nearly_full"], True)


async def test_refused_writes_block(bus: TellingBus) -> None:
    writes = WriteStatus()
    writes.set("Redis has no memory left: …", "Redis has no memory left")
    found = await HealthCheck(bus=bus, alive_s=5, writes=writes).now()
    assert (codes(found), found.ready, found.missing) == (["redis_refuses_writes"], False, [])
    assert found.problems[0].text == "Redis has no memory left"


async def test_redis_user_that_may_not_run_info_is_no_problem(bus: TellingBus) -> None:
    bus.told = None
    assert codes(await HealthCheck(bus=bus, alive_s=5).now()) == []


@pytest.mark.parametrize(("waited_s", "expected"), [(BEHIND_S - 1, []), (BEHIND_S + 1, ["store_behind"])])
async def test_write_that_waits_long_for_the_store_is_a_problem(
    bus: TellingBus, waited_s: float, expected: list[str]
) -> None:
    outlet = bus.outlet()
    outlet.append(bus.keys.store(), StoreWrite("message", "c"))
    await outlet.flush()
    bus.told = {"server_time_usec": str(int((POSTED_MS / 1000 + waited_s) * 1e6))}
    assert codes(await HealthCheck(bus=bus, alive_s=5).now()) == expected


async def test_full_disk_of_the_store_is_a_problem(
    bus: TellingBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=LEAST_STORE_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", {tmp_path: full}.get)
    assert codes(await HealthCheck(bus=bus, alive_s=5, store_folder=tmp_path).now()) == ["store_disk_full"]


async def test_folder_that_does_not_exist_yet_is_no_problem(bus: TellingBus, tmp_path: Path) -> None:
    assert codes(await HealthCheck(bus=bus, alive_s=5, store_folder=tmp_path / "new").now()) == []


async def test_voices_that_nobody_can_speak_are_a_problem(bus: TellingBus) -> None:
    async def absent(engines: Mapping[str, object]) -> list[str]:
        return ["ana"] if engines["tts"] == ["espeak"] else []

    found = await HealthCheck(bus=bus, alive_s=5, absent_voices=absent).now()
    assert (codes(found), found.ready) == (["voice_away"], True)
    assert "ana" in found.problems[0].text


async def test_unavailable_redis_blocks(bus: TellingBus) -> None:
    bus.break_connection()
    found = await HealthCheck(bus=bus, alive_s=5).now()
    assert (codes(found), found.ready, found.missing) == (["redis_away"], False, ["redis"])

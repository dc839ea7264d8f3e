"""Which facts are problems, and which problems block conversations."""

from __future__ import annotations

from typing import Any

import pytest

from tertulia_shared.problems import BEHIND_S, LEAST_STORE_BYTES, MB, Facts, problems_in

ALL = {"stt": ["pocketsphinx"], "llm": ["demo"], "tts": ["espeak"]}


def codes(**facts: Any) -> list[tuple[str, bool]]:
    return [(problem.code, problem.blocks) for problem in problems_in(Facts(**facts))]


def info(used: int, limit: int, **more: str) -> dict[str, str]:
    return {"used_memory": str(used), "maxmemory": str(limit), **more}


def test_healthy_installation_has_no_problem() -> None:
    aof = {"aof_enabled": "1", "aof_last_write_status": "ok", "rdb_last_bgsave_status": "ok"}
    assert codes(info=info(89 * MB, 100 * MB, **aof), engines=ALL, store_free_bytes=LEAST_STORE_BYTES) == []
    assert codes() == []


@pytest.mark.parametrize(
    ("facts", "code", "blocks"),
    [
        ({"refusal": "Redis has no memory left"}, "redis_refuses_writes", True),
        ({"engines": {**ALL, "tts": []}}, "stage_away", True),
        ({"info": info(91 * MB, 100 * MB)}, "redis_nearly_full", False),
        ({"info": {"aof_enabled": "1", "aof_last_write_status": "err"}}, "redis_saves_nothing", False),
        ({"info": {"rdb_last_bgsave_status": "err"}}, "redis_saves_nothing", False),
        ({"absent_voices": ["ana"]}, "voice_away", False),
        ({"oldest_store_write_s": BEHIND_S + 1}, "store_behind", False),
        ({"store_free_bytes": LEAST_STORE_BYTES - 1}, "store_disk_full", False),
    ],
)
def test_each_fault_is_one_problem(facts: dict[str, Any], code: str, blocks: bool) -> None:  # noqa: FBT001 - a parameter
    assert codes(**facts) == [(code, blocks)]


def test_workers_are_not_reported_as_absent_while_redis_refuses_their_heartbeats() -> None:
    assert codes(refusal="Redis has no memory left", engines={}) == [("redis_refuses_writes", True)]


def test_memory_that_redis_does_not_count_towards_its_limit_is_not_counted() -> None:
    assert codes(info=info(95 * MB, 100 * MB, mem_not_counted_for_evict=str(10 * MB))) == []


def test_redis_without_a_limit_is_never_nearly_full() -> None:
    assert codes(info=info(95 * MB, 0)) == []


def test_unreachable_redis_is_the_only_problem_known_of_redis_and_the_workers() -> None:
    assert codes(redis_answers=False, engines={}, store_free_bytes=0) == [
        ("redis_away", True), ("store_disk_full", False),
    ]  # fmt: skip


def test_blocking_problems_come_first_and_each_absent_stage_is_named() -> None:
    problems = problems_in(Facts(info=info(99, 100), engines={"llm": ["demo"]}))
    assert [problem.text for problem in problems][:2] == ["no stt worker is running", "no tts worker is running"]
    assert problems[-1].code == "redis_nearly_full"

"""What is wrong with an installation, as `/readyz`, `/api/status`, `tertulia doctor` and `tertulia_problem` report it.

Pure: `problems_in` judges facts that the caller has gathered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from tertulia_shared.keys import STAGES

ProblemCode = Literal[
    "redis_away",
    "redis_refuses_writes",
    "redis_nearly_full",
    "redis_saves_nothing",
    "stage_away",
    "voice_away",
    "store_behind",
    "store_disk_full",
]
CODES: Final[tuple[str, ...]] = get_args(ProblemCode)

NEARLY_FULL: Final = 0.9
"""The used share of Redis' memory limit from which on it counts as nearly full. The deletion of old sound begins below
it, so this share is reached only when too little can be deleted.
"""
BEHIND_S: Final = 30.0
"""The store counts as behind when a write has waited this many seconds. Writes wait briefly after an interruption."""
LEAST_STORE_BYTES: Final = 200 * 1024 * 1024
"""The disk of the store counts as full when less than this is free."""
MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `blocks`: no conversation can be held until it is solved.

    `text` says what is wrong, `advice` what to do; both are sentences for people.
    """

    code: ProblemCode
    text: str
    advice: str
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about an installation. A fact that is unknown has its default, which is no problem."""

    redis_answers: bool = True
    info: Mapping[str, str] = field(default_factory=dict[str, str])
    """The fields of Redis' reply to INFO."""
    refusal: str = ""
    """Why Redis refuses writes; "" if it accepts them."""
    engines: Mapping[str, Sequence[str]] | None = None
    """The engines of the live workers of each stage; None: unknown."""
    absent_voices: Sequence[str] = ()
    """The voices of active characters that no live worker can speak."""
    oldest_store_write_s: float = 0.0
    """The age of the oldest write that waits for the store, in seconds; 0: none waits."""
    store_free_bytes: int | None = None
    """The free space on the disk of the store's file; None: the store is not a file here."""


def problems_in(facts: Facts) -> tuple[Problem, ...]:
    """All problems, those that block first."""
    if not facts.redis_answers:
        advice = "start it, and check TERTULIA_REDIS_URL and the network to it"
        away = Problem("redis_away", "Redis does not answer", advice, blocks=True)
        return (away, *_of_the_store(facts))
    found = [*_of_redis(facts), *_of_the_workers(facts), *_of_the_store(facts)]
    return tuple(sorted(found, key=lambda problem: not problem.blocks))


def _of_redis(facts: Facts) -> Iterator[Problem]:
    if facts.refusal:
        advice = "make room: more memory (maxmemory), or space on its disk; conversations then continue by themselves"
        yield Problem("redis_refuses_writes", facts.refusal, advice, blocks=True)
    used, limit = memory_in(facts.info)
    if limit and used > NEARLY_FULL * limit:
        text = f"Redis uses {used // MB} of {limit // MB} MB, and too little old sound can be deleted"
        advice = "give Redis more memory (maxmemory); `tertulia inspect` shows what takes it"
        yield Problem("redis_nearly_full", text, advice)
    if file := _failed_save(facts.info):
        text = f"Redis cannot write {file} to its disk, so a restart would lose data"
        yield Problem("redis_saves_nothing", text, "make room on the disk of Redis; its log has the reason")


def _of_the_workers(facts: Facts) -> Iterator[Problem]:
    # Redis refuses the heartbeats of the workers, too
    for stage in [] if facts.engines is None or facts.refusal else absent_stages(facts.engines):
        yield stage_away(stage)
    if facts.absent_voices:
        text = f"no running speech engine has these voices: {', '.join(facts.absent_voices)}"
        yield Problem("voice_away", text, "start the worker with their engine, or give the characters other voices")


def stage_away(stage: str) -> Problem:
    """The problem that no worker of this stage is alive."""
    advice = f"start it (`tertulia run`, or `docker compose up --detach {stage}`); its log says why it stopped"
    return Problem("stage_away", f"no {stage} worker is running", advice, blocks=True)


def _of_the_store(facts: Facts) -> Iterator[Problem]:
    waits_s = facts.oldest_store_write_s
    if waits_s > BEHIND_S:
        text = f"writes have waited {waits_s:.0f} s for the store; Redis keeps them meanwhile"
        advice = "check the store (its disk, or the server of Supabase); the log of llm has the reason"
        yield Problem("store_behind", text, advice)
    free = facts.store_free_bytes
    if free is not None and free < LEAST_STORE_BYTES:
        advice = f"make room in the folder TERTULIA_DATA_DIR: at least {LEAST_STORE_BYTES // MB} MB"
        yield Problem("store_disk_full", f"the disk of the store has {free // MB} MB left", advice)


def absent_stages(engines: Mapping[str, Sequence[str]]) -> list[str]:
    """The stages that have no live worker."""
    return [stage for stage in STAGES if not engines.get(stage)]


def memory_in(info: Mapping[str, str]) -> tuple[int, int]:
    """The memory that Redis counts towards its limit, and the limit (0: none), in bytes."""
    used = _number(info, "used_memory") - _number(info, "mem_not_counted_for_evict")
    return max(0, used), _number(info, "maxmemory")


def _failed_save(info: Mapping[str, str]) -> str:
    if info.get("aof_enabled") == "1" and info.get("aof_last_write_status", "ok") != "ok":
        return "its append-only file"
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        return "its snapshot"
    return ""


def _number(info: Mapping[str, str], name: str) -> int:
    value = info.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else 0

"""The rights of each service in Redis: the keys and the commands. `accounts` makes users from them.

Pure. The keys come from `Keys`, the commands from what the bus sends and from the source of the scripts, so a command
added to a script is allowed at once. Redis 6.2 does not distinguish reading and writing a key (`%R~` needs 7.0): a
service may use all its commands on all its keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from typing import Final, Literal, Self

from tertulia_shared.bus.scripts import choosing, ownership, repair, work, writing
from tertulia_shared.bus.scripts.script import Script
from tertulia_shared.bus.write_commands import OPERATIONS
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.voice_clips import CLIP_DIGITS, CLIP_PREFIX

Service = Literal["gateway", "stt", "llm", "tts"]
SERVICES: Final[tuple[Service, ...]] = ("gateway", "stt", "llm", "tts")

ANY: Final = "*"
UUID: Final = "-".join("?" * digits for digits in (8, 4, 4, 4, 12))
"""The glob of an id. `*` is too wide: the pattern for messages' owner keys would also match the owner of the turns."""
CLIP: Final = f"{CLIP_PREFIX}{'?' * CLIP_DIGITS}"
"""The glob of the id of a voice made from a recording."""

_CALLED = re.compile(r"redis\.p?call\('([A-Z]+)'(?:, '([A-Z]+)')?")
"""A command in a script, with its subcommand if it has one (`'XINFO', 'CONSUMERS'`)."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Commands (`XADD`, `CLIENT ID`) and key patterns (globs). The sum of two allows all that one of them allows."""

    commands: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    scripts: frozenset[Script] = field(default=frozenset(), compare=False)
    """The scripts whose commands are included. Redis checks the commands of a script, not the script itself."""

    def __add__(self, other: Self) -> Self:
        return type(self)(self.commands | other.commands, self.patterns | other.patterns, self.scripts | other.scripts)

    def rules(self) -> tuple[str, ...]:
        """The rules as ACL SETUSER and an ACL file take them; they allow nothing else."""
        return (
            "resetkeys",
            "resetchannels",
            "-@all",
            *(f"+{command.lower().replace(' ', '|')}" for command in sorted(self.commands)),
            *(f"~{pattern}" for pattern in sorted(self.patterns)),
        )


def called_by(script: Script) -> frozenset[str]:
    """The commands in the source of a script."""
    named = (" ".join(filter(None, found)) for found in _CALLED.findall(script.source))
    return frozenset({*named, *(OPERATIONS if writing.RUNS_OPERATIONS in script.source else ())})


def _running(*called: Script) -> Rights:
    return Rights(frozenset({"EVALSHA"}).union(*map(called_by, called)), scripts=frozenset(called))


def _commands(*names: str) -> Rights:
    return Rights(frozenset(names))


_CONNECT = _commands("PING", "CLIENT ID", "CLIENT SETNAME", "SCRIPT LOAD", "INFO")
_READ = _commands("XREAD", "XRANGE", "XREVRANGE", "XLEN", "HGETALL", "CLIENT UNBLOCK")
_WRITE = _running(writing.WRITE)
_APPEND_SOUND = _running(writing.OPEN) + _commands("MULTI", "EXEC", "RENAMENX", "XADD")
_TRANSACT = _running(writing.TRANSACT)
_POST = _commands("XADD", "EXPIRE")
_PRESENT = _commands("ZADD", "ZREMRANGEBYSCORE", "ZRANGEBYSCORE", "EXPIRE", "ZREM")
_WORK = (
    _commands("XGROUP CREATE", "XREADGROUP", "XPENDING", "XINFO STREAM", "XINFO GROUPS", "XLEN")
    + _commands("EXPIRE", "SET", "GET", "INCR")
    + _running(work.FORGET_DEAD, work.TAKE_OVER, work.RECLAIM, work.RENEW, work.FINISH)
    + _running(work.REQUEUE, work.REQUEUE_UNSTARTED, work.NACK, work.DEREGISTER, ownership.OWN, ownership.DISOWN)
    + _PRESENT
)  # fmt: skip
_CHOOSE = _running(choosing.LOOK, choosing.PICK, choosing.SET_ASIDE)
_MEND = _running(repair.MEND)
_LEASE = _running(ownership.ACQUIRE_LEASE, ownership.DISOWN)


def rights_of(service: Service, keys: Keys) -> Rights:
    """The rights of one service in the namespace of `keys`."""
    return _CONNECT + {"gateway": _gateway, "stt": _stt, "llm": _llm, "tts": _tts}[service](keys)


def rights_of_stages(stages: Iterable[Stage], keys: Keys) -> Rights:
    """The rights of a machine that runs these stages."""
    return reduce(Rights.__add__, (rights_of(stage, keys) for stage in stages), Rights())


def _gateway(keys: Keys) -> Rights:
    return (
        _READ + _WRITE + _TRANSACT + _POST + _MEND + _running(work.BACKLOG)
        + _commands("ZRANGEBYSCORE", "SET", "UNLINK")
        + _patterns(
            keys.work("stt"), keys.work("llm"), keys.work("tts"),
            keys.mic(UUID, UUID), keys.turns(UUID), keys.turn_seen(UUID, UUID), keys.sentences(UUID, UUID),
            keys.audio(UUID, UUID), keys.events(UUID), keys.control(UUID), keys.receipts(UUID), keys.state(UUID),
            keys.owner(UUID, UUID),
            keys.store(), keys.held_back(), keys.dead(), keys.dead_aside(), keys.broadcast(), keys.workers(),
            keys.speech_workers(), keys.voices(), keys.models(), keys.engines(), keys.probe(), keys.clips(),
            keys.clip(CLIP), keys.clip_faults(), keys.model_requests(), keys.model_answer(UUID), keys.lorebook(UUID),
            keys.summaries_due(),
        )
    )  # fmt: skip


def _stt(keys: Keys) -> Rights:
    return (
        _READ + _WRITE + _TRANSACT + _POST + _WORK + _MEND
        + _patterns(
            keys.work("stt"), keys.work_failure("stt", ANY), keys.work_left("stt", ANY), keys.work("llm"),
            keys.mic(UUID, UUID), keys.mic_progress(UUID, UUID), keys.owner(UUID, UUID),
            keys.turns(UUID), keys.turn_seen(UUID, UUID), keys.sentences(UUID, UUID),
            keys.audio(UUID, UUID),
            keys.events(UUID), keys.control(UUID), keys.receipts(UUID), keys.state(UUID),
            keys.dead(), keys.dead_aside(), keys.workers(), keys.slots(), keys.engines(), keys.character_names(),
        )
    )  # fmt: skip


def _llm(keys: Keys) -> Rights:
    return (
        _READ + _WRITE + _TRANSACT + _POST + _WORK + _LEASE + _MEND + _running(ownership.RELEASE_TURNS)
        + _commands("SCAN", "XDEL", "INFO", "TTL", "MEMORY USAGE", "XTRIM", "UNLINK")
        + _patterns(
            keys.work("llm"), keys.work_failure("llm", ANY), keys.work_left("llm", ANY), keys.work("tts"),
            keys.turns(UUID), keys.owner(UUID, "turns"), keys.sentences(UUID, UUID), keys.audio(UUID, UUID),
            keys.events(UUID), keys.control(UUID), keys.receipts(UUID), keys.state(UUID),
            keys.store(), keys.held_back(), keys.drainer(), keys.space_keeper(), keys.cast(), keys.dead(),
            keys.dead_aside(), keys.broadcast(), keys.workers(), keys.slots(), keys.speech_workers(), keys.voices(),
            keys.models(), keys.character_names(), keys.lorebook(UUID),
            keys.model_requests(), keys.model_answer(UUID), keys.model_keeper(),
            keys.summaries_due(), keys.summarizer(),
        )
    )  # fmt: skip


def _tts(keys: Keys) -> Rights:
    return (
        _READ + _WRITE + _APPEND_SOUND + _TRANSACT + _WORK + _CHOOSE + _LEASE + _running(ownership.REOPEN)
        + _patterns(
            keys.work("tts"), keys.work_failure("tts", ANY), keys.work_left("tts", ANY), keys.owner(UUID, UUID),
            keys.sentences(UUID, UUID), keys.audio(UUID, UUID), keys.audio(UUID, UUID).opened,
            keys.events(UUID), keys.control(UUID), keys.state(UUID), keys.dead(), keys.dead_aside(),
            keys.voices(), keys.workers(), keys.slots(), keys.speech_workers(), keys.engines(), keys.clips(),
            keys.clip(CLIP), keys.clip_faults(), keys.engine_speeds(), keys.speed_keeper(),
        )
    )  # fmt: skip


def _patterns(*keys: object) -> Rights:
    return Rights(patterns=frozenset(str(key) for key in keys))

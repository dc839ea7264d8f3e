"""Checks the keys that a test leaves in Redis: each is one of `Keys`, expires, and is within its bound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

import redis

from tertulia_shared.keys import STAGES, Key, Keys

TRIM_SLACK = 100
"""`MAXLEN ~` trims whole nodes of a stream; Redis puts up to 100 entries in one (stream-node-max-entries)."""

_ID = r"[^:{}]+"


def _shapes(keys: Keys) -> list[tuple[re.Pattern[str], Key]]:
    hole = "HOLE"
    known = [
        *(keys.work(stage) for stage in STAGES),
        *(keys.work_failure(stage, hole) for stage in STAGES),
        *(keys.work_left(stage, hole) for stage in STAGES),
        keys.mic(hole, hole), keys.mic_progress(hole, hole), keys.turns(hole), keys.turn_seen(hole, hole),
        keys.sentences(hole, hole), keys.audio(hole, hole), keys.events(hole), keys.control(hole),
        keys.receipts(hole), keys.state(hole), keys.owner(hole, hole), keys.lorebook(hole),
        keys.store(), keys.held_back(), keys.drainer(), keys.cast(), keys.dead(), keys.dead_aside(),
        keys.broadcast(), keys.workers(), keys.slots(), keys.speech_workers(),
        keys.voices(), keys.models(), keys.engines(), keys.probe(),
        keys.space_keeper(), keys.character_names(), keys.model_requests(), keys.model_answer(hole),
        keys.model_keeper(), keys.clips(), keys.clip(hole), keys.clip_faults(),
        keys.engine_speeds(), keys.speed_keeper(), keys.summaries_due(), keys.summarizer(),
    ]  # fmt: skip
    return [(re.compile(re.escape(key.name).replace(hole, _ID)), key) for key in known]


class Leftovers:
    """The keys of one namespace on the server at `url`."""

    def __init__(self, url: str, keys: Keys) -> None:
        self._client = cast("Any", redis.Redis.from_url(url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
        self._keys = keys

    def faults(self) -> list[str]:
        """One line for each fault; empty if all keys are in order."""
        shapes = _shapes(self._keys)
        return [fault for name in self._names() for fault in self._faults_of(name, shapes)]

    def clear(self) -> None:
        """Delete every key of the namespace, and close the connection."""
        names = list(self._names())
        if names:
            self._client.delete(*names)
        self._client.close()

    def _names(self) -> Iterator[str]:
        yield from sorted(name.decode() for name in self._client.scan_iter(f"{self._keys.ns}:*", count=1000))

    def _faults_of(self, name: str, shapes: list[tuple[re.Pattern[str], Key]]) -> Iterator[str]:
        key = next((key for shape, key in shapes if shape.fullmatch(name)), None)
        ttl_s: int = self._client.ttl(name)
        kind: bytes = self._client.type(name)
        if ttl_s == -1:
            yield f"{name} never expires"
        if key is None:
            yield f"{name} is none of tertulia_shared.keys.Keys"
        elif ttl_s > key.ttl_s:
            yield f"{name} expires in {ttl_s} s, its key says {key.ttl_s} s"
        if kind == b"stream" and key is not None:
            length: int = self._client.xlen(name)
            if key.max_len is None:
                yield f"{name} is a stream without a bound"
            elif length > key.max_len + TRIM_SLACK:
                yield f"{name} has {length} entries, its bound is {key.max_len}"

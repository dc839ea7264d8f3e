"""Deletes old audio, oldest first, when Redis is nearly full. It never deletes text, nor audio that is being made or
played.

One llm worker does this: the worker that has the lease. The pure function `plan_eviction` chooses what to delete.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tertulia_shared.bus import Bus, BusError, BusRefused, Sound, Space, WritesPaused
from tertulia_shared.entries import SAMPLE_RATE_OUT
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.ticks import sleep_until_multiple

POLL_S: Final = 2.0
CLOSE_POLL_S: Final = 0.5
"""The poll interval while more than `LOW` is used."""
REFUSED_POLL_S: Final = 60.0
"""The poll interval if the Redis user may not read the memory figures (an older release created it with fewer
rights).
"""
HIGH, LOW = 0.85, 0.70
"""When memory use rises above the share `HIGH` of the limit, the worker deletes audio until it is down to the share
`LOW`.
"""
BATCH = 200
"""Number of streams deleted in one round trip."""
MB: Final = 1024 * 1024
BYTES_PER_MS: Final = SAMPLE_RATE_OUT * 2 // 1000
EMPTY_BYTES: Final = 2_000
"""A stream of at most this size has too little audio to be worth deleting."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EvictionPlan:
    """The streams to delete: `whole` completely, `all_but_final` except for their final entry."""

    whole: tuple[Sound, ...]
    all_but_final: tuple[Sound, ...]

    @property
    def size(self) -> int:
        """The number of bytes that the deletion frees."""
        return sum(sound.size for sound in (*self.whole, *self.all_but_final))


def plan_eviction(sounds: Iterable[Sound], excess: int, now_ms: int) -> EvictionPlan:
    """Choose streams to delete so that `excess` bytes become free, or as many as possible.

    The first choice is audio that was heard or cut off (such streams have a shortened TTL), in the order in which it
    expires. The second choice is the audio of finished replies that a connected client would have played by now. They
    are not marked as heard, so no client was connected. The final entry of such a reply stays: it tells a client that
    resumes that the reply is over.
    """
    whole: list[Sound] = []
    unheard: list[Sound] = []
    for sound in sounds:
        if sound.size <= EMPTY_BYTES:
            continue
        if 0 <= sound.ttl_s <= SOUND_GRACE_S:
            whole.append(sound)
        elif sound.ended_ms and now_ms - sound.ended_ms > sound.size // BYTES_PER_MS + SOUND_GRACE_S * 1000:
            unheard.append(sound)
    whole.sort(key=lambda sound: sound.ttl_s)
    unheard.sort(key=lambda sound: sound.ended_ms)
    chosen = _first(whole, excess)
    return EvictionPlan(chosen, _first(unheard, excess - sum(sound.size for sound in chosen)))


def _first(sounds: list[Sound], size: int) -> tuple[Sound, ...]:
    taken: list[Sound] = []
    for sound in sounds:
        if size <= 0:
            break
        taken.append(sound)
        size -= sound.size
    return tuple(taken)


class AudioEviction:
    """Polls Redis' memory use and deletes audio. `limit_mb`: the limit if Redis has no `maxmemory` (0: no limit)."""

    def __init__(self, bus: Bus, holder: str, metrics: Metrics, limit_mb: int, *, now_ms: Callable[[], int]) -> None:
        self._bus = bus
        self._holder = holder
        self._metrics = metrics
        self._limit = limit_mb * MB
        self._now_ms = now_ms
        self._freed = metrics.of(catalogue.REDIS_SOUND_FREED)
        self._warned_full = False

    async def run(self) -> None:
        """Poll, and delete audio when necessary, until cancelled."""
        while True:
            wait_s = POLL_S
            try:
                space = await self._bus.space()
                limit = space.limit or self._limit
                self._metrics.of(catalogue.REDIS_USED).set(space.used)
                self._metrics.of(catalogue.REDIS_LIMIT).set(limit)
                if limit and space.used > LOW * limit:
                    wait_s = CLOSE_POLL_S
                if limit and space.used > HIGH * limit:
                    await self._evict(space, limit)
                else:
                    self._warned_full = False
            except BusRefused as error:
                log.warning("the memory of Redis cannot be watched: %s", error)
                wait_s = REFUSED_POLL_S
            except BusError:
                for family in (catalogue.REDIS_USED, catalogue.REDIS_LIMIT):
                    self._metrics.forget(family)
            await sleep_until_multiple(wait_s)

    async def _evict(self, space: Space, limit: int) -> None:
        lease = self._bus.keys.space_keeper()
        # a full Redis refuses the lease, so the worker deletes without it: two workers may do so at the same time
        with contextlib.suppress(WritesPaused):
            if not await self._bus.acquire_lease(lease, self._holder):
                return
        sounds = [sound async for sound in self._bus.sounds()]
        plan = plan_eviction(sounds, space.used - int(LOW * limit), self._now_ms())
        for streams, keep_end in ((plan.whole, False), (plan.all_but_final, True)):
            for at in range(0, len(streams), BATCH):
                batch = streams[at : at + BATCH]
                await self._bus.free([sound.name for sound in batch], keep_end=keep_end)
                self._freed.inc(sum(sound.size for sound in batch))
        if plan.size:
            log.info("deleted old audio", extra={"count": len(plan.whole) + len(plan.all_but_final)})
        elif not self._warned_full:
            self._warned_full = True
            log.warning(
                "Redis is nearly full (%d of %d MB), and no audio can be deleted: give it more memory",
                space.used // MB,
                limit // MB,
            )

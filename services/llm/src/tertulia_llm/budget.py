"""Keeps Redis below its memory limit: near it, sound that nobody waits for is deleted, oldest first. Text never is.

One llm worker does it, the one that holds the lease. What may go is decided by `to_free`, which is pure.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tertulia_shared.bus import Bus, BusError, BusRefused, Sound, Space, WritesPaused
from tertulia_shared.entries import SAMPLE_RATE_OUT
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.metrics import Metrics, catalogue

LOOK_S: Final = 2.0
CLOSE_LOOK_S: Final = 0.5
"""Between two looks while more than `LOW` is used."""
REFUSED_LOOK_S: Final = 60.0
"""Between two tries if the Redis user may not look (its rights are of an older release)."""
HIGH, LOW = 0.85, 0.70
"""Above the share `HIGH` of the limit sound is deleted, until `LOW` is reached."""
BATCH = 200
"""Streams deleted in one round trip."""
MB: Final = 1024 * 1024
BYTES_PER_MS: Final = SAMPLE_RATE_OUT * 2 // 1000
EMPTY_BYTES: Final = 2_000
"""A stream that is no larger than this has no sound worth deleting."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to delete: streams as a whole, and streams of which the final entry stays."""

    whole: tuple[Sound, ...]
    to_the_end: tuple[Sound, ...]

    @property
    def size(self) -> int:
        """Bytes that this frees."""
        return sum(sound.size for sound in (*self.whole, *self.to_the_end))


def to_free(sounds: Iterable[Sound], excess: int, now_ms: int) -> Plan:
    """The streams to delete so that `excess` bytes become free, if there are as many.

    First sound that was heard or cut off (its life was shortened), the next to expire first. Then finished replies that
    a connected client has played by now: nobody has listened to them. Of these the final entry stays, so that a client
    that resumes is told that the reply is over. Sound that is still made or played is never among them.
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
    return Plan(chosen, _first(unheard, excess - sum(sound.size for sound in chosen)))


def _first(sounds: list[Sound], size: int) -> tuple[Sound, ...]:
    taken: list[Sound] = []
    for sound in sounds:
        if size <= 0:
            break
        taken.append(sound)
        size -= sound.size
    return tuple(taken)


class Budget:
    """Runs until cancelled. `limit_mb` holds where Redis has no `maxmemory`; 0: no limit, nothing is deleted."""

    def __init__(self, bus: Bus, holder: str, metrics: Metrics, limit_mb: int, *, now_ms: Callable[[], int]) -> None:
        self._bus = bus
        self._holder = holder
        self._metrics = metrics
        self._limit = limit_mb * MB
        self._now_ms = now_ms
        self._freed = metrics.of(catalogue.REDIS_SOUND_FREED)
        self._is_told = False

    async def run(self) -> None:
        """Look, and make room where it is needed."""
        while True:
            wait_s = LOOK_S
            try:
                space = await self._bus.space()
                limit = space.limit or self._limit
                self._metrics.of(catalogue.REDIS_USED).set(space.used)
                self._metrics.of(catalogue.REDIS_LIMIT).set(limit)
                if limit and space.used > LOW * limit:
                    wait_s = CLOSE_LOOK_S
                if limit and space.used > HIGH * limit:
                    await self._make_room(space, limit)
                else:
                    self._is_told = False
            except BusRefused as error:
                log.warning("the memory of Redis is not looked after: %s", error)
                wait_s = REFUSED_LOOK_S
            except BusError:
                for family in (catalogue.REDIS_USED, catalogue.REDIS_LIMIT):
                    self._metrics.forget(family)
            await asyncio.sleep(wait_s)

    async def _make_room(self, space: Space, limit: int) -> None:
        lease = self._bus.keys.space_keeper()
        with contextlib.suppress(WritesPaused):  # a full Redis gives no lease: deleting twice does no harm
            if not await self._bus.acquire_lease(lease, self._holder):
                return
        sounds = [sound async for sound in self._bus.sounds()]
        plan = to_free(sounds, space.used - int(LOW * limit), self._now_ms())
        for streams, keep_end in ((plan.whole, False), (plan.to_the_end, True)):
            for at in range(0, len(streams), BATCH):
                batch = streams[at : at + BATCH]
                await self._bus.free([sound.name for sound in batch], keep_end=keep_end)
                self._freed.inc(sum(sound.size for sound in batch))
        if plan.size:
            log.info("deleted old sound", extra={"count": len(plan.whole) + len(plan.to_the_end)})
        elif not self._is_told:
            self._is_told = True
            log.warning(
                "Redis is nearly full (%d of %d MB), and no sound can be deleted: give it more memory",
                space.used // MB,
                limit // MB,
            )

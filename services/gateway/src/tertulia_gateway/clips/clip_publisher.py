"""Publishes the recordings of voices in Redis, where the tts workers read them, on any machine.

First the sound of each recording (`Keys.clip`), then the list of all (`Keys.clips`), so that a worker that reads the
list finds each sound. Everything is published again before it expires, and when Redis has lost it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Final, NoReturn

from tertulia_gateway.clips.clip_store import ClipStore, ClipStoreFailed, StoredClip
from tertulia_shared.bus import Bus, BusError
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import VoiceClips
from tertulia_shared.keys import HOUR_S

CHECK_S: Final = 60.0
PUBLISH_AGAIN_S: Final = 6.0 * HOUR_S

log = logging.getLogger(__name__)


class ClipPublisher:
    """Keeps Redis up to date with the store. `clock`: monotonic seconds."""

    def __init__(self, bus: Bus, store: ClipStore, clock: Callable[[], float]) -> None:
        self._bus = bus
        self._store = store
        self._clock = clock
        self._published_at: float | None = None

    async def run(self) -> NoReturn:
        """Publish at the start, and check regularly."""
        is_tidy = False
        while True:
            try:
                if not is_tidy:
                    await asyncio.to_thread(self._store.delete_incomplete)
                    is_tidy = True
                await self.check()
            except (BusError, ClipStoreFailed) as error:
                log.warning("the voices made from recordings are not published: %s", error)
            await asyncio.sleep(CHECK_S)

    async def check(self) -> None:
        """Publish everything if it was not published for `PUBLISH_AGAIN_S`, or if Redis has another list.

        Raises:
            BusError: Redis is unavailable.
            ClipStoreFailed: the folder cannot be read.
        """
        clips = await asyncio.to_thread(self._store.all)
        is_old = self._published_at is None or self._clock() - self._published_at > PUBLISH_AGAIN_S
        is_same = await self._listed() == _list_of(clips)
        if is_same and not (clips and is_old):
            return
        await self._publish_sound(clips)
        await self._publish_list(clips)
        self._published_at = self._clock()

    async def publish(self, new: StoredClip) -> None:
        """Publish one new recording.

        Raises:
            BusError: Redis is unavailable.
        """
        await self._publish_sound([new])
        await self._publish_list(await asyncio.to_thread(self._store.all))

    async def withdraw(self, clip_id: str) -> None:
        """Remove a deleted recording from Redis, and what the engines reported about it.

        Raises:
            BusError: Redis is unavailable.
        """
        await self._publish_list(await asyncio.to_thread(self._store.all))
        await self._bus.delete([self._bus.keys.clip(clip_id)])
        reported = [field.decode() for field in await self._bus.hash(self._bus.keys.clip_faults())]
        outlet = self._bus.outlet()
        outlet.put(self._bus.keys.clip_faults(), {each: None for each in reported if each.endswith(f":{clip_id}")})
        await outlet.flush()

    async def _listed(self) -> VoiceClips:
        last = await self._bus.last(self._bus.keys.clips())
        try:
            return VoiceClips() if last is None else decode(VoiceClips, last.fields)
        except BadEntry:
            return VoiceClips()

    async def _publish_sound(self, clips: Sequence[StoredClip]) -> None:
        outlet = self._bus.outlet()
        for clip in clips:
            pcm = await asyncio.to_thread(self._store.pcm, clip.id)
            outlet.put(self._bus.keys.clip(clip.id), {"pcm": pcm})
            await outlet.flush()

    async def _publish_list(self, clips: Sequence[StoredClip]) -> None:
        outlet = self._bus.outlet()
        outlet.append(self._bus.keys.clips(), _list_of(clips))
        await outlet.flush()


def _list_of(clips: Sequence[StoredClip]) -> VoiceClips:
    return VoiceClips(tuple(asdict(clip.published) for clip in clips))

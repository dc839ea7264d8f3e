"""Finds the voices of active characters that no live tts worker can speak, for the health check."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from tertulia_shared.bus import Bus, BusRefused
from tertulia_shared.speech_workers import Speakers, speakers_of
from tertulia_shared.store import Store, StoreError

READ_AGAIN_S: Final = 10.0
"""For so long the characters are not read again: a health check may come several times in a second."""
STORE_PATIENCE_S: Final = 0.5
"""Shorter than the patience of the health check, which would otherwise take a slow store for an absent Redis."""

log = logging.getLogger(__name__)


class CharacterVoices:
    """The voices of the active characters, compared with those of the live workers. `clock`: monotonic seconds."""

    def __init__(self, bus: Bus, store: Store, clock: Callable[[], float]) -> None:
        self._bus = bus
        self._store = store
        self._clock = clock
        self._voices: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    async def absent(self, members: Sequence[str]) -> Sequence[str]:
        """The ids of the voices that no live worker can speak, without the characters' names: `/readyz` needs no token.

        Empty if no tts worker is alive (that is the problem `stage_away`), if the store cannot be read yet, or if this
        Redis user may not read the workers' entries.

        Args:
            members: the live workers of all stages (`Presence.alive`).

        Raises:
            BusError: Redis is unavailable.
        """
        if not any(member.startswith("tts:") for member in members):
            return ()
        await self._read_characters()
        speakers = await self._speakers(members)
        return speakers.absent(self._voices)

    async def _speakers(self, members: Sequence[str]) -> Speakers:
        keys = self._bus.keys
        try:
            entries, published = await asyncio.gather(
                self._bus.hash(keys.speech_workers()), self._bus.hash(keys.voices())
            )
        except BusRefused:  # an older release created the Redis user, without the right to this key
            return speakers_of(members, {}, {})
        return speakers_of(members, entries, published)

    async def _read_characters(self) -> None:
        """Read the characters again if it is time. If the store cannot be read, those of the last read remain."""
        if self._clock() - self._read_at < READ_AGAIN_S:
            return
        self._read_at = self._clock()
        try:
            async with asyncio.timeout(STORE_PATIENCE_S):
                characters = await self._store.characters(active_only=True)
        except (StoreError, TimeoutError) as error:
            log.info("the characters cannot be read for the health check: %s", str(error) or "no answer in time")
            return
        self._voices = frozenset(character.voice for character in characters)

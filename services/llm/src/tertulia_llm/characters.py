"""The characters, cached, and read again when they change.

The characters that were read last are also in Redis. A worker that starts while the store is unavailable reads them
there. Their names alone are in a key of their own, for stt workers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from tertulia_llm.lorebooks import CharacterLorebooks
from tertulia_shared.bus import Bus, BusError, WriteRefused, WritesPaused
from tertulia_shared.cards.prompt_fields import prompt_of_text
from tertulia_shared.character_names import fields_of
from tertulia_shared.codec import BadEntry, known, pack, unpack
from tertulia_shared.conversation_cast import Cast
from tertulia_shared.entries import Speaker
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.keys import Key
from tertulia_shared.model_settings import possible_settings
from tertulia_shared.store import Character, Store, StoreError, StoreUnavailable

REFUSED_S = 10.0
"""Interval of reading the characters while the stream of refreshes cannot be followed."""
RETRY_S = 1.0
PUBLISH_AGAIN_S = 600.0
"""Interval of writing the characters to Redis again, because the keys expire, and Redis may lose them."""

log = logging.getLogger(__name__)


class CharacterCache:
    """All characters. `active`: the active ones, in the order of their seats."""

    def __init__(self, bus: Bus, store: Store) -> None:
        self._bus = bus
        self._store = store
        self.active: tuple[Speaker, ...] = ()
        self._inactive: tuple[Speaker, ...] = ()
        self._by_id: Mapping[str, Speaker] = {}
        self.lorebooks = CharacterLorebooks()

    def seated(self, cast: Cast) -> Sequence[Speaker]:
        """The characters at the table of a conversation. A character that does not exist any more is left out."""
        return cast.seated(self._by_id, self.active)

    async def start(self) -> None:
        """Read the characters from the store; if it is unavailable, from Redis.

        Raises:
            StoreError: the store refuses the read; or it is unavailable, and Redis has no characters either.
        """
        try:
            await self.read()
        except StoreUnavailable as error:
            fields = await self._bus.hash(self._bus.keys.cast())
            kept = fields.get(b"speakers")
            if kept is None:
                raise
            try:
                inactive = unpack(fields.get(b"inactive", b"\x90"))
                self._use(*(tuple(known(Speaker, each) for each in part) for part in (unpack(kept), inactive)))
            except (BadEntry, TypeError):
                raise error from None
            await self.lorebooks.use_published(fields.get(b"lorebooks"))
            log.warning(
                "the store is unavailable; using the characters in Redis: %s",
                error,
                extra={"count": len(self.active)},
            )
        except BusError as error:  # the characters were read; `follow` writes them to Redis later
            log.warning("the characters cannot be written to Redis yet: %s", error)

    async def read(self) -> None:
        """Read the characters from the store, and write them to Redis.

        Raises:
            StoreError: the characters cannot be read; `active` stays as it is.
        """
        characters = await self._store.characters()
        await self.lorebooks.use_cards({each.id: each.card for each in characters})
        self._use(*(tuple(_speaker(each) for each in characters if each.active is active) for active in (True, False)))
        await self._publish()

    def _use(self, active: tuple[Speaker, ...], inactive: tuple[Speaker, ...]) -> None:
        self.active, self._inactive = active, inactive
        self._by_id = {speaker.id: speaker for speaker in (*active, *inactive)}

    async def follow(self) -> None:
        """Read the characters again at each `Refresh` entry, and when the store reports a change, until cancelled."""
        changed = asyncio.Event()
        last = await self._last_refresh()
        # read once more: the characters may have changed since `start`. Each later change adds a refresh entry after
        # `last`
        changed.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_refreshes(changed, last))
            tasks.create_task(self._store.watch_characters(changed.set))
            tasks.create_task(self._publish_regularly())
            while True:
                await changed.wait()
                changed.clear()
                await self._read_with_retries()
                log.info("characters read again", extra={"count": len(self.active)})

    async def _publish_regularly(self) -> None:
        while True:
            await asyncio.sleep(PUBLISH_AGAIN_S)
            try:
                await self._publish()
            except BusError as error:
                log.warning("the characters cannot be written to Redis: %s", error)

    async def _publish(self) -> None:
        keys = self._bus.keys
        parts = {"speakers": self.active, "inactive": self._inactive}
        packed = {name: pack([speaker.to_wire() for speaker in part]) for name, part in parts.items()}
        await self._put(keys.cast(), {**packed, "lorebooks": self.lorebooks.published()})
        names = {speaker.id: speaker.name for speaker in self._by_id.values()}
        try:
            await self._put(keys.character_names(), fields_of((speaker.name for speaker in self.active), names))
        except WritesPaused:
            raise
        except WriteRefused as error:  # the Redis user is of an older release, without the right for this key
            log.warning("the characters' names are not published for the recognizers: %s", error)

    async def _put(self, key: Key, fields: Mapping[str, bytes | str]) -> None:
        outlet = self._bus.outlet()
        outlet.put(key, fields)
        await outlet.flush()

    async def _follow_refreshes(self, changed: asyncio.Event, last: str) -> None:
        while True:
            refreshes = self._bus.follow(self._bus.keys.broadcast(), last)
            try:
                while True:
                    await refreshes.read()
                    changed.set()
            except BusError as error:  # the key has the wrong type; the characters are read at intervals instead
                log.warning("refreshes cannot be followed: %s", error)
            finally:
                refreshes.close()
            await asyncio.sleep(REFUSED_S)
            changed.set()

    async def _last_refresh(self) -> str:
        while True:
            try:
                last = await self._bus.last(self._bus.keys.broadcast())
            except BusError as error:
                log.warning("refreshes cannot be followed yet: %s", error)
                await asyncio.sleep(RETRY_S)
            else:
                return BEGINNING if last is None else last.id

    async def _read_with_retries(self) -> None:
        while True:
            try:
                return await self.read()
            except (StoreError, BusError) as error:
                log.warning("characters cannot be read: %s", error)
                await asyncio.sleep(RETRY_S)


def _speaker(character: Character) -> Speaker:
    return Speaker(
        character.id,
        character.name,
        character.voice,
        character.system_prompt,
        character.image,
        possible_settings(character.model_settings),
        character.talkativeness,
        character.speed,
        character.pitch,
        prompt_of_text(character.card),
    )

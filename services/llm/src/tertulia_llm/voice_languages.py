"""The languages of the voices that the speech engines have published."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, cast

from tertulia_llm.text.language import VoiceLanguage
from tertulia_llm.text.verbalization.verbalizer import prepare
from tertulia_shared.bus import Bus, BusError
from tertulia_shared.codec import unpack

READ_AGAIN_S = 30.0
"""Interval of reading the voices. The voices of an engine that starts later are known after this time."""
FIRST_READS_S = 1.0
"""Interval of reading the voices as long as no engine has published any."""
_UNKNOWN = VoiceLanguage()

log = logging.getLogger(__name__)


class VoiceLanguages:
    """Caches the language of each voice, so that a reply does not wait for Redis."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._languages: Mapping[str, VoiceLanguage] = {}

    def of(self, voice_id: str) -> VoiceLanguage:
        """The language of a voice; unknown if no engine has published the voice."""
        return self._languages.get(voice_id, _UNKNOWN)

    async def read(self) -> None:
        """Read the published voices.

        Raises:
            BusError: the voices cannot be read; the cached languages stay.
        """
        self._languages = languages_of(await self._bus.hash(self._bus.keys.voices()))

    async def follow(self) -> None:
        """Read the voices at intervals, and load the words of their languages, until cancelled."""
        is_logged = False
        while True:
            known, wait_s = set(self._languages.values()), FIRST_READS_S
            try:
                await self.read()
                is_logged = False
            except BusError as error:
                wait_s = READ_AGAIN_S
                if not is_logged:
                    log.warning("the voices cannot be read: %s", error)
                is_logged = True
            for new in set(self._languages.values()) - known:
                await asyncio.to_thread(prepare, new.tag)
            await asyncio.sleep(READ_AGAIN_S if self._languages else wait_s)


def languages_of(published: Mapping[bytes, bytes]) -> dict[str, VoiceLanguage]:
    """Decode the voices of all engines. If two engines publish different languages for a voice, its language is
    unknown.
    """
    found: dict[str, VoiceLanguage] = {}
    for raw in published.values():
        try:
            voices = cast("list[dict[str, Any]]", unpack(raw))
            for voice in voices:
                language = VoiceLanguage(str(voice["language"]), bool(voice.get("monolingual", False)))
                same = found.setdefault(str(voice["id"]), language) == language
                if not same:
                    found[str(voice["id"])] = _UNKNOWN
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("the voices of an engine cannot be read: %s", type(error).__name__)
    return found

"""The languages of the voices, as the speech engines publish them."""

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
"""An engine that starts later is known after this time at most."""
FIRST_READS_S = 1.0
"""Interval of the reads until an engine has published its voices."""
_UNKNOWN = VoiceLanguage()

log = logging.getLogger(__name__)


class VoiceLanguages:
    """A cache of each voice's language, so that no reply waits for Redis."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._languages: Mapping[str, VoiceLanguage] = {}

    def of(self, voice_id: str) -> VoiceLanguage:
        """The language of a voice; unknown if no engine has published it."""
        return self._languages.get(voice_id, _UNKNOWN)

    async def read(self) -> None:
        """Read the published voices.

        Raises:
            BusError: they cannot be read; the cached ones stay.
        """
        self._languages = languages_of(await self._bus.hash(self._bus.keys.voices()))

    async def follow(self) -> None:
        """Read the voices again and again, and load the words of their languages, until cancelled."""
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
    """Decode the voices of all engines. A voice that engines publish with different languages is unknown."""
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

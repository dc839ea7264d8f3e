"""Warns the client when this worker speaks because no worker of a better tier does."""

from __future__ import annotations

import asyncio
from typing import Final

from tertulia_shared.bus import Outlet
from tertulia_shared.chosen_work import SpeechPresence
from tertulia_shared.entries import TTSSentence
from tertulia_shared.events import Warn
from tertulia_shared.keys import Keys
from tertulia_tts.metrics import SpeechMetrics
from tertulia_tts.warnings_once import Warnings

SPELL_S: Final = 60.0
"""If this worker spoke for no better one for so long, it warns each conversation again."""


class StandIn:
    """Sends the warning `engine_changed` once per conversation, until the better workers have spoken for `SPELL_S`."""

    def __init__(self, keys: Keys, engine: str, presence: SpeechPresence | None, metrics: SpeechMetrics) -> None:
        self._keys = keys
        self._engine = engine
        self._presence = presence
        self._metrics = metrics
        self._warnings = Warnings(keys)
        self._last_at = float("-inf")

    def warn(self, sentence: TTSSentence, outlet: Outlet, *, before: str = "") -> None:
        """Call it for each sentence that this worker speaks. `before`: the engine that began this message, if it is
        another one.
        """
        preferred = before or (self._presence.preferred(sentence.voice_id) if self._presence is not None else "")
        if not preferred:
            return
        self._metrics.stand_ins.inc()
        now = asyncio.get_running_loop().time()
        if now - self._last_at > SPELL_S:
            self._warnings = Warnings(self._keys)
        self._last_at = now
        self._warnings.send(outlet, sentence, "", engine_changed(preferred, self._engine))


def engine_changed(before: str, after: str) -> Warn:
    """The warning that a worker with the engine `after` speaks for a preferred one with the engine `before`. Workers of
    different tiers may have the same engine.
    """
    if before == after:
        return Warn("engine_changed", f"The preferred speech worker is busy or away: another one speaks ({after}).")
    return Warn(
        "engine_changed",
        f"The preferred speech worker ({before}) is busy or away: {after} speaks instead, so a voice may sound"
        " different.",
    )

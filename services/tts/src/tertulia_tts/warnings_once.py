"""Warns the client of a conversation once about each fault, although every sentence has it."""

from __future__ import annotations

from typing import Final

from tertulia_shared.bus import Outlet
from tertulia_shared.entries import TTSSentence
from tertulia_shared.events import Warn
from tertulia_shared.keys import Keys

_MAX_WARNED: Final = 1_000


class Warnings:
    """The warnings that this worker has sent, the latest `_MAX_WARNED`."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._warned: dict[tuple[str, str], None] = {}

    def send(self, outlet: Outlet, sentence: TTSSentence, fault: str, warning: Warn) -> bool:
        """Send a warning to the sentence's conversation. Returns False if it was warned of this fault before."""
        key = (sentence.conversation_id, fault)
        if key in self._warned:
            return False
        if len(self._warned) >= _MAX_WARNED:
            self._warned.pop(next(iter(self._warned)))
        self._warned[key] = None
        outlet.append(self._keys.events(sentence.conversation_id), warning)
        return True

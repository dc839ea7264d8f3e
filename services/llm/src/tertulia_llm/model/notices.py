"""Remembers which notices each conversation has received. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

MAX_CONVERSATIONS: Final = 512
"""Above this number, the conversation whose latest notice is the oldest is forgotten; it may receive a notice twice."""


class Notices:
    """Selects the notices that a conversation has not received yet."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, set[str]] = OrderedDict()

    def first_time(self, conversation_id: str, notices: Iterable[str]) -> list[str]:
        """The notices that are new to the conversation. From now on they count as received."""
        told = self._told.get(conversation_id, set())
        new = [notice for notice in notices if notice not in told]
        if new:
            self._told[conversation_id] = told.union(new)
            self._told.move_to_end(conversation_id)
            while len(self._told) > MAX_CONVERSATIONS:
                self._told.popitem(last=False)
        return new

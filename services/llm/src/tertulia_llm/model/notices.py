"""Remembers which notices a conversation has got. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

MAX_CONVERSATIONS: Final = 512
"""The conversation with the oldest notice is forgotten first; it may get a notice again."""


class Notices:
    """Lets each notice pass once per conversation."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, set[str]] = OrderedDict()

    def first_time(self, conversation_id: str, notices: Iterable[str]) -> list[str]:
        """Those of `notices` that the conversation has not got yet. They count as told from now on."""
        told = self._told.get(conversation_id, set())
        new = [notice for notice in notices if notice not in told]
        if new:
            self._told[conversation_id] = told.union(new)
            self._told.move_to_end(conversation_id)
            while len(self._told) > MAX_CONVERSATIONS:
                self._told.popitem(last=False)
        return new

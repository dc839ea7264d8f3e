"""The token usage of a conversation's turns before the current one. Pure.

The store sums the usage of all messages, so that sum takes longer with each turn. It is read once, and then grows by
each turn that follows.
"""

from __future__ import annotations

from dataclasses import dataclass

from tertulia_shared.usage import Usage, added


@dataclass(frozen=True, slots=True)
class _Known:
    turn_id: str
    changes: int
    earlier: Usage
    own: Usage


class EarlierUsage:
    """Remembers the usage before the turn that was noted last, and of that turn.

    `changes` is the timeline's count. A sum is only used if nothing but the beginning of the next turn happened since:
    the timeline does not know the usage of a turn that was interrupted before it was complete, and a reopened one loses
    its own.
    """

    def __init__(self) -> None:
        self._known: _Known | None = None

    def before(self, turn_id: str, changes: int) -> Usage | None:
        """The usage of all turns before this one; None if it has to be read from the store."""
        known = self._known
        if known is None or turn_id == known.turn_id or changes != known.changes + 1:
            return None
        return added(known.earlier, known.own)

    def note(self, turn_id: str, changes: int, earlier: Usage, own: Usage) -> None:
        """Note the usage of a complete turn, and of all turns before it."""
        self._known = _Known(turn_id, changes, earlier, own)

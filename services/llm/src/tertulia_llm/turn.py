"""One turn being answered: what an attempt at it knows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tertulia_llm.history.history import Past
from tertulia_llm.metrics import Pace
from tertulia_llm.turn_state import Progress
from tertulia_shared.bus import Owned
from tertulia_shared.entries import TurnPlan, UserTurn
from tertulia_shared.store import Message


@dataclass(slots=True)
class Turn:
    """A turn being answered. `again`: another attempt has begun it; `is_first`: the store may not know the talk yet."""

    conversation_id: str
    owned: Owned
    said: UserTurn
    plan: TurnPlan
    past: Past
    progress: Progress
    pace: Pace
    again: bool = False
    is_first: bool = False
    is_ended: bool = False
    """The client was told that it is complete."""
    unsaved: dict[str, Message] = field(default_factory=dict[str, Message])
    """The rows that are yet to be saved, by id."""
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)
    warned: bool = False
    """The client knows that the store is away."""
    warned_of_refusal: bool = False
    """The client knows that the store refused a row of this turn."""

    def forget(self, message_id: str) -> None:
        """Drop a reply that the client never got: it is neither remembered nor saved."""
        self.past.messages.pop(message_id, None)
        self.unsaved.pop(message_id, None)

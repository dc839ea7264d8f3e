"""The store row of the user's message of a turn."""

from __future__ import annotations

from tertulia_llm.plan import position_of
from tertulia_llm.turn import Turn
from tertulia_shared.store import Message
from tertulia_shared.store.records import utc_now


def user_row(turn: Turn) -> Message:
    """Build the row. Its text is empty if the user has taken the message back."""
    now = utc_now()
    return Message(
        id=turn.user_turn.turn_id,
        conversation_id=turn.conversation_id,
        turn_id=turn.user_turn.turn_id,
        role="user",
        character_id=None,
        character_name=turn.user_name,
        text=turn.user_turn.text,
        status="complete",
        position=position_of(turn.plan.entry_id, 0),
        created_at=now,
        updated_at=now,
        replaces=turn.plan.replaces,
    )

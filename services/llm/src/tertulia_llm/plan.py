"""A turn's plan: which characters answer, with which message ids and positions. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_llm.text.mentions import by_name, named_in
from tertulia_shared import codec
from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import ModelSettings, Speaker, TurnPlan, UserTurn
from tertulia_shared.events import TurnStarted
from tertulia_shared.store import InvalidRecord, turn_position
from tertulia_shared.store.ordering import POSITIONS_PER_TURN
from tertulia_shared.store.validation import POSITION_MAX


def make_plan(turn: UserTurn, entry_id: str, epoch: int, cast: Sequence[Speaker], settings: ModelSettings) -> TurnPlan:
    """Make the plan of a turn.

    The characters that the text names answer, in the order of mention. If it names none, all characters answer, ordered
    by name.
    """
    speakers = named_in(turn.text, cast, name=_name) or by_name(cast, name=_name)
    return TurnPlan(
        turn_id=turn.turn_id,
        entry_id=entry_id,
        epoch=epoch,
        speakers=tuple(speakers),
        settings=settings,
        others=tuple(speaker.name for speaker in cast),
        version=turn.version,
    )


def plan_fields(plan: TurnPlan) -> dict[str, Value | None]:
    """The fields of the conversation's state that a new plan sets: the plan, and no reply started, complete or
    failed.
    """
    return {
        StateField.PLAN: codec.pack(plan.to_wire()),
        StateField.STARTED: 0,
        StateField.COMPLETE: 0,
        StateField.FAILED: None,
    }


def turn_started(plan: TurnPlan, text: str) -> TurnStarted:
    """The event that announces the planned replies to `text`."""
    reason = "named" if named_in(text, plan.speakers, name=_name) else "everyone"
    replies = (
        {"message_id": message_id, "character_id": speaker.id, "character_name": speaker.name, "reason": reason}
        for message_id, speaker in zip(plan.message_ids, plan.speakers, strict=True)
    )
    return TurnStarted(plan.turn_id, tuple(replies))


def position_of(entry_id: str, slot: int) -> int:
    """The position of a message of the turn. `slot`: 0 for the user's message, then one for each reply.

    If the entry id has an impossible time, the message is placed first or last in the conversation.
    """
    try:
        return min(turn_position(entry_id, slot), POSITION_MAX)
    except InvalidRecord:
        return slot


def positions_of(entry_id: str) -> range:
    """The positions of the messages of a turn (see `position_of`)."""
    first = position_of(entry_id, 0)
    return range(first, first + POSITIONS_PER_TURN)


def _name(speaker: Speaker) -> str:
    return speaker.name

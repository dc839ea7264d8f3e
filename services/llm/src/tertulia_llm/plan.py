"""A turn's plan: who answers, under which message ids, at which positions. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_llm.text.mentions import who_answers
from tertulia_shared import codec
from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import ModelSettings, Speaker, TurnPlan, UserTurn
from tertulia_shared.ids import reply_id
from tertulia_shared.store import InvalidRecord, turn_position
from tertulia_shared.store.validation import POSITION_MAX


def make_plan(turn: UserTurn, entry_id: str, epoch: int, cast: Sequence[Speaker], settings: ModelSettings) -> TurnPlan:
    """Who answers: those who are named, in the order of their mention; else everybody, by name."""
    return TurnPlan(
        turn_id=turn.turn_id,
        entry_id=entry_id,
        epoch=epoch,
        speakers=tuple(who_answers(turn.text, cast, name=lambda speaker: speaker.name)),
        settings=settings,
        others=tuple(speaker.name for speaker in cast),
    )


def plan_fields(plan: TurnPlan) -> dict[str, Value | None]:
    """The state's fields for a plan that begins."""
    return {
        StateField.PLAN: codec.pack(plan.to_wire()),
        StateField.STARTED: 0,
        StateField.COMPLETE: 0,
        StateField.FAILED: None,
    }


def message_ids(plan: TurnPlan) -> list[str]:
    """The ids of the planned replies, in order."""
    return [reply_id(plan.turn_id, speaker.id) for speaker in plan.speakers]


def position_of(entry_id: str, slot: int) -> int:
    """The position of a turn's message. An entry id that no clock gives sorts to one end, in the order of the slots."""
    try:
        return min(turn_position(entry_id, slot), POSITION_MAX)
    except InvalidRecord:
        return slot

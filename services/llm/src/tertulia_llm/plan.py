"""A turn's plan: which characters answer, with which message ids and positions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tertulia_llm.text.addressing import Remark, Seat, decide
from tertulia_shared import codec
from tertulia_shared.answering import AnsweringRules, Mode
from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import ModelSettings, Speaker, TurnPlan, UserTurn
from tertulia_shared.events import TurnStarted
from tertulia_shared.stop_phrases import is_plain_stop
from tertulia_shared.store import InvalidRecord, Message, turn_position
from tertulia_shared.store.ordering import POSITIONS_PER_TURN
from tertulia_shared.store.validation import POSITION_MAX

DEFAULT_RULES = AnsweringRules()
MAX_SPEAKERS_BEFORE = 20
"""Number of last replies that are read to find out how long each character has been silent."""


def make_plan(
    turn: UserTurn,
    entry_id: str,
    epoch: int,
    cast: Sequence[Speaker],
    settings: ModelSettings,
    *,
    rules: AnsweringRules = DEFAULT_RULES,
    default_mode: Mode = "fitting",
    speakers_before: Sequence[str] = (),
) -> TurnPlan:
    """Make the plan of a turn.

    Args:
        turn: the user's message. entry_id, epoch: of its entry.
        cast: the active characters in the order of their seats.
        settings: the conversation's settings of the model.
        rules: who answers in the conversation. default_mode: the mode if the rules have none.
        speakers_before: the ids of the characters that spoke before, the last one last.
    """
    answerers = decide(
        Remark(
            turn.text,
            tuple(Seat(speaker.id, speaker.name, speaker.talkativeness) for speaker in cast),
            spoken=turn.source == "spoken",
            to=turn.to,
            speakers=tuple(speakers_before),
            muted=rules.muted,
            mode=rules.mode or default_mode,
            seed=turn.turn_id,
        )
    )
    speaker_of = {speaker.id: speaker for speaker in cast}
    return TurnPlan(
        turn_id=turn.turn_id,
        entry_id=entry_id,
        epoch=epoch,
        speakers=tuple(speaker_of[answerer.seat.id] for answerer in answerers),
        settings=settings,
        others=tuple(speaker.name for speaker in cast),
        version=turn.version,
        reasons=tuple(str(answerer.reason) for answerer in answerers),
        quiet=not turn.to and is_plain_stop(turn.text, [speaker.name for speaker in cast]),
    )


def speakers_in(messages: Iterable[Message]) -> list[str]:
    """The ids of the characters that spoke, in order, by the messages of a history."""
    replies = [message for message in messages if message.character_id is not None and message.text]
    ordered = sorted(replies, key=lambda message: message.position)
    return [message.character_id for message in ordered[-MAX_SPEAKERS_BEFORE:] if message.character_id is not None]


def plan_fields(plan: TurnPlan) -> dict[str, Value | None]:
    """The fields of the conversation's state that a new plan sets: the plan, and no reply started, complete or
    failed.
    """
    return {
        **plan_field(plan),
        StateField.STARTED: 0,
        StateField.COMPLETE: 0,
        StateField.FAILED: None,
    }


def plan_field(plan: TurnPlan) -> dict[str, Value | None]:
    """The field of the conversation's state that holds the plan."""
    return {StateField.PLAN: codec.pack(plan.to_wire())}


def turn_started(plan: TurnPlan) -> TurnStarted:
    """The event that announces the planned replies."""
    replies = (
        {"message_id": message_id, "character_id": speaker.id, "character_name": speaker.name, "reason": reason}
        for message_id, speaker, reason in zip(plan.message_ids, plan.speakers, plan.reasons, strict=True)
    )
    return TurnStarted(plan.turn_id, tuple(replies), plan.quiet)


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

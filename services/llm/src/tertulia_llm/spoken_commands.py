"""What a spoken command asks for: the turn that stands in its place. Pure.

"Say that again" becomes a request for a reply with the same text, "say that differently" a request to make the reply
again, "scratch that" an edit of the user's last message, whose new version is empty. The user's words are no message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tertulia_llm.history.changed_rows import row_of
from tertulia_llm.history.changes import replaced
from tertulia_llm.history.history import History
from tertulia_llm.plan import position_of
from tertulia_llm.reply_requests import ASKED
from tertulia_llm.text.spoken_command import Kind, spoken_command
from tertulia_llm.turn import Turn
from tertulia_llm.user_row import user_row
from tertulia_shared.entries import NOBODY, Speaker, TurnPlan, UserTurn
from tertulia_shared.events import HistoryChanged
from tertulia_shared.store import Message


def commanded(turn: UserTurn, entry_id: str, cast: Sequence[Speaker], history: History) -> UserTurn | None:
    """The turn that stands in the place of a spoken command. None if the turn is no command, or if the message that it
    means is not at the table, or its character is not: then it is an ordinary message.
    """
    command = None if turn.source != "spoken" else spoken_command(turn.text, [speaker.name for speaker in cast])
    if command is None:
        return None
    said = _said_before(entry_id, history)
    if command.kind == "scratch":
        own = [each for each in said if each.role == "user" and each.text]
        return _in_place_of(turn, command.kind, own[-1]) if own and not command.name else None
    named = {speaker.id for speaker in cast if command.name in ("", speaker.name)}
    replies = [each for each in _replies(said) if not command.name or each.character_id in named]
    return _in_place_of(turn, command.kind, replies[-1]) if replies and replies[-1].character_id in named else None


def resumed_command(turn: UserTurn, plan: TurnPlan, history: History) -> UserTurn | None:
    """The same for a turn that an earlier attempt has planned: its plan says whether it was a command."""
    command = None if turn.source != "spoken" else spoken_command(turn.text, plan.others)
    if command is None:
        return None
    if command.kind != "again":
        return _changing(turn, command.kind, plan.removed[0]) if plan.removed else None
    if plan.reasons != (ASKED,):
        return None
    speaker = plan.speakers[0].id
    replies = [each for each in _replies(_said_before(plan.entry_id, history)) if each.character_id == speaker]
    return _again(turn, replies[-1]) if replies else replace(turn, source="request", text="", to=speaker)


def begins_with(turn: Turn) -> list[HistoryChanged]:
    """What a client is told of the past when the turn begins: the user's message replaces another one, or the words of
    a command, which the client shows as a message, are none.
    """
    turn_id, plan = turn.user_turn.turn_id, turn.plan
    if turn.user_turn.change == "edit":
        told = [replaced(plan, turn_id)] if plan.removed else []
        if not turn.is_command:
            return told
        row = {**row_of(user_row(turn)), "versions": [*plan.versions, turn_id]}
        return [replace(event, restored=(row,)) for event in told]
    return [HistoryChanged(turn_id, "removed", turn_id, (turn_id,))] if turn.is_command else []


def _in_place_of(turn: UserTurn, kind: Kind, target: Message) -> UserTurn:
    return _again(turn, target) if kind == "again" else _changing(turn, kind, target.id)


def _again(turn: UserTurn, reply: Message) -> UserTurn:
    whole = reply.text + reply.unheard
    return replace(turn, source="request", text="", to=reply.character_id or NOBODY, greeting=whole)


def _changing(turn: UserTurn, kind: Kind, message_id: str) -> UserTurn:
    if kind == "scratch":
        return replace(turn, text="", to=NOBODY, change="edit", message_id=message_id)
    return replace(turn, source="request", text="", change="again", message_id=message_id)


def _said_before(entry_id: str, history: History) -> list[Message]:
    before = position_of(entry_id, 0)
    return sorted(
        (message for message in history.messages.values() if message.position < before),
        key=lambda message: message.position,
    )


def _replies(said: Iterable[Message]) -> list[Message]:
    return [
        each for each in said if each.role == "character" and each.status != "streaming" and (each.text or each.unheard)
    ]

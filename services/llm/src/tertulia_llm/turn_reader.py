"""Reads a waiting turn from its stream entry. If the turn has no plan yet, it makes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tertulia_llm.characters import CharacterCache
from tertulia_llm.discussion import DEFAULT_REPLIES, said_in, with_discussion
from tertulia_llm.history.changes import cut_of
from tertulia_llm.history.history import History
from tertulia_llm.metrics import TurnTimer
from tertulia_llm.plan import make_plan, speakers_in
from tertulia_llm.reply_requests import GOES_ON, plan_request
from tertulia_llm.spoken_commands import commanded, resumed_command
from tertulia_llm.text.addressing import Seat, asks_for_discussion
from tertulia_llm.turn import Turn
from tertulia_llm.turn_state import TurnState
from tertulia_shared.answering import Mode
from tertulia_shared.bus import Entry, Owned
from tertulia_shared.codec import BadEntry, decode, envelope
from tertulia_shared.entries import NOBODY, TURN_CHANGE_VERSION, TurnPlan, UserTurn
from tertulia_shared.ids import is_id
from tertulia_shared.keys import Keys
from tertulia_shared.store import Message
from tertulia_shared.store.validation import TEXT_MAX_CHARS
from tertulia_shared.text import clean_text


class TurnReader:
    """Reads turns. The plan of a new turn uses the characters that sit at the table at that moment."""

    def __init__(
        self, keys: Keys, characters: CharacterCache, *, mode: Mode, user_name: str, hears_commands: bool
    ) -> None:
        self._mode: Mode = mode
        self._hears_commands = hears_commands
        self._keys = keys
        self._characters = characters
        self._user_name = user_name

    def read(self, entry: Entry, state: TurnState, *, owned: Owned, history: History, timer: TurnTimer) -> Turn:
        """Read the turn from its entry and the state.

        Raises:
            BadEntry: the entry cannot be read.
        """
        user_turn, epoch = decode(UserTurn, entry.fields, newest=TURN_CHANGE_VERSION), envelope(entry.fields).epoch
        if not is_id(user_turn.turn_id):
            raise BadEntry("UserTurn entry: field 'turn_id' is not a UUID")
        user_turn = replace(user_turn, text=clean_text(user_turn.text)[:TEXT_MAX_CHARS])
        is_resumed = state.has_plan_of(user_turn.ref)
        plan = state.plan if is_resumed else None
        command = None
        if plan is not None:
            command = resumed_command(user_turn, plan, history)
        elif self._hears_commands:
            command = commanded(user_turn, entry.id, self._characters.seated(state.cast), history)
        user_turn = command or user_turn
        if plan is None:
            plan = self._plan(user_turn, entry.id, epoch, state, history)
        return Turn(
            self._keys.conversation_of(owned.owner.name),
            owned,
            user_turn,
            plan,
            history,
            state.progress_of(user_turn.ref),
            timer,
            state.cursor,
            state.user_name or self._user_name,
            state.cast,
            state.summary,
            state.persona,
            state.note,
            is_resumed=is_resumed,
            warned_store_away=state.warned,
            is_ended=state.ended == user_turn.ref,
            is_tentative=user_turn.tentative,
            is_saved=is_resumed,
            is_command=command is not None,
        )

    def _plan(self, turn: UserTurn, entry_id: str, epoch: int, state: TurnState, history: History) -> TurnPlan:
        messages = list(history.messages.values())
        if turn.source == "change":
            return _unanswered(turn, entry_id, epoch, state)
        cut = None
        if turn.change:
            cut = cut_of(turn, entry_id, history)
            if cut is None:
                return _unanswered(turn, entry_id, epoch, state)
            if cut.removed:
                messages = [message for message in messages if message.position < cut.cut_at]
        if cut is not None and turn.source == "request":
            turn = replace(turn, to=turn.to or cut.target.character_id or NOBODY)
        plan = self._answering(turn, entry_id, epoch, state, messages)
        if cut is not None and (plan.speakers or turn.change == "edit"):
            return replace(plan, cut_at=cut.cut_at, removed=cut.removed, replaces=cut.replaces, versions=cut.versions)
        return plan

    def _answering(
        self, turn: UserTurn, entry_id: str, epoch: int, state: TurnState, messages: Sequence[Message]
    ) -> TurnPlan:
        cast, rules = self._characters.seated(state.cast), state.rules
        if turn.source == "request":
            said = said_in(messages)
            name = state.user_name or self._user_name
            plan = plan_request(
                turn, entry_id, epoch, cast, state.settings, said=said, muted=rules.muted, user_name=name
            )
            if turn.change == "after":
                return replace(plan, reasons=(GOES_ON,) * len(plan.speakers))
            if turn.change:
                return plan
            return with_discussion(plan, cast, rules.muted, turn.replies or rules.discussion)
        plan = make_plan(
            turn,
            entry_id,
            epoch,
            cast,
            state.settings,
            rules=rules,
            default_mode=self._mode,
            speakers_before=speakers_in(messages),
        )
        asked = asks_for_discussion(turn.text, [Seat(speaker.id, speaker.name) for speaker in cast])
        if asked is None:
            return with_discussion(plan, cast, rules.muted, rules.discussion)
        # "Luna, discuss that with Rex" addresses one; "you two" addresses two of many
        participants = [speaker.id for speaker in plan.speakers] if plan.speakers[1:] else [seat.id for seat in asked]
        return with_discussion(plan, cast, rules.muted, max(DEFAULT_REPLIES, rules.discussion), participants)


def _unanswered(turn: UserTurn, entry_id: str, epoch: int, state: TurnState) -> TurnPlan:
    """The plan of a turn that nobody answers."""
    return TurnPlan(turn.turn_id, entry_id, epoch, (), state.settings, version=turn.version)


def changed_by(entry: Entry) -> UserTurn | None:
    """The turn of an entry, if it changes the past.

    Raises:
        BadEntry: the entry cannot be read.
    """
    if b"change" not in entry.fields:
        return None
    return decode(UserTurn, entry.fields, newest=TURN_CHANGE_VERSION)

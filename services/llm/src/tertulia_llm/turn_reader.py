"""Reads a waiting turn from its stream entry. If the turn has no plan yet, it makes one."""

from __future__ import annotations

from dataclasses import replace

from tertulia_llm.characters import CharacterCache
from tertulia_llm.discussion import DEFAULT_REPLIES, said_in, with_discussion
from tertulia_llm.history.history import History
from tertulia_llm.metrics import TurnTimer
from tertulia_llm.plan import make_plan, speakers_in
from tertulia_llm.reply_requests import plan_request
from tertulia_llm.text.addressing import Seat, asks_for_discussion
from tertulia_llm.turn import Turn
from tertulia_llm.turn_state import TurnState
from tertulia_shared.answering import Mode
from tertulia_shared.bus import Entry, Owned
from tertulia_shared.codec import BadEntry, decode, envelope
from tertulia_shared.entries import TURN_VERSION, TurnPlan, UserTurn
from tertulia_shared.ids import is_id
from tertulia_shared.keys import Keys
from tertulia_shared.store.validation import TEXT_MAX_CHARS
from tertulia_shared.text import clean_text


class TurnReader:
    """Reads turns. The plan of a new turn uses the characters that sit at the table at that moment."""

    def __init__(self, keys: Keys, characters: CharacterCache, *, mode: Mode, user_name: str) -> None:
        self._mode: Mode = mode
        self._keys = keys
        self._characters = characters
        self._user_name = user_name

    def read(self, entry: Entry, state: TurnState, *, owned: Owned, history: History, timer: TurnTimer) -> Turn:
        """Read the turn from its entry and the state.

        Raises:
            BadEntry: the entry cannot be read.
        """
        user_turn, epoch = decode(UserTurn, entry.fields, newest=TURN_VERSION), envelope(entry.fields).epoch
        if not is_id(user_turn.turn_id):
            raise BadEntry("UserTurn entry: field 'turn_id' is not a UUID")
        user_turn = replace(user_turn, text=clean_text(user_turn.text)[:TEXT_MAX_CHARS])
        is_resumed = state.has_plan_of(user_turn.ref)
        plan = state.plan if is_resumed else None
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
            state.user_name or self._user_name,
            state.cast,
            state.summary,
            is_resumed=is_resumed,
            warned_store_away=state.warned,
            is_ended=state.ended == user_turn.ref,
            is_tentative=user_turn.tentative,
            is_saved=is_resumed,
        )

    def _plan(self, turn: UserTurn, entry_id: str, epoch: int, state: TurnState, history: History) -> TurnPlan:
        cast, rules, messages = self._characters.seated(state.cast), state.rules, history.messages.values()
        if turn.source == "request":
            said = said_in(messages)
            name = state.user_name or self._user_name
            plan = plan_request(
                turn, entry_id, epoch, cast, state.settings, said=said, muted=rules.muted, user_name=name
            )
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

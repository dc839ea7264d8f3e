"""Reads a waiting turn from its stream entry. If the turn has no plan yet, it makes one."""

from __future__ import annotations

from dataclasses import replace

from tertulia_llm.characters import CharacterCache
from tertulia_llm.history.history import History
from tertulia_llm.metrics import TurnTimer
from tertulia_llm.plan import make_plan
from tertulia_llm.turn import Turn
from tertulia_llm.turn_state import TurnState
from tertulia_shared.bus import Entry, Owned
from tertulia_shared.codec import BadEntry, decode, envelope
from tertulia_shared.entries import UserTurn
from tertulia_shared.ids import is_id
from tertulia_shared.keys import Keys
from tertulia_shared.store.validation import TEXT_MAX_CHARS
from tertulia_shared.text import clean_text


class TurnReader:
    """Reads turns. The plan of a new turn uses the characters that are active at that moment."""

    def __init__(self, keys: Keys, characters: CharacterCache) -> None:
        self._keys = keys
        self._characters = characters

    def read(self, entry: Entry, state: TurnState, *, owned: Owned, history: History, timer: TurnTimer) -> Turn:
        """Read the turn from its entry and the state.

        Raises:
            BadEntry: the entry cannot be read.
        """
        user_turn, epoch = decode(UserTurn, entry.fields), envelope(entry.fields).epoch
        if not is_id(user_turn.turn_id):
            raise BadEntry("UserTurn entry: field 'turn_id' is not a UUID")
        user_turn = replace(user_turn, text=clean_text(user_turn.text)[:TEXT_MAX_CHARS])
        is_resumed = state.has_plan_of(user_turn.ref)
        plan = state.plan if is_resumed else None
        if plan is None:
            plan = make_plan(user_turn, entry.id, epoch, self._characters.active, state.settings)
        return Turn(
            self._keys.conversation_of(owned.owner.name),
            owned,
            user_turn,
            plan,
            history,
            state.progress_of(user_turn.ref),
            timer,
            is_resumed=is_resumed,
            warned_store_away=state.warned,
            is_ended=state.ended == user_turn.ref,
            is_tentative=state.tentative == user_turn.ref,
            is_saved=is_resumed,
        )

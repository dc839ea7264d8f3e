"""One attempt at answering a turn: the plan, the progress, and the rows that are not saved yet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tertulia_llm.history.history import History
from tertulia_llm.metrics import TurnTimer
from tertulia_llm.text.lore.book_index import BookIndex
from tertulia_llm.turn_state import Progress
from tertulia_shared.author_note import AuthorNote
from tertulia_shared.bus import Outlet, Owned
from tertulia_shared.codec import Value
from tertulia_shared.conversation_cast import Cast
from tertulia_shared.conversation_state import StateField
from tertulia_shared.conversation_summary import NO_SUMMARY, Summary
from tertulia_shared.entries import TurnPlan, UserTurn
from tertulia_shared.events import TurnComplete
from tertulia_shared.keys import Keys
from tertulia_shared.persona import Persona
from tertulia_shared.store import Message


@dataclass(slots=True)
class Turn:
    """A turn that this worker is answering."""

    conversation_id: str
    owned: Owned
    user_turn: UserTurn
    plan: TurnPlan
    history: History
    progress: Progress
    timer: TurnTimer
    cursor: str
    """The id of the entry before this turn: the turns up to it are answered."""
    user_name: str
    """The name that the characters call the user by."""
    cast: Cast
    """The characters at the table when the worker read the turn."""
    summary: Summary = NO_SUMMARY
    """What the characters remember of the messages that left the prompt."""
    persona: Persona = field(default_factory=Persona)
    """Who the user is."""
    note: AuthorNote = field(default_factory=AuthorNote)
    """The author's note."""
    lorebook: BookIndex | None = None
    """The conversation's lorebook when the worker read the turn."""
    is_resumed: bool = False
    """True if an earlier attempt began to answer this turn."""
    is_ended: bool = False
    """True if `turn_complete` was sent."""
    is_tentative: bool = False
    """True if the turn was accepted tentatively, and this worker has not seen its confirmation. Its rows are not saved
    before that.
    """
    is_withdrawn: bool = False
    """True if this version was withdrawn when the worker read its entry."""
    is_command: bool = False
    """True if the user's words were a command: `user_turn` is what stands in its place."""
    is_past_read: bool = True
    """False if the turn changes the past, and the store did not answer."""
    is_saved: bool = False
    """True if the store may have rows of this turn."""
    unsaved: dict[str, Message] = field(default_factory=dict[str, Message])
    """The rows that are not saved yet, by id."""
    save_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    has_empty_version: bool = False
    """True if the reply that replaces others got no text: its row must be deleted, so that they come back."""
    warned_store_away: bool = False
    """True if the client was warned that the store is unavailable."""
    warned_store_refused: bool = False
    """True if the client was warned that the store refused a row of this turn."""

    history_room: int | None = None
    """How many messages of the history the prompts had room for; None: for all."""

    def note_history_room(self, messages: int) -> None:
        """Note that a prompt had room for only so many messages."""
        self.history_room = messages if self.history_room is None else min(self.history_room, messages)

    @property
    def names_unknown_message(self) -> bool:
        """True if the turn replaces a message that is not at the table: it has no effect."""
        plan = self.plan
        is_known = plan.removed or plan.speakers or plan.others
        return self.user_turn.change in ("edit", "again", "after") and not is_known

    def replaces_by(self, number: int) -> bool:
        """True if the reply with this number takes the place of messages that leave the table."""
        return number == 0 and bool(self.plan.replaces) and self.user_turn.source == "request"

    def forget(self, message_id: str) -> None:
        """Remove a reply from the history and from the rows to save: the client never received it."""
        self.history.messages.pop(message_id, None)
        self.unsaved.pop(message_id, None)

    def complete(self, keys: Keys, outlet: Outlet) -> None:
        """Queue `turn_complete`, and record in the state that it was sent, so that later attempts do not send it
        again. They begin after the cursor, because the state forgets that the turn before this one has ended.
        """
        outlet.append(keys.events(self.conversation_id), TurnComplete(self.user_turn.turn_id))
        fields: dict[str, Value | None] = {StateField.ENDED: self.user_turn.ref, StateField.CURSOR: self.cursor}
        outlet.put(keys.state(self.conversation_id), fields)
        self.is_ended = True

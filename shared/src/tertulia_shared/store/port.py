"""The port every store implements; `tests/contract/test_store.py` says what it means.

Promises of every store
-----------------------
- A call returns after its effect is durable in the store's sense, and does not block the event loop.
- Writes are idempotent: repeated with the same ids they leave the same rows.
- Writes to one conversation (or to characters) that are made one after the other take effect in that order, also when
  the first has not been awaited to its end.
- A cancelled call may or may not have taken effect.
- Errors: any call may raise `StoreUnavailable` (try again later); see `errors` for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tertulia_shared.store.records import Character, Conversation, Message, ModelSettings


class Store(Protocol):
    """Conversations, their messages and settings, and the characters."""

    losses: int
    """How often what it held was found to be gone, and it was begun anew (a database file that was deleted)."""

    async def open(self) -> None:
        """Connect, bring the schema up to date, and seed the first characters if this was never done. May be repeated.

        Raises:
            StoreUnusable: the configuration cannot work, or the data belong to a newer version.
            StoreUnavailable: it is away; open it again later.
        """
        ...

    async def close(self) -> None:
        """Finish the calls that were made, then let go. Calls made later raise `StoreUnavailable`. May be repeated."""
        ...

    async def ensure_conversation(self, conversation_id: str, title: str = "") -> None:
        """Create the conversation unless it exists; an existing one keeps its title.

        Raises:
            InvalidRecord: the id is no UUID, or the title is longer than 200 characters or more than a line.
        """
        ...

    async def conversation(self, conversation_id: str) -> Conversation | None: ...

    async def conversations(self, limit: int, before: str | None = None) -> list[Conversation]:
        """At most `limit` conversations, the one that was talked in last first.

        `before` is the `cursor` of the last one on the page before. A conversation that is talked in while one pages
        moves to the top and is not listed twice further down.

        Raises:
            InvalidRecord: `limit` is not in 1..1000, or `before` is no cursor.
        """
        ...

    async def rename_conversation(self, conversation_id: str, title: str) -> None:
        """Raises: NotFound, InvalidRecord."""
        ...

    async def delete_conversation(self, conversation_id: str) -> bool:
        """Delete it with its messages and settings; False if it was not there."""
        ...

    async def save_messages(self, messages: Sequence[Message]) -> None:
        """Insert or update messages, all or none, and move their conversations' `updated_at` forward.

        Of two writes of one message the one with the higher-ranked status stands, or with the same status the newer
        (`ordering.supersedes`). An update keeps the first write's turn, role, position and `created_at`.

        Raises:
            NotFound: a conversation does not exist (any more); one deleted in mid-turn must not come back.
            InvalidRecord: a field breaks a rule, or the id belongs to a message of another conversation.
        """
        ...

    async def history(self, conversation_id: str, limit: int) -> list[Message]:
        """The newest `limit` messages (1..1000) of any status, oldest first: what the model is to remember."""
        ...

    async def messages(self, conversation_id: str, limit: int, after: int | None = None) -> list[Message]:
        """The first `limit` messages (1..1000) behind position `after`, in order.

        Messages that share the last one's position are added to the page, so that going on from that position skips
        none.

        Raises:
            InvalidRecord: `limit` or `after` is out of range.
        """
        ...

    async def characters(self, *, active_only: bool = False) -> list[Character]:
        """All characters in the order of their names, case ignored."""
        ...

    async def character(self, character_id: str) -> Character | None: ...

    async def save_character(self, character: Character) -> None:
        """Insert or replace; an existing character keeps its `created_at`.

        Raises:
            NameTaken: another character has this name, case ignored.
            InvalidRecord: name not 1-40 characters or with < > or line breaks, prompt over 8000, voice not 1-64, …
        """
        ...

    async def delete_character(self, character_id: str) -> bool:
        """Delete it; False if it was not there. What it said stays in the conversations under its name."""
        ...

    async def watch_characters(self, changed: Callable[[], None]) -> None:
        """Call `changed` when somebody may have changed a character, as far as the store can tell; until cancelled."""
        ...

    async def model_settings(self, conversation_id: str) -> ModelSettings:
        """The conversation's settings; empty if none were saved. Raises: NotFound."""
        ...

    async def save_model_settings(self, conversation_id: str, settings: ModelSettings) -> None:
        """Replace the settings as a whole. Raises: NotFound, InvalidRecord (not JSON, or over 8 KiB)."""
        ...

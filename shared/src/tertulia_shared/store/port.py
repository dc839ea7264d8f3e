"""The port that every store implements; `tests/contract/test_store_*.py` specify it.

Promises of every store
-----------------------
- A call returns after its effect is durable in the store's sense, and does not block the event loop.
- Writes are idempotent: repeated with the same ids they leave the same rows.
- Writes to one conversation (or to characters) that are made one after the other take effect in that order, even if the
first has not been awaited to its end.
- A cancelled call may or may not have taken effect.
- Errors: any call may raise `StoreUnavailable` (try again later); see `errors` for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from tertulia_shared.store.documents import DocumentStore
from tertulia_shared.store.records import Character, Conversation, Message, ModelSettings, SetAside, VersionPlace
from tertulia_shared.usage import Usage


class Store(DocumentStore, Protocol):
    """Conversations, their messages and settings, the characters, and documents (see `documents`)."""

    losses: int
    """The number of times the store lost its data and began an empty one (a deleted database file)."""

    async def open(self) -> None:
        """Connect, bring the schema up to date, and seed the first characters if this was never done. Repeatable.

        Raises:
            StoreUnusable: the configuration cannot work, or the data belong to a newer version.
            StoreUnavailable: the store cannot be reached; open it again later.
        """
        ...

    async def close(self) -> None:
        """Finish the earlier calls, then close. Later calls raise `StoreUnavailable`. May be called repeatedly."""
        ...

    async def ensure_conversation(self, conversation_id: str, title: str = "") -> None:
        """Create the conversation unless it exists; an existing one keeps its title, unless that is empty.

        Raises:
            InvalidRecord: the id is not a UUID, or the title is longer than 200 characters or more than a line.
        """
        ...

    async def conversation(self, conversation_id: str) -> Conversation | None: ...

    async def conversations(self, limit: int, before: str | None = None, *, containing: str = "") -> list[Conversation]:
        """Return at most `limit` conversations, the most recently used first, each with its `preview`.

        `containing`: only those with this text in the title or in a message, in upper or lower case.

        `before` is the `cursor` of the last conversation of the previous page. A conversation that is used meanwhile
        moves to the top and is not listed a second time.

        Raises:
            InvalidRecord: `limit` is not in 1..1000, or `before` is not a cursor.
        """
        ...

    async def rename_conversation(self, conversation_id: str, title: str) -> None:
        """Change the title. Raises: NotFound, InvalidRecord."""
        ...

    async def delete_conversation(self, conversation_id: str) -> bool:
        """Delete a conversation with its messages, settings and documents; False if it did not exist."""
        ...

    async def save_messages(self, messages: Sequence[Message]) -> None:
        """Insert or update messages, all or none, and move their conversations' `updated_at` forward.

        If a message was written twice, the write whose status has the higher rank wins, or the newer one if the
        statuses are equal (`ordering.supersedes`). An update keeps the first write's turn, role, position, `replaces`
        and `created_at`.

        A new message that replaces another one takes its place: the version at the table and what followed it, up to
        the new message's position, are set aside (see `versions`). A message that is set aside is updated there; a
        removed one stays removed.

        Raises:
            NotFound: a conversation does not exist (or no longer exists); one deleted in mid-turn must not come back.
            InvalidRecord: a field breaks a rule, or the id belongs to a message of another conversation.
        """
        ...

    async def delete_messages(self, conversation_id: str, turn_id: str, positions: range) -> None:
        """Delete the messages of a turn that have these positions. The versions that they displaced come back.

        If the conversation then has neither messages, settings nor documents, it is deleted too: its title came from
        one of the messages.
        """
        ...

    async def choose_version(self, conversation_id: str, message_id: str, *, before: int) -> None:
        """Bring a version that is set aside back to the table, with the messages that followed it.

        The version at the table and what followed it are set aside. `before`: the position of the turn that chose
        (`ordering.turn_position`); messages from this position on stay at the table, so that a late call does not move
        them. Without effect if the version is at the table or unknown, or if no version of its group below `before` is
        at the table.

        Raises:
            InvalidRecord: `before` is out of range.
        """
        ...

    async def remove_message(self, conversation_id: str, message_id: str) -> None:
        """Remove a message with its other versions and the messages that followed those; what follows it at the table
        stays.

        A late write does not bring a removed message back. Its usage still counts. Unknown ids change nothing.
        """
        ...

    async def versions(self, conversation_id: str) -> list[SetAside]:
        """The messages that are set aside, in the order of their positions, without the removed ones."""
        ...

    async def version_places(self, conversation_id: str, roots: Collection[str]) -> list[VersionPlace]:
        """The versions of these messages that are set aside and that a client may have shown (`versions.was_shown`), in
        any order. `roots`: the ids of the first versions of the messages. Unknown ids change nothing.
        """
        ...

    async def save_set_aside(self, messages: Sequence[SetAside]) -> None:
        """Insert messages that are set aside, all or none. One whose id exists, at the table or aside, stays as it is.

        Raises:
            NotFound: a conversation does not exist.
            InvalidRecord: a field breaks a rule, or the id belongs to a message of another conversation.
        """
        ...

    async def history(self, conversation_id: str, limit: int) -> list[Message]:
        """The newest `limit` messages (1..1000) of any status, oldest first, from which llm makes the prompt."""
        ...

    async def messages(self, conversation_id: str, limit: int, after: int | None = None) -> list[Message]:
        """The first `limit` messages (1..1000) after position `after`, in order.

        Messages with the position of the last one are added to the page, so that the next page skips none.

        Raises:
            InvalidRecord: `limit` or `after` is out of range.
        """
        ...

    async def characters(self, *, active_only: bool = False) -> list[Character]:
        """All characters: those with a seat in the order of the seats, then the others by name, case ignored."""
        ...

    async def character(self, character_id: str) -> Character | None: ...

    async def save_character(self, character: Character) -> None:
        """Insert or replace a character; an existing character keeps its `created_at` and its seat.

        Raises:
            NameTaken: another character has this name, case ignored.
            InvalidRecord: a field breaks a rule (see `validation.check_character`).
        """
        ...

    async def seat_characters(self, character_ids: Sequence[str]) -> None:
        """Set the order of the characters. Characters that are not listed lose their seats; unknown ids are ignored.

        Raises:
            InvalidRecord: there are too many ids, or one is listed twice or is no id.
        """
        ...

    async def delete_character(self, character_id: str) -> bool:
        """Delete a character; False if it did not exist. Its messages stay in the conversations under its name."""
        ...

    async def watch_characters(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever the store notices that a character may have changed, until cancelled."""
        ...

    async def model_settings(self, conversation_id: str) -> ModelSettings:
        """The conversation's settings; empty if none were saved. Raises: NotFound."""
        ...

    async def usage(self, conversation_id: str, *, without_turn: str = "") -> Usage:
        """The sum of the usage of a conversation's messages, set aside or not, except those of `without_turn`.

        Empty if no message has any, or the conversation does not exist.
        """
        ...

    async def save_model_settings(self, conversation_id: str, settings: ModelSettings) -> None:
        """Replace the settings as a whole. Raises: NotFound, InvalidRecord (not JSON, or over 64 KiB)."""
        ...

"""The rows of the store as values: conversations, messages, characters.

Building a record checks nothing; a store checks it when it is written (see `validation`). Times are aware datetimes and
come back in UTC; ids are UUID strings made by the caller, so that a repeated write writes the same row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from tertulia_shared.entries import TALKATIVENESS
from tertulia_shared.store.errors import InvalidRecord

Role: TypeAlias = Literal["user", "character"]
Status: TypeAlias = Literal["streaming", "complete", "interrupted", "failed"]
JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
ModelSettings: TypeAlias = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Preview:
    """The message that represents a conversation in a list."""

    character_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation of the user with the characters. `updated_at` is the time of its newest message, if any.

    Only a list of conversations sets `preview`: the newest message, or the newest one with the text that is looked for.
    """

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    preview: Preview | None = None

    @property
    def cursor(self) -> str:
        """The value of `before` of `Store.conversations` for the page after this conversation."""
        return f"{time_to_text(self.updated_at)}~{self.id}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of one speaker.

    `character_id` is None for the user's messages; `character_name` is the speaker's name, the user's name included.
    `position` orders the messages of a conversation (see `ordering.turn_position`). `usage` is what the model server
    reported for the reply (see `tertulia_shared.usage`); a write without usage keeps the usage that the row has.
    `text` of an interrupted reply is what the user heard, `unheard` the text that followed it; the characters do not
    remember it. `replaces`: the id of the first version of this message (see `versions`); "" if this is the first.
    """

    id: str
    conversation_id: str
    turn_id: str
    role: Role
    character_id: str | None
    character_name: str
    text: str
    status: Status
    position: int
    created_at: datetime
    updated_at: datetime
    usage: Mapping[str, int | float] = field(default_factory=dict[str, "int | float"])
    unheard: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A message that is not at the table: another version of a message, or one that followed such a version.

    `branch`: the id of the version that begins its branch, which is its own id if it begins one. `displaced_by`: the id
    of the version that took the place of the branch.
    """

    message: Message
    branch: str
    displaced_by: str = ""


@dataclass(frozen=True, slots=True)
class VersionPlace:
    """Where a version that is set aside belongs. `root`: the id of the first version of its message."""

    id: str
    root: str
    position: int


@dataclass(frozen=True, slots=True)
class Character:
    """A character.

    `voice` is a voice id of the speech engine; `image` is "", a data:image/ URI or a URL. `model_settings` are the
    character's own settings (see `tertulia_shared.model_settings`); a missing one is taken from the conversation's
    settings. `talkativeness`: how often the character answers a remark that is addressed to no one, 0 (never) to 100.
    `speed` is a factor of the voice's own speed, `pitch` is in semitones from the voice's own pitch; an engine that
    cannot change them ignores them. `card` is the JSON of the character card from which the character was imported, as
    it came; "" if there is none.
    """

    id: str
    name: str
    voice: str
    system_prompt: str
    image: str
    active: bool
    created_at: datetime
    updated_at: datetime
    model_settings: ModelSettings = field(default_factory=dict[str, JsonValue])
    talkativeness: int = TALKATIVENESS
    speed: float = 1.0
    pitch: float = 0.0
    card: str = ""


def utc_now() -> datetime:
    return datetime.now(UTC)


def time_to_text(time: datetime) -> str:
    """ISO 8601 in UTC with microseconds: the width is fixed, so that text order is time order.

    Raises:
        InvalidRecord: the datetime has no time zone.
    """
    if time.tzinfo is None:
        raise InvalidRecord("time", f"{time!s} has no time zone; use an aware datetime such as datetime.now(UTC)")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def time_from_text(text: str) -> datetime:
    """The inverse of `time_to_text`. Raises: ValueError."""
    return datetime.fromisoformat(text)


def parse_cursor(cursor: str) -> tuple[str, str]:
    """Split `Conversation.cursor` into the time's text and the id.

    Raises:
        InvalidRecord: it was not made by `Conversation.cursor`.
    """
    time, _, conversation_id = cursor.partition("~")
    try:
        normal = time_to_text(time_from_text(time))
    except (ValueError, OverflowError, InvalidRecord):
        normal = ""
    if not normal or not conversation_id.isascii():
        raise InvalidRecord("before", "not a cursor; use the `cursor` of the last conversation you have")
    return normal, conversation_id

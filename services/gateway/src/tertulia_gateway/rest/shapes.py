"""What the REST API takes and gives, as Pydantic models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tertulia_shared.store import Character, Conversation, Message
from tertulia_shared.store.pictures import shown
from tertulia_shared.text import clean_line, clean_text

NAME_MAX, VOICE_MAX, PROMPT_MAX, IMAGE_MAX, TITLE_MAX = 40, 64, 8_000, 262_144, 200


def _cleaned(clean: Callable[[str], str]) -> BeforeValidator:
    """Repairs text before its length is looked at; what is no text is left for Pydantic to refuse."""
    return BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)


Line = Annotated[str, _cleaned(clean_line)]
Text = Annotated[str, _cleaned(clean_text)]


class Shape(BaseModel):
    """Base: made from records, and strict about unknown fields in what comes in."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class ConversationItem(Shape):
    """A conversation in a list."""

    id: str
    title: str = Field(description='"" until it is renamed or begun')
    created_at: datetime
    updated_at: datetime = Field(description="time of its newest message")


class ConversationPage(Shape):
    """Conversations, the one talked in last first."""

    items: list[ConversationItem]
    next: str | None = Field(description="give it as `before` to get the next page; null on the last one")


class MessageItem(Shape):
    """One speaker's one utterance."""

    id: str
    turn_id: str
    role: Literal["user", "character"]
    character_id: str | None
    character_name: str
    text: str = Field(description="of a reply that was cut off: what was heard")
    status: Literal["streaming", "complete", "interrupted", "failed"]
    position: int
    created_at: datetime


class ConversationWithMessages(ConversationItem):
    """A conversation and a page of its messages, oldest first."""

    messages: list[MessageItem]
    next: int | None = Field(description="give it as `after` to get the next page; null on the last one")


class Rename(Shape):
    """A conversation's new title."""

    title: Line = Field(max_length=TITLE_MAX)


class CharacterItem(Shape):
    """Someone at the table."""

    id: str
    name: str
    voice: str
    system_prompt: str
    image: str
    active: bool
    created_at: datetime
    updated_at: datetime


class CharacterList(Shape):
    """All characters, by name."""

    characters: list[CharacterItem]


class NewCharacter(Shape):
    """A character to be made."""

    name: Line = Field(min_length=1, max_length=NAME_MAX)
    voice: Line = Field(min_length=1, max_length=VOICE_MAX, description="an id from /api/voices")
    system_prompt: Text = Field("", max_length=PROMPT_MAX)
    image: Text = Field("", max_length=IMAGE_MAX, description='"", or a base64 data: URI of a PNG, JPEG, WebP or GIF')
    active: bool = True


class CharacterChange(Shape):
    """What is to be changed; what is left out stays."""

    name: Line | None = Field(None, min_length=1, max_length=NAME_MAX)
    voice: Line | None = Field(None, min_length=1, max_length=VOICE_MAX)
    system_prompt: Text | None = Field(None, max_length=PROMPT_MAX)
    image: Text | None = Field(None, max_length=IMAGE_MAX)
    active: bool | None = None


class VoiceItem(Shape):
    """A voice that a live speech engine has."""

    id: str
    name: str
    language: str
    description: str
    engine: str


class VoiceList(Shape):
    """All voices."""

    voices: list[VoiceItem]


class Status(Shape):
    """What is running."""

    version: str
    demo: bool = Field(description="replies come from the demo model")
    redis_ms: float | None = Field(description="round trip to Redis; null if it does not answer")
    engines: dict[str, list[str]] = Field(description="per stage the engines of its live workers")
    missing: list[str] = Field(description="what has to run and doesn't; the talk is incomplete until it does")
    connections: int = Field(description="WebSocket connections of this process")
    namespace: str = Field(description="first part of every Redis key")


class Readiness(Shape):
    """Whether a talk can be held."""

    ready: bool
    missing: list[str]
    engines: dict[str, list[str]]


def conversation_item(conversation: Conversation) -> ConversationItem:
    return ConversationItem.model_validate(conversation, extra="ignore")


def message_item(message: Message) -> MessageItem:
    return MessageItem.model_validate(message, extra="ignore")


def character_item(character: Character) -> CharacterItem:
    item = CharacterItem.model_validate(character, extra="ignore")
    return item.model_copy(update={"image": shown(item.image)})

"""The request and response bodies about conversations and their messages."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from tertulia_gateway.rest.excerpt import excerpt
from tertulia_gateway.rest.schemas import UUID, Line, Schema
from tertulia_shared.store import Conversation, Message
from tertulia_shared.store.validation import TITLE_MAX_CHARS
from tertulia_shared.usage import USAGE


class ConversationItem(Schema):
    """A conversation in a list."""

    id: str
    title: str = Field(description='"" until it is renamed or begun')
    created_at: datetime
    updated_at: datetime = Field(description="time of its newest message")


class ListedConversation(ConversationItem):
    """A conversation in the list of conversations."""

    preview: str = Field(description="the beginning of its newest message, or the place that contains the text")
    preview_by: str = Field(description='the speaker of that message; "" if there is none')


class ConversationPage(Schema):
    """A page of conversations, the most recently used first."""

    items: list[ListedConversation]
    next: str | None = Field(description="give it as `before` to get the next page; null on the last one")


class MessageItem(Schema):
    """One message of the user or of a character."""

    id: str
    turn_id: str
    role: Literal["user", "character"]
    character_id: str | None
    character_name: str
    text: str = Field(description="of an interrupted reply: the text that was heard")
    unheard: str = Field(description="of an interrupted reply: the text that followed, which was not heard")
    status: Literal["streaming", "complete", "interrupted", "failed"]
    position: int
    created_at: datetime
    replaces: str = Field(
        default="", description='the id of the first version of this message; "" if this is the first'
    )
    versions: list[str] = Field(
        default=[],
        description="of a message at the table: the ids of all its versions in the order in which they were made; empty"
        " if it has only one",
    )


class SetAsideItem(Schema):
    """A message that is not at the table: another version of a message, or one that followed such a version."""

    message: MessageItem
    branch: str = Field(description="the id of the version that begins its branch; its own id if it begins one")


class SetAsideList(Schema):
    """A page of the messages of a conversation that are set aside, oldest first."""

    items: list[SetAsideItem]
    next: int | None = Field(None, description="`after` of the next page; null: this is the last one")


class ConversationWithMessages(ConversationItem):
    """A conversation and a page of its messages, oldest first."""

    usage: dict[str, int | float] = Field(
        description=f"of all its replies, as far as the model server reported it: {', '.join(USAGE)}"
    )
    messages: list[MessageItem]
    next: int | None = Field(description="give it as `after` to get the next page; null on the last one")


class ImportedConversation(ConversationItem):
    """A conversation made from a file, or from another conversation."""

    messages: int = Field(description="how many messages it got from there")
    shortened_names: int = Field(0, description="how many too long names of speakers were shortened")


class NewBranch(Schema):
    """Where a new conversation leaves this one."""

    message_id: str = Field(pattern=UUID, description="the last message that both have in common; it is at the table")
    request_id: str = Field(pattern=UUID, description="a new UUID; repeat it if the request is repeated")


class Rename(Schema):
    """A conversation's new title."""

    title: Line = Field(max_length=TITLE_MAX_CHARS)


def conversation_item(conversation: Conversation) -> ConversationItem:
    return ConversationItem.model_validate(conversation, extra="ignore")


def listed_conversation(conversation: Conversation, search: str) -> ListedConversation:
    preview = conversation.preview
    return ListedConversation(
        **conversation_item(conversation).model_dump(),
        preview=excerpt(preview.text, search) if preview else "",
        preview_by=preview.character_name if preview else "",
    )


def message_item(message: Message) -> MessageItem:
    return MessageItem.model_validate(message, extra="ignore")

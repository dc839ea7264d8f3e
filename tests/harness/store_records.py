"""Valid records for tests, each with a new id, at times that the test chooses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import uuid4

from tertulia_shared.store import Character, Message, Status, Store

OpenStore: TypeAlias = Callable[[], Awaitable[Store]]
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def new_id() -> str:
    return str(uuid4())


def user_message(conversation_id: str, position: int, text: str = "Hello", *, seconds: float = 0) -> Message:
    return Message(
        id=new_id(),
        conversation_id=conversation_id,
        turn_id=new_id(),
        role="user",
        character_id=None,
        character_name="Jay",
        text=text,
        status="complete",
        position=position,
        created_at=at(seconds),
        updated_at=at(seconds),
    )


def reply(
    conversation_id: str, position: int, text: str = "", status: Status = "streaming", *, seconds: float = 0
) -> Message:
    return Message(
        id=new_id(),
        conversation_id=conversation_id,
        turn_id=new_id(),
        role="character",
        character_id=new_id(),
        character_name="Luna",
        text=text,
        status=status,
        position=position,
        created_at=at(seconds),
        updated_at=at(seconds),
    )


def character(name: str, *, active: bool = True, seconds: float = 0) -> Character:
    return Character(
        id=new_id(),
        name=name,
        voice="luna",
        system_prompt=f"You are {name}.",
        image="",
        active=active,
        created_at=at(seconds),
        updated_at=at(seconds),
    )

"""Converts between the JSON rows of Supabase and the records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from tertulia_shared.store.records import (
    Character,
    Conversation,
    Message,
    Preview,
    SetAside,
    time_from_text,
    time_to_text,
)
from tertulia_shared.store.validation import name_key, settings_as_saved
from tertulia_shared.usage import possible_usage

Row: TypeAlias = dict[str, Any]

CONVERSATION: Final = "id, title, created_at, updated_at"
MESSAGE: Final = (
    "id, conversation_id, turn_id, role, character_id, character_name, text, status, position, created_at, updated_at, "
    "usage, unheard, replaces"
)
CHARACTER: Final = (
    "id, name, voice, system_prompt, image, active, created_at, updated_at, model_settings, talkativeness, speed, "
    "pitch, card"
)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """True if a row may have this id: PostgreSQL refuses other values, and the id becomes part of a URL."""
    return _UUID.fullmatch(text) is not None


def conversation_row(conversation_id: str, title: str, now: datetime) -> Row:
    time = time_to_text(now)
    return {"id": conversation_id, "title": title, "created_at": time, "updated_at": time}


def message_row(message: Message) -> Row:
    """Convert a message to a row. Raises: InvalidRecord (a time without a zone)."""
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "turn_id": message.turn_id,
        "role": message.role,
        "character_id": message.character_id,
        "character_name": message.character_name,
        "text": message.text,
        "status": message.status,
        "position": message.position,
        "created_at": time_to_text(message.created_at),
        "updated_at": time_to_text(message.updated_at),
        "usage": dict(message.usage),
        "unheard": message.unheard,
        "replaces": message.replaces or None,
    }


def set_aside_row(aside: SetAside) -> Row:
    """Convert a message that is set aside to a row. Raises: InvalidRecord (a time without a zone)."""
    return {**message_row(aside.message), "branch": aside.branch, "displaced_by": aside.displaced_by or None}


def character_row(character: Character) -> Row:
    """Convert a character to a row. Raises: InvalidRecord (a time without a zone)."""
    return {
        "id": character.id,
        "name": character.name,
        "name_key": name_key(character.name),
        "voice": character.voice,
        "system_prompt": character.system_prompt,
        "image": character.image,
        "active": character.active,
        "created_at": time_to_text(character.created_at),
        "updated_at": time_to_text(character.updated_at),
        "model_settings": settings_as_saved(character.model_settings),
        "talkativeness": character.talkativeness,
        "speed": character.speed,
        "pitch": character.pitch,
        "card": character.card,
    }


def conversation(row: Mapping[str, Any]) -> Conversation:
    return Conversation(row["id"], row["title"], _time(row["created_at"]), _time(row["updated_at"]))


def listed(row: Mapping[str, Any]) -> Conversation:
    """A conversation in a list, with its preview."""
    preview = row["preview"]
    found = conversation(row)
    return found if preview is None else replace(found, preview=Preview(preview["character_name"], preview["text"]))


def message(row: Mapping[str, Any]) -> Message:
    return Message(
        id=row["id"],
        conversation_id=row["conversation_id"],
        turn_id=row["turn_id"],
        role=row["role"],
        character_id=row["character_id"],
        character_name=row["character_name"],
        text=row["text"],
        status=row["status"],
        position=row["position"],
        created_at=_time(row["created_at"]),
        updated_at=_time(row["updated_at"]),
        usage=possible_usage(row["usage"]),
        unheard=row["unheard"],
        replaces=row["replaces"] or "",
    )


def set_aside(row: Mapping[str, Any]) -> SetAside:
    return SetAside(message(row), row["branch"], row["displaced_by"] or "")


def character(row: Mapping[str, Any]) -> Character:
    return Character(
        id=row["id"],
        name=row["name"],
        voice=row["voice"],
        system_prompt=row["system_prompt"],
        image=row["image"],
        active=row["active"],
        created_at=_time(row["created_at"]),
        updated_at=_time(row["updated_at"]),
        model_settings=settings_as_saved(row["model_settings"]),
        talkativeness=row["talkativeness"],
        speed=row["speed"],
        pitch=row["pitch"],
        card=row["card"],
    )


def _time(text: str) -> datetime:
    return time_from_text(text).astimezone(UTC)

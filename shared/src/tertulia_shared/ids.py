"""Ids are UUID strings. An id that a retry must reproduce is derived, not random."""

from __future__ import annotations

import uuid


def new_id() -> str:
    """A fresh random id."""
    return str(uuid.uuid4())


def is_id(value: object) -> bool:
    """True if `value` is a UUID in canonical lower-case form, the form that keys use."""
    if not isinstance(value, str):
        return False
    try:
        return str(uuid.UUID(value)) == value
    except ValueError:
        return False


def reply_id(turn_id: str, character_id: str) -> str:
    """The `message_id` of a character's reply: every worker derives the same id, so storing it twice is harmless."""
    return str(uuid.uuid5(uuid.UUID(turn_id), character_id))


def spoken_turn_id(session_id: str, start_sample: int) -> str:
    """The `turn_id` of an utterance: every worker derives the same id."""
    return str(uuid.uuid5(uuid.UUID(session_id), f"utterance {start_sample}"))

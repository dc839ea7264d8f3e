"""Ids are UUID strings. An id that a retry must reproduce is derived, not random."""

from __future__ import annotations

import re
import uuid
from functools import lru_cache
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_REMEMBERED: Final = 4096
"""Of so many replies the ids are kept: a turn needs each of them several times."""


def new_id() -> str:
    """A fresh random id."""
    return str(uuid.uuid4())


def is_id(value: object) -> bool:
    """True if `value` is a UUID in canonical lower-case form, the form that keys use."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


@lru_cache(maxsize=_REMEMBERED)
def reply_id(turn_id: str, character_id: str, *, version: int = 0, nth: int = 0) -> str:
    """The `message_id` of a character's reply: every worker derives the same id, so storing it twice is harmless.

    `version`: the turn's version (see `UserTurn`). `nth`: how many replies of this character the turn has before.
    """
    name = f"{character_id} {version} {nth}" if version or nth else character_id
    return str(uuid.uuid5(uuid.UUID(turn_id), name))


def turn_ref(turn_id: str, version: int) -> str:
    """Names one version of a turn, in the conversation's state."""
    return f"{turn_id}/{version}" if version else turn_id


def spoken_turn_id(session_id: str, start_sample: int) -> str:
    """The `turn_id` of an utterance: every worker derives the same id."""
    return str(uuid.uuid5(uuid.UUID(session_id), f"utterance {start_sample}"))

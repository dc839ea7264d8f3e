"""The fields of a conversation's state hash (`Keys.state`). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import overload

from tertulia_shared.codec import Fields, number

MAX_EPOCH = 2**53
"""Highest epoch that Lua compares exactly; the scripts refuse a higher one."""
MAX_WITHDRAWN = 8
"""The state names at most this many withdrawn versions of turns."""


class StateField(StrEnum):
    """The names of the hash's fields. `Keys.state` documents their meaning."""

    EPOCH = "epoch"
    TALK = "talk"
    CUT = "cut"
    CURSOR = "cursor"
    PLAN = "plan"
    STARTED = "started"
    COMPLETE = "complete"
    FAILED = "failed"
    SETTLED = "settled"
    ENDED = "ended"
    WARNED = "warned"
    SETTINGS = "settings"
    CLIENT = "client"
    TENTATIVE = "tentative"
    WITHDRAWN = "withdrawn"
    SOUNDING = "sounding"
    ANSWERING = "answering"
    MUTED = "muted"
    DISCUSSION = "discussion"
    LISTENING = "listening"
    USER_NAME = "user_name"
    CAST = "cast"
    SUMMARY = "summary"
    LOREBOOK = "lorebook"
    PERSONA = "persona"
    NOTE = "note"

    @property
    def raw(self) -> bytes:
        """The name as Redis returns it."""
        return self.encode()


@dataclass(frozen=True, slots=True)
class ConversationState:
    """The state hash as read. Any field may be missing or invalid."""

    fields: Fields

    def __contains__(self, field: StateField) -> bool:
        return field.raw in self.fields

    @overload
    def get(self, field: StateField) -> bytes | None: ...
    @overload
    def get(self, field: StateField, default: bytes) -> bytes: ...
    def get(self, field: StateField, default: bytes | None = None) -> bytes | None:
        """The raw value of a field; `default` if it is missing."""
        return self.fields.get(field.raw, default)

    @property
    def epoch(self) -> int:
        """The conversation's epoch; 0 if the field is missing or invalid."""
        epoch = number(self.fields, StateField.EPOCH.raw)
        return epoch if epoch <= MAX_EPOCH else 0

    @property
    def withdrawn(self) -> frozenset[str]:
        """The versions of turns that were withdrawn last (see `UserTurn.ref`)."""
        return frozenset(self.get(StateField.WITHDRAWN, b"").decode(errors="replace").split())

    @property
    def is_talking(self) -> bool:
        """True while a reply is being made or heard."""
        return StateField.TALK in self

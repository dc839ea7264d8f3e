"""The fields of a conversation's state hash (`Keys.state`). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import overload

from tertulia_shared.codec import Fields, number

MAX_EPOCH = 2**53
"""Highest epoch that Lua compares exactly; the scripts refuse a higher one."""


class StateField(StrEnum):
    """A field of the hash. Who writes it: `Keys.state` says what each one means."""

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

    @property
    def raw(self) -> bytes:
        """The name as Redis returns it."""
        return self.value.encode()


@dataclass(frozen=True, slots=True)
class ConversationState:
    """The hash as one read returned it. Fields may be missing, and may hold anything."""

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
        """The conversation's epoch; 0 if the field is missing or holds nothing that a script has written."""
        epoch = number(self.fields, StateField.EPOCH.raw)
        return epoch if epoch <= MAX_EPOCH else 0

    @property
    def is_talking(self) -> bool:
        """True while a reply is being made or heard."""
        return StateField.TALK in self

"""Follows changes of the past in the events of a conversation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from tertulia_shared.bus import Entry
from tertulia_shared.codec import BadEntry, decode_event
from tertulia_shared.events import HistoryChanged
from tertulia_shared.store import Message
from tertulia_shared.store.records import SetAside
from tertulia_shared.store.versions import root_of

_FIELDS: Final = (
    "id", "conversation_id", "turn_id", "role", "character_id", "character_name", "text", "unheard", "status",
    "position", "replaces",
)  # fmt: skip


def row_of(message: Message) -> Mapping[str, Any]:
    """A message as the event `history_changed` has it, without its versions."""
    return {**{name: getattr(message, name) for name in _FIELDS}, "created_at": message.created_at.isoformat()}


def changes_in(events: Iterable[Entry]) -> list[HistoryChanged]:
    """The changes of the past among these events, in order."""
    found: list[HistoryChanged] = []
    for entry in events:
        if entry.fields.get(b"type") == HistoryChanged.type.encode():
            with suppress(BadEntry):
                event = decode_event(entry.fields)
                if isinstance(event, HistoryChanged):
                    found.append(event)
    return found


def follow_change(
    messages: MutableMapping[str, Message], aside: MutableMapping[str, SetAside], change: HistoryChanged
) -> None:
    """Apply a change to messages that were rebuilt, as its event describes it. Repeated, it has no effect."""
    for message_id in change.removed:
        message = messages.pop(message_id, None)
        if message is not None and change.change != "removed":
            aside[message_id] = SetAside(message, change.removed[0], change.message_id)
    begun = messages.get(change.message_id)
    if change.change == "replaced" and begun is not None and not begun.replaces:
        # the streams do not say what it replaces
        first = aside.get(change.removed[0]) if change.removed else None
        group = change.versions[0] if change.versions else ("",)
        messages[begun.id] = replace(begun, replaces=group[0] if first is None else root_of(first.message))
    for row in change.restored:
        with suppress(KeyError, TypeError, ValueError):
            message = _message(row)
            aside.pop(message.id, None)
            if change.change == "replaced":  # an empty version: the words in the stream were a command
                messages[message.id] = message
            else:
                messages.setdefault(message.id, message)


def _message(row: Mapping[str, Any]) -> Message:
    time = datetime.fromisoformat(row["created_at"])
    return Message(**{name: row[name] for name in _FIELDS}, created_at=time, updated_at=time)

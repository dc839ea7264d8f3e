"""The writes in the outbox's stream: how they are built, and read again."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from tertulia_shared import codec
from tertulia_shared.bus import Outlet
from tertulia_shared.codec import BadEntry, encode
from tertulia_shared.entries import STORE_WRITE_VERSION, DeadLetter, StoreWrite
from tertulia_shared.keys import Key
from tertulia_shared.store import Message, ModelSettings
from tertulia_shared.usage import possible_usage

OLDER_SETTINGS_MAX_BYTES = 4_096
"""Length of a row with settings, which are longer as JSON, that a release without personas certainly saves."""


def append_write(outlet: Outlet, key: Key, write: StoreWrite) -> None:
    """Queue a write for the stream, in the schema version that its kind needs."""
    is_long = write.kind == "settings" and len(write.row) > OLDER_SETTINGS_MAX_BYTES
    if is_long or write.kind in ("version", "delete", "choose", "remove", "document", "delete_document"):
        outlet.append(key, write, v=STORE_WRITE_VERSION)
    else:
        outlet.append(key, write)


def refused_letter(write: StoreWrite, reason: str) -> DeadLetter:
    """The dead letter of a write that was never in the stream; its `entry` has the stream's form."""
    flat = encode(write, ts=0, epoch=0)
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    of = write.message_id or write.conversation_id
    return DeadLetter("store", of, 1, reason, write.conversation_id, write.message_id, entry=codec.pack(fields))


def conversation_write(conversation_id: str, title: str) -> StoreWrite:
    return StoreWrite("conversation", conversation_id, row=codec.pack({"title": title}))


def message_write(message: Message) -> StoreWrite:
    row = {each.name: getattr(message, each.name) for each in fields(message)}
    times = {name: row[name].isoformat() for name in ("created_at", "updated_at")}
    for name in ("usage", "unheard", "replaces"):
        if not row[name]:  # a default is omitted, as in every entry
            del row[name]
    kind = "version" if message.replaces else "message"
    return StoreWrite(kind, message.conversation_id, message.id, codec.pack({**row, **times}))


def settings_write(conversation_id: str, settings: ModelSettings) -> StoreWrite:
    return StoreWrite("settings", conversation_id, row=codec.pack(settings))


def delete_write(conversation_id: str, turn_id: str, positions: range) -> StoreWrite:
    row = {"turn_id": turn_id, "positions": [positions.start, positions.stop]}
    return StoreWrite("delete", conversation_id, row=codec.pack(row))


def title_of(write: StoreWrite) -> str:
    """The title in a store write, "" if it has none. Raises: BadEntry."""
    return str(_row(write).get("title", ""))


def message_of(write: StoreWrite) -> Message:
    """The message in a store write. Raises: BadEntry."""
    row = _row(write)
    try:
        times: dict[str, Any] = {name: datetime.fromisoformat(row[name]) for name in ("created_at", "updated_at")}
        usage = possible_usage(row.pop("usage", None))
        return replace(codec.known(Message, {**row, **times}), usage=usage)
    except (KeyError, TypeError, ValueError) as error:
        raise BadEntry(f"the message of a store write cannot be read: {error}") from error


def deleted_by(write: StoreWrite) -> tuple[str, range]:
    """The turn and the positions of the messages that a store write deletes. Raises: BadEntry."""
    match _row(write):
        case {"turn_id": str(turn_id), "positions": [int(start), int(stop)]}:
            return turn_id, range(start, stop)
        case _:
            raise BadEntry("a store write names no messages to delete")


def settings_of(write: StoreWrite) -> ModelSettings:
    """The settings in a store write. Raises: BadEntry."""
    return _row(write)


def _row(write: StoreWrite) -> dict[str, Any]:
    row = codec.unpack(write.row)
    if not isinstance(row, dict):
        raise BadEntry("a store write has no row")
    return row  # pyright: ignore[reportUnknownVariableType] - from msgpack

"""Rows that the store has not taken yet: they wait in the conversation's state, and so outlive the worker. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from tertulia_shared import codec
from tertulia_shared.codec import BadEntry
from tertulia_shared.store import Message

FIELD = "owed"
"""The field of the state hash."""
MAX_ROWS = 500
"""Rows kept of one conversation while the store is away; beyond that the oldest are lost, and the log says so."""

Rows = Mapping[str, Message]

log = logging.getLogger(__name__)


def owed_fields(rows: Rows) -> dict[str, bytes | None]:
    """The state's fields for rows that wait, by id; none of them clears it."""
    newest = sorted(rows.values(), key=lambda row: row.position)[-MAX_ROWS:]
    if len(newest) < len(rows):
        log.error("rows were lost: the store has been away for too long", extra={"count": len(rows) - len(newest)})
    return {FIELD: codec.pack([_to_wire(row) for row in newest]) if newest else None}


def read_owed(state: codec.Fields) -> dict[str, Message]:
    """The rows that wait, by id.

    Raises:
        BadEntry: they cannot be read.
    """
    raw = state.get(FIELD.encode())
    if raw is None:
        return {}
    try:
        rows = [_from_wire(wire) for wire in codec.unpack(raw)]
    except (KeyError, TypeError, ValueError) as error:
        raise BadEntry(f"the rows that wait for the store cannot be read: {error}") from error
    return {row.id: row for row in rows}


def _to_wire(row: Message) -> dict[str, Any]:
    return {**asdict(row), "created_at": row.created_at.isoformat(), "updated_at": row.updated_at.isoformat()}


def _from_wire(wire: dict[str, Any]) -> Message:
    times: dict[str, Any] = {name: datetime.fromisoformat(wire[name]) for name in ("created_at", "updated_at")}
    return Message(**{**wire, **times})

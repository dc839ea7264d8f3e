"""The SQLite store's SQL that moves messages aside and back. It follows `versions`.

Runs on the thread that owns the connection.
"""
# ruff: noqa: S608  (only this file's constants are put into SQL text; every value is bound)

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import orjson

from tertulia_shared.store.records import Message, VersionPlace
from tertulia_shared.store.row_values import Row
from tertulia_shared.store.versions import REMOVED

MESSAGE: Final = (
    "id, conversation_id, turn_id, role, character_id, character_name, text, status, position, created_at, updated_at, "
    "usage, unheard, replaces"
)
"""The columns that `messages` and `set_aside` have in common."""

# `replaces <> ''` lets SQLite use the index of the versions; the `+` prevents that it reads the whole conversation
_OF_GROUP: Final = "+conversation_id = :conversation AND (id = :root OR (replaces = :root AND replaces <> ''))"
CURRENT: Final = f"SELECT id, position FROM messages WHERE {_OF_GROUP}"
HAS_VERSIONS_ASIDE: Final = f"SELECT 1 FROM set_aside WHERE {_OF_GROUP} AND branch <> '' LIMIT 1"
_FOLLOWING: Final = """
conversation_id = :conversation AND position < :before AND (position, id) >= (:position, :id)
"""
_SET_ASIDE: Final = f"""
INSERT INTO set_aside ({MESSAGE}, branch, displaced_by)
SELECT {MESSAGE}, :id, :displaced_by FROM messages WHERE {_FOLLOWING}
"""
_LEAVE_TABLE: Final = f"DELETE FROM messages WHERE {_FOLLOWING}"
_BRANCH: Final = f"SELECT {MESSAGE} FROM set_aside WHERE branch = ?"
_INSERT: Final = f"INSERT INTO messages ({MESSAGE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_ASIDE: Final = f"""
INSERT INTO set_aside ({MESSAGE}, branch, displaced_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ROOT: Final = "CASE replaces WHEN '' THEN id ELSE replaces END"
_CHOSEN: Final = f"SELECT {_ROOT} FROM set_aside WHERE id = :id AND branch = :id AND conversation_id = :conversation"
_KNOWN: Final = f"""
SELECT {_ROOT} FROM messages WHERE id = :id AND conversation_id = :conversation
UNION ALL SELECT {_ROOT} FROM set_aside WHERE id = :id AND conversation_id = :conversation AND branch <> ''
"""
# the versions of the group, the messages in their branches, the versions of those, and so on
DOOMED: Final = f"""
WITH RECURSIVE doomed (id, root) AS (
    SELECT id, :root FROM messages WHERE {_OF_GROUP}
    UNION SELECT id, :root FROM set_aside WHERE {_OF_GROUP} AND branch <> ''
    UNION SELECT other.id, CASE other.replaces WHEN '' THEN other.id ELSE other.replaces END
    FROM doomed JOIN set_aside AS other
        ON other.branch = doomed.id OR other.id = doomed.root OR (other.replaces = doomed.root AND other.replaces <> '')
    WHERE +other.conversation_id = :conversation AND other.branch <> ''
)
SELECT DISTINCT id FROM doomed
"""
_ERASE: Final = "UPDATE set_aside SET text = '', unheard = '', branch = '', displaced_by = '' WHERE id = ?"
_OF_TURN: Final = "conversation_id = :conversation AND position >= :first AND position < :stop AND turn_id = :turn"
DISPLACED: Final = f"""
SELECT id FROM set_aside WHERE {_OF_GROUP} AND branch = id
ORDER BY displaced_by = :id DESC, position DESC, id DESC LIMIT 1
"""
PLACES: Final = """
SELECT aside.id, CASE aside.replaces WHEN '' THEN aside.id ELSE aside.replaces END, aside.position
FROM json_each(:roots) AS wanted JOIN set_aside AS aside
    ON aside.id = wanted.value OR (aside.replaces = wanted.value AND aside.replaces <> '')
WHERE +aside.conversation_id = :conversation AND aside.branch = aside.id
    AND (aside.status <> 'streaming' OR aside.text <> '')
"""
_SAME_BRANCH: Final = f"SELECT 1 FROM set_aside WHERE {_OF_GROUP} AND branch = :branch LIMIT 1"


def make_room(connection: sqlite3.Connection, message: Message) -> bool:
    """Set aside what a new message replaces. False if the new message must be set aside itself (see `versions`)."""
    group = {"conversation": message.conversation_id, "root": message.replaces}
    current = connection.execute(CURRENT, group).fetchone()
    if current is None:
        return connection.execute(HAS_VERSIONS_ASIDE, group).fetchone() is None
    if current[1] >= message.position:
        return False
    _move_aside(connection, message.conversation_id, current, message.id, before=message.position)
    return True


def insert_aside(connection: sqlite3.Connection, row: Row, branch: str, displaced_by: str) -> None:
    connection.execute(_INSERT_ASIDE, (*row, branch, displaced_by))


def choose(connection: sqlite3.Connection, conversation_id: str, message_id: str, before: int) -> None:
    chosen = connection.execute(_CHOSEN, {"id": message_id, "conversation": conversation_id}).fetchone()
    if chosen is None:
        return
    current = connection.execute(CURRENT, {"conversation": conversation_id, "root": chosen[0]}).fetchone()
    if current is None or current[1] >= before:
        return
    _move_aside(connection, conversation_id, current, message_id, before=before)
    _restore(connection, message_id)


def remove(connection: sqlite3.Connection, conversation_id: str, message_id: str) -> None:
    known = connection.execute(_KNOWN, {"id": message_id, "conversation": conversation_id}).fetchone()
    if known is None:
        return
    group = {"conversation": conversation_id, "root": known[0]}
    for (each,) in connection.execute(DOOMED, group).fetchall():
        row = connection.execute(f"DELETE FROM messages WHERE id = ? RETURNING {MESSAGE}", (each,)).fetchall()
        if row:
            insert_aside(connection, row[0], REMOVED, "")
        connection.execute(_ERASE, (each,))


def withdraw(connection: sqlite3.Connection, conversation_id: str, turn_id: str, positions: range) -> None:
    """Delete the messages of a turn at these positions; the versions that they displaced come back."""
    turn = {
        "conversation": conversation_id,
        "turn": turn_id,
        "first": positions.start,
        "stop": positions.stop,
    }
    deleted = f"DELETE FROM messages WHERE {_OF_TURN} RETURNING position, id, {_ROOT}"
    gone = connection.execute(deleted, turn).fetchall()
    hidden = connection.execute(
        f"DELETE FROM set_aside WHERE {_OF_TURN} RETURNING position, id, {_ROOT}, branch", turn
    ).fetchall()
    for _, message_id, root in sorted(gone, reverse=True):
        group = {"conversation": conversation_id, "root": root, "id": message_id}
        displaced = connection.execute(DISPLACED, group).fetchone()
        if displaced is not None and connection.execute(CURRENT, group).fetchone() is None:
            _restore(connection, displaced[0])
    for _, message_id, root, branch in sorted(hidden, reverse=True):
        group = {"conversation": conversation_id, "root": root, "id": message_id, "branch": branch}
        if branch in (REMOVED, message_id) or connection.execute(_SAME_BRANCH, group).fetchone() is not None:
            continue
        displaced = connection.execute(DISPLACED, group).fetchone()
        if displaced is not None:
            joined = "UPDATE set_aside SET branch = ?, displaced_by = '' WHERE branch = ?"
            connection.execute(joined, (branch, displaced[0]))


def select_places(connection: sqlite3.Connection, conversation_id: str, roots: Sequence[str]) -> list[VersionPlace]:
    wanted = {"conversation": conversation_id, "roots": orjson.dumps(roots).decode()}
    return [VersionPlace(*row) for row in connection.execute(PLACES, wanted)]


def _move_aside(
    connection: sqlite3.Connection, conversation_id: str, first: Row, displaced_by: str, *, before: int
) -> None:
    """Set aside the version `first` (its id and position) and what follows it, below the position `before`."""
    message_id, position = first
    following = {
        "conversation": conversation_id,
        "id": message_id,
        "position": position,
        "before": before,
        "displaced_by": displaced_by,
    }
    connection.execute(_SET_ASIDE, following)
    connection.execute(_LEAVE_TABLE, following)


def _restore(connection: sqlite3.Connection, branch: str) -> None:
    """Bring a branch back to the table."""
    rows = connection.execute(_BRANCH, (branch,)).fetchall()
    connection.execute("DELETE FROM set_aside WHERE branch = ?", (branch,))  # first: see the trigger `set_aside_stays`
    connection.executemany(_INSERT, rows)

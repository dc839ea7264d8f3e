"""The SQLite store's SQL for messages, and conversions of rows and messages.

Runs on the thread that owns the connection; `version_rows` moves messages aside and back.
"""
# ruff: noqa: S608  (only this file's constants are put into SQL text; every value is bound)

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson

from tertulia_shared.store import version_rows
from tertulia_shared.store.errors import InvalidRecord, NotFound
from tertulia_shared.store.ordering import STATUS_RANK
from tertulia_shared.store.records import Message, SetAside, time_to_text
from tertulia_shared.store.row_values import Row, stored_time, stored_usage
from tertulia_shared.store.version_rows import MESSAGE
from tertulia_shared.usage import Usage, summed_usage


def _rank(column: str) -> str:
    cases = " ".join(f"WHEN '{status}' THEN {rank}" for status, rank in STATUS_RANK.items())
    return f"(CASE {column} {cases} END)"


def _update(table: str, new: str) -> str:
    """An update of a message that is in `table`, with the row `new` (a table, or a prefix of parameters).

    It is `ordering.supersedes` in SQL; the contract suite tests that the two agree.
    """
    return f"""
    character_name = {new}character_name, text = {new}text, unheard = {new}unheard, status = {new}status,
    updated_at = {new}updated_at, usage = CASE {new}usage WHEN '{{}}' THEN {table}.usage ELSE {new}usage END
WHERE {table}.conversation_id = {new}conversation_id AND (
    {_rank(f"{new}status")} > {_rank(f"{table}.status")}
    OR ({new}status = {table}.status AND {new}updated_at >= {table}.updated_at))
"""


_SAVE_MESSAGE: Final = f"""
INSERT INTO messages ({MESSAGE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET {_update("messages", "excluded.")}
"""
_UPDATE_ASIDE: Final = f"""
UPDATE set_aside SET {_update("set_aside", ":")} AND set_aside.id = :id AND set_aside.branch <> ''
"""
_MOVE_FORWARD: Final = "UPDATE conversations SET updated_at = :time WHERE id = :id AND updated_at < :time"
_OWNERS: Final = """
SELECT conversation_id FROM messages WHERE id = :id UNION ALL SELECT conversation_id FROM set_aside WHERE id = :id
"""
_DELETE_IF_EMPTY: Final = """
DELETE FROM conversations WHERE id = :id AND model_settings = '{}'
AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation_id = :id)
AND NOT EXISTS (SELECT 1 FROM set_aside WHERE conversation_id = :id AND branch <> '')
AND NOT EXISTS (SELECT 1 FROM documents WHERE owner = :id)
"""

PAGE_OF_MESSAGES: Final = f"""
SELECT {MESSAGE} FROM messages
WHERE conversation_id = :conversation_id AND position > :after AND position <= ifnull(
    (SELECT position FROM messages WHERE conversation_id = :conversation_id AND position > :after
     ORDER BY position LIMIT 1 OFFSET :limit - 1),
    9223372036854775807)
ORDER BY position, id
"""
HISTORY: Final = f"SELECT {MESSAGE} FROM messages WHERE conversation_id = ? ORDER BY position DESC, id DESC LIMIT ?"
SET_ASIDE: Final = f"""
SELECT {MESSAGE}, branch, displaced_by FROM set_aside
WHERE conversation_id = ? AND branch <> '' ORDER BY position, id
"""

_USAGE: Final = """
SELECT figure.key, TOTAL(figure.value) FROM (
    SELECT usage FROM messages WHERE conversation_id = :id AND turn_id <> :without_turn AND usage <> '{}'
    UNION ALL SELECT usage FROM set_aside WHERE conversation_id = :id AND turn_id <> :without_turn AND usage <> '{}'
) AS counted, json_each(counted.usage) AS figure
WHERE figure.type IN ('integer', 'real')
GROUP BY figure.key
"""


def save_messages(connection: sqlite3.Connection, messages: Sequence[tuple[Message, Row]]) -> None:
    """Insert or update messages, each with the result of `message_row`. Raises: NotFound, InvalidRecord."""
    latest: dict[str, datetime] = {}
    for message, row in messages:
        if _save_message(connection, message, row):
            known = latest.get(message.conversation_id, message.updated_at)
            latest[message.conversation_id] = max(known, message.updated_at)
    for conversation_id, time in latest.items():
        connection.execute(_MOVE_FORWARD, {"time": time_to_text(time), "id": conversation_id})


def _save_message(connection: sqlite3.Connection, message: Message, row: Row) -> bool:
    """Returns False if no message at the table has changed."""
    if message.replaces and _owner(connection, message.id) is None and not version_rows.make_room(connection, message):
        _insert_aside(connection, SetAside(message, message.id), row)
        return False
    try:
        done = connection.execute(_SAVE_MESSAGE, row)
    except sqlite3.IntegrityError as error:
        raise _without_conversation(error, message) from None
    if done.rowcount > 0:
        return True
    # nothing changed: the stored row outranks it, the message is set aside, or the id (forged or repeated by a client)
    # is of another conversation
    owner = _owner(connection, message.id)
    if owner is not None and owner != message.conversation_id:
        raise InvalidRecord("message.id", f"{message.id} is a message of another conversation")
    connection.execute(_UPDATE_ASIDE, dict(zip(MESSAGE.split(", "), row, strict=True)))
    return False


def save_set_aside(connection: sqlite3.Connection, aside: SetAside, row: Row) -> None:
    """Insert a message that is set aside, unless its id exists. Raises: NotFound, InvalidRecord."""
    owner = _owner(connection, aside.message.id)
    if owner is None:
        _insert_aside(connection, aside, row)
    elif owner != aside.message.conversation_id:
        raise InvalidRecord("message.id", f"{aside.message.id} is a message of another conversation")


def delete_messages(connection: sqlite3.Connection, conversation_id: str, turn_id: str, positions: range) -> None:
    version_rows.withdraw(connection, conversation_id, turn_id, positions)
    connection.execute(_DELETE_IF_EMPTY, {"id": conversation_id})


def select_history(connection: sqlite3.Connection, conversation_id: str, limit: int) -> list[Message]:
    rows = connection.execute(HISTORY, (conversation_id, limit)).fetchall()
    return [_message(row) for row in reversed(rows)]


def select_messages(connection: sqlite3.Connection, conversation_id: str, limit: int, after: int) -> list[Message]:
    page = {"conversation_id": conversation_id, "after": after, "limit": limit}
    return [_message(row) for row in connection.execute(PAGE_OF_MESSAGES, page)]


def select_set_aside(connection: sqlite3.Connection, conversation_id: str) -> list[SetAside]:
    found = connection.execute(SET_ASIDE, (conversation_id,))
    return [SetAside(_message(row[:-2]), row[-2], row[-1]) for row in found]


def select_usage(connection: sqlite3.Connection, conversation_id: str, without_turn: str) -> Usage:
    counted = {"id": conversation_id, "without_turn": without_turn}
    return summed_usage(dict(connection.execute(_USAGE, counted)))


def message_row(message: Message) -> Row:
    """Convert a message to a row. Raises: InvalidRecord (a time without a zone)."""
    return (
        message.id,
        message.conversation_id,
        message.turn_id,
        message.role,
        message.character_id,
        message.character_name,
        message.text,
        message.status,
        message.position,
        time_to_text(message.created_at),
        time_to_text(message.updated_at),
        orjson.dumps(message.usage, option=orjson.OPT_SORT_KEYS).decode(),
        message.unheard,
        message.replaces,
    )


def _insert_aside(connection: sqlite3.Connection, aside: SetAside, row: Row) -> None:
    try:
        version_rows.insert_aside(connection, row, aside.branch, aside.displaced_by)
    except sqlite3.IntegrityError as error:
        raise _without_conversation(error, aside.message) from None


def _without_conversation(error: sqlite3.IntegrityError, message: Message) -> Exception:
    if error.sqlite_errorname == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return NotFound("conversation", message.conversation_id)
    return error


def _owner(connection: sqlite3.Connection, message_id: str) -> str | None:
    """The conversation of a message, at the table or set aside."""
    found = connection.execute(_OWNERS, {"id": message_id}).fetchone()
    return None if found is None else found[0]


def _message(row: Row) -> Message:
    return Message(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        stored_time(row[9]),
        stored_time(row[10]),
        stored_usage(row[11]),
        row[12],
        row[13],
    )

"""The SQLite store's SQL for conversations and characters, and conversions of their rows and records.

Runs on the thread that owns the connection; `message_rows` has the messages.
"""
# ruff: noqa: S608  (only this file's constants are put into SQL text; every value is bound)

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import orjson

from tertulia_shared.store.errors import NameTaken, NotFound
from tertulia_shared.store.records import Character, Conversation, Preview, time_to_text
from tertulia_shared.store.row_values import Row, stored_time
from tertulia_shared.store.validation import NO_SEAT, decode_settings, encode_settings, name_key, settings_as_saved

_CONVERSATION: Final = "id, title, created_at, updated_at"
_CHARACTER: Final = (
    "id, name, voice, system_prompt, image, active, created_at, updated_at, model_settings, talkativeness, speed, "
    "pitch, card"
)

PAGE_OF_CONVERSATIONS: Final = (
    f"SELECT {_CONVERSATION} FROM conversations ORDER BY updated_at DESC, id DESC LIMIT :most"
)
NEXT_PAGE_OF_CONVERSATIONS: Final = f"""
SELECT {_CONVERSATION} FROM conversations WHERE (updated_at, id) < (:time, :id)
ORDER BY updated_at DESC, id DESC LIMIT :most
"""
# `casefold` is `str.casefold`: SQLite itself knows upper and lower case of ASCII only.
_CONTAINS: Final = "instr(casefold({column}), :containing) > 0"
_FOUND_CONVERSATIONS: Final = f"""
SELECT {_CONVERSATION} FROM conversations WHERE (updated_at, id) < (:time, :id) AND (
    {_CONTAINS.format(column="title")} OR EXISTS (
        SELECT 1 FROM messages WHERE conversation_id = conversations.id AND {_CONTAINS.format(column="messages.text")}))
ORDER BY updated_at DESC, id DESC LIMIT :most
"""
_PREVIEW: Final = f"""
SELECT character_name, text FROM messages WHERE conversation_id = :id AND text <> ''
ORDER BY {_CONTAINS.format(column="text")} DESC, position DESC, id DESC LIMIT 1
"""
_NEWEST_TEXT: Final = """
SELECT character_name, text FROM messages WHERE conversation_id = :id AND text <> ''
ORDER BY position DESC, id DESC LIMIT 1
"""
_AFTER_ALL: Final = ("~", "~")
"""A cursor behind every time and id."""
_SAVE_CHARACTER: Final = f"""
INSERT INTO characters ({_CHARACTER}, name_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, name_key = excluded.name_key, voice = excluded.voice, system_prompt = excluded.system_prompt,
    image = excluded.image, active = excluded.active, updated_at = excluded.updated_at,
    model_settings = excluded.model_settings, talkativeness = excluded.talkativeness,
    speed = excluded.speed, pitch = excluded.pitch, card = excluded.card
"""
_SET_SEATS: Final = """
UPDATE characters SET seat = ifnull((SELECT key FROM json_each(:ids) WHERE value = characters.id), :none)
"""


def insert_conversation(connection: sqlite3.Connection, conversation_id: str, title: str, now: str) -> None:
    connection.execute(
        f"INSERT INTO conversations ({_CONVERSATION}) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET title = excluded.title WHERE conversations.title = ''",
        (conversation_id, title, now, now),
    )


def select_conversation(connection: sqlite3.Connection, conversation_id: str) -> Conversation | None:
    row = connection.execute(f"SELECT {_CONVERSATION} FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
    return None if row is None else _conversation(row)


def select_conversations(
    connection: sqlite3.Connection, limit: int, before: tuple[str, str] | None, containing: str
) -> list[Conversation]:
    query = PAGE_OF_CONVERSATIONS if before is None else NEXT_PAGE_OF_CONVERSATIONS
    if containing:
        query = _FOUND_CONVERSATIONS
        connection.create_function("casefold", 1, str.casefold, deterministic=True)
    time, before_id = before or _AFTER_ALL
    values = {"time": time, "id": before_id, "most": limit, "containing": containing.casefold()}
    return [_with_preview(connection, _conversation(row), containing) for row in connection.execute(query, values)]


def _with_preview(connection: sqlite3.Connection, conversation: Conversation, containing: str) -> Conversation:
    query = _PREVIEW if containing else _NEWEST_TEXT
    row = connection.execute(query, {"id": conversation.id, "containing": containing.casefold()}).fetchone()
    return conversation if row is None else replace(conversation, preview=Preview(*row))


def set_title(connection: sqlite3.Connection, conversation_id: str, title: str) -> None:
    done = connection.execute("UPDATE conversations SET title = ? WHERE id = ?", (title, conversation_id))
    if done.rowcount == 0:
        raise NotFound("conversation", conversation_id)


def delete_conversation(connection: sqlite3.Connection, conversation_id: str) -> bool:
    return connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,)).rowcount > 0


def select_characters(connection: sqlite3.Connection, *, active_only: bool) -> list[Character]:
    where = "WHERE active = 1 " if active_only else ""
    found = connection.execute(f"SELECT {_CHARACTER} FROM characters {where}ORDER BY seat, name_key")
    return [_character(row) for row in found]


def select_character(connection: sqlite3.Connection, character_id: str) -> Character | None:
    row = connection.execute(f"SELECT {_CHARACTER} FROM characters WHERE id = ?", (character_id,)).fetchone()
    return None if row is None else _character(row)


def upsert_character(connection: sqlite3.Connection, character: Character) -> None:
    try:
        connection.execute(_SAVE_CHARACTER, _character_row(character))
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorname == "SQLITE_CONSTRAINT_UNIQUE":
            raise NameTaken(character.name) from None
        raise


def set_seats(connection: sqlite3.Connection, character_ids: Sequence[str]) -> None:
    connection.execute(_SET_SEATS, {"ids": orjson.dumps(list(character_ids)).decode(), "none": NO_SEAT})


def delete_character(connection: sqlite3.Connection, character_id: str) -> bool:
    return connection.execute("DELETE FROM characters WHERE id = ?", (character_id,)).rowcount > 0


def select_settings(connection: sqlite3.Connection, conversation_id: str) -> str:
    row = connection.execute("SELECT model_settings FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise NotFound("conversation", conversation_id)
    return row[0]


def set_settings(connection: sqlite3.Connection, conversation_id: str, encoded: str) -> None:
    done = connection.execute("UPDATE conversations SET model_settings = ? WHERE id = ?", (encoded, conversation_id))
    if done.rowcount == 0:
        raise NotFound("conversation", conversation_id)


def mark_seeded(connection: sqlite3.Connection, name: str, now: str) -> bool:
    """Record the seed `name`; True if this call was the first."""
    done = connection.execute("INSERT OR IGNORE INTO seeds (name, applied_at) VALUES (?, ?)", (name, now))
    return done.rowcount > 0


def _character_row(character: Character) -> Row:
    return (
        character.id,
        character.name,
        character.voice,
        character.system_prompt,
        character.image,
        int(character.active),
        time_to_text(character.created_at),
        time_to_text(character.updated_at),
        encode_settings(settings_as_saved(character.model_settings)).decode(),
        character.talkativeness,
        character.speed,
        character.pitch,
        character.card,
        name_key(character.name),
    )


def _conversation(row: Row) -> Conversation:
    return Conversation(row[0], row[1], stored_time(row[2]), stored_time(row[3]))


def _character(row: Row) -> Character:
    return Character(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        bool(row[5]),
        stored_time(row[6]),
        stored_time(row[7]),
        settings_as_saved(decode_settings(row[8])),
        row[9],
        row[10],
        row[11],
        row[12],
    )

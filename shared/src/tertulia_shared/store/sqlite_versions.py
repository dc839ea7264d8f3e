"""The versions of messages in the SQLite store."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

from tertulia_shared.store import message_rows, version_rows
from tertulia_shared.store.records import SetAside, VersionPlace
from tertulia_shared.store.sqlite_thread import SQLiteThread
from tertulia_shared.store.validation import check_before, check_set_aside


class SQLiteVersions:
    """The versions of messages on the two threads of `SQLiteStore`, which inherits it."""

    _writer: SQLiteThread
    _reader: SQLiteThread

    async def choose_version(self, conversation_id: str, message_id: str, *, before: int) -> None:
        check_before(before)
        await self._writer.submit(lambda db: version_rows.choose(db, conversation_id, message_id, before))

    async def remove_message(self, conversation_id: str, message_id: str) -> None:
        await self._writer.submit(lambda db: version_rows.remove(db, conversation_id, message_id))

    async def versions(self, conversation_id: str) -> list[SetAside]:
        return await self._reader.submit(lambda db: message_rows.select_set_aside(db, conversation_id))

    async def version_places(self, conversation_id: str, roots: Collection[str]) -> list[VersionPlace]:
        wanted = list(roots)
        return await self._reader.submit(lambda db: version_rows.select_places(db, conversation_id, wanted))

    async def save_set_aside(self, messages: Sequence[SetAside]) -> None:
        for each in messages:
            check_set_aside(each)
        to_save = [(each, message_rows.message_row(each.message)) for each in messages]

        def save(db: sqlite3.Connection) -> None:
            for each, row in to_save:
                message_rows.save_set_aside(db, each, row)

        await self._writer.submit(save)

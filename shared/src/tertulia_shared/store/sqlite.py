"""The store on one SQLite file, shared by all processes on the machine.

One thread writes and one reads, each with its own connection; in WAL mode reads do not wait for writes. Writes that
arrive while a commit is running share the next one (group commit), so 32 conversations that write at once cost one
commit, not 32.

A finished call guarantees that its rows are in the file and survive the death of the process (`synchronous=NORMAL`). A
power cut may lose the last commits, but never damages the file. The file must lie on a local disk: WAL needs shared
memory, which network file systems lack.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from tertulia_shared.store import message_rows, rows
from tertulia_shared.store.errors import InvalidRecord, StoreError, StoreUnavailable, StoreUnusable
from tertulia_shared.store.migrate import bundled_migrations, migrate
from tertulia_shared.store.records import (
    Character,
    Conversation,
    Message,
    ModelSettings,
    parse_cursor,
    time_to_text,
    utc_now,
)
from tertulia_shared.store.seed import SEED_NAME, seed_characters
from tertulia_shared.store.sqlite_documents import SQLiteDocuments
from tertulia_shared.store.sqlite_file import create_private, identity, move_aside, use_wal
from tertulia_shared.store.sqlite_thread import Call, Outcome, SQLiteThread
from tertulia_shared.store.sqlite_versions import SQLiteVersions
from tertulia_shared.store.validation import (
    check_after,
    check_character,
    check_id,
    check_limit,
    check_message,
    check_seats,
    check_title,
    decode_settings,
    encode_settings,
)
from tertulia_shared.usage import Usage

T = TypeVar("T")
log = logging.getLogger(__name__)

OLDEST_SQLITE: Final = (3, 37, 0)
"""STRICT tables came with 3.37 (2021)."""
WRITES_PER_COMMIT: Final = 256
READS_PER_BATCH: Final = 8
"""A small number, because a read gets its result only when all reads of its batch are done."""


class NotADatabase(StoreUnusable):
    """The file is not a database."""


class SQLiteStore(SQLiteVersions, SQLiteDocuments):
    """`Store` on the file at `path`, which is created with its directory if missing (modes 0600 and 0700).

    `busy_timeout_s` is how long a write waits for another process's write before it fails with `StoreUnavailable`;
    `max_pending` bounds the calls waiting for each of the two threads. A file that is not a database is refused, or
    with `moves_broken_aside` renamed to `<name>.broken-<time>`, and a new one is created.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout_s: float = 5.0,
        max_pending: int = 1024,
        moves_broken_aside: bool = False,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._path: Final = path
        self._busy_timeout_s: Final = busy_timeout_s
        self._now: Final = now
        self._max_pending: Final = max_pending
        self._moves_broken_aside: Final = moves_broken_aside
        self._files: dict[str, tuple[int, int] | None] = {}
        """The `identity` of the file that each thread has open."""
        self.losses = 0
        self._writer = self._thread("write")
        self._reader = self._thread("read")

    async def open(self) -> None:
        if self._writer.is_open:
            return
        self._files.clear()
        self._writer, self._reader = self._thread("write"), self._thread("read")
        await self._writer.start()
        try:
            await self._reader.start()
        except BaseException:
            await self._writer.close()
            raise

    async def close(self) -> None:
        # close the reader first: the last connection checkpoints the log into the file, and must be able to write
        await self._reader.close()
        await self._writer.close()

    async def ensure_conversation(self, conversation_id: str, title: str = "") -> None:
        check_id("conversation_id", conversation_id)
        check_title(title)
        now = time_to_text(self._now())
        await self._writer.submit(lambda db: rows.insert_conversation(db, conversation_id, title, now))

    async def conversation(self, conversation_id: str) -> Conversation | None:
        return await self._reader.submit(lambda db: rows.select_conversation(db, conversation_id))

    async def conversations(self, limit: int, before: str | None = None, *, containing: str = "") -> list[Conversation]:
        check_limit(limit)
        cursor = None if before is None else parse_cursor(before)
        return await self._reader.submit(lambda db: rows.select_conversations(db, limit, cursor, containing))

    async def rename_conversation(self, conversation_id: str, title: str) -> None:
        check_title(title)
        await self._writer.submit(lambda db: rows.set_title(db, conversation_id, title))

    async def delete_conversation(self, conversation_id: str) -> bool:
        return await self._writer.submit(lambda db: rows.delete_conversation(db, conversation_id))

    async def save_messages(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        for message in messages:
            check_message(message)
        to_save = [(message, message_rows.message_row(message)) for message in messages]
        await self._writer.submit(lambda db: message_rows.save_messages(db, to_save))

    async def delete_messages(self, conversation_id: str, turn_id: str, positions: range) -> None:
        await self._writer.submit(lambda db: message_rows.delete_messages(db, conversation_id, turn_id, positions))

    async def history(self, conversation_id: str, limit: int) -> list[Message]:
        check_limit(limit)
        return await self._reader.submit(lambda db: message_rows.select_history(db, conversation_id, limit))

    async def messages(self, conversation_id: str, limit: int, after: int | None = None) -> list[Message]:
        check_limit(limit)
        if after is not None:
            check_after(after)
        behind = -1 if after is None else after
        return await self._reader.submit(lambda db: message_rows.select_messages(db, conversation_id, limit, behind))

    async def characters(self, *, active_only: bool = False) -> list[Character]:
        return await self._reader.submit(lambda db: rows.select_characters(db, active_only=active_only))

    async def character(self, character_id: str) -> Character | None:
        return await self._reader.submit(lambda db: rows.select_character(db, character_id))

    async def save_character(self, character: Character) -> None:
        check_character(character)
        await self._writer.submit(lambda db: rows.upsert_character(db, character))

    async def seat_characters(self, character_ids: Sequence[str]) -> None:
        check_seats(character_ids)
        await self._writer.submit(lambda db: rows.set_seats(db, character_ids))

    async def delete_character(self, character_id: str) -> bool:
        return await self._writer.submit(lambda db: rows.delete_character(db, character_id))

    async def watch_characters(self, changed: Callable[[], None]) -> None:  # noqa: ARG002 - never called
        await asyncio.get_running_loop().create_future()  # only Tertulia changes characters here, and it announces that

    async def model_settings(self, conversation_id: str) -> ModelSettings:
        return decode_settings(await self._reader.submit(lambda db: rows.select_settings(db, conversation_id)))

    async def save_model_settings(self, conversation_id: str, settings: ModelSettings) -> None:
        encoded = encode_settings(settings).decode()
        await self._writer.submit(lambda db: rows.set_settings(db, conversation_id, encoded))

    async def usage(self, conversation_id: str, *, without_turn: str = "") -> Usage:
        return await self._reader.submit(lambda db: message_rows.select_usage(db, conversation_id, without_turn))

    def _thread(self, kind: str) -> SQLiteThread:
        writes = kind == "write"
        return SQLiteThread(
            f"store-{kind}",
            connect=self._connect_writer if writes else self._connect_reader,
            run_batch=run_writes if writes else run_reads,
            max_pending=self._max_pending,
            max_batch=WRITES_PER_COMMIT if writes else READS_PER_BATCH,
            is_there=lambda: identity(self._path) == self._files.get(kind),
        )

    def _connect_writer(self) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise StoreUnusable(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed.")
        if self._files.get("write") is not None:
            self.losses += 1
            log.error("the database file was deleted or replaced: it is opened again", extra={"path": str(self._path)})
        try:
            return self._open_writer()
        except NotADatabase:
            if not self._moves_broken_aside:
                raise
            move_aside(self._path, self._files["write"])
        return self._open_writer()

    def _open_writer(self) -> sqlite3.Connection:
        create_private(self._path)
        self._files["write"] = identity(self._path)
        connection = self._connect()
        try:
            use_wal(connection, self._busy_timeout_s)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("BEGIN IMMEDIATE")
            self._prepare(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            connection.close()
            if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
                raise NotADatabase(str(translated(error))) from error
            raise translated(error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_reader(self) -> sqlite3.Connection:
        if identity(self._path) is None:  # the file was deleted: the writer's next call or this call creates it
            self._open_writer().close()
        self._files["read"] = identity(self._path)
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _connect(self) -> sqlite3.Connection:
        try:
            return sqlite3.connect(self._path, timeout=self._busy_timeout_s, isolation_level=None)
        except sqlite3.Error as error:
            raise StoreUnusable(f"Cannot open the database {self._path}: {error}.") from error

    def _prepare(self, connection: sqlite3.Connection) -> None:
        now = self._now()
        migrate(connection, bundled_migrations(), applied_at=time_to_text(now))
        if rows.mark_seeded(connection, SEED_NAME, time_to_text(now)):
            for character in seed_characters(now):
                rows.upsert_character(connection, character)


def run_writes(connection: sqlite3.Connection, calls: Sequence[Call[Any]]) -> list[Outcome]:
    """Run the calls in one transaction; if one of them is refused, run each in a transaction of its own.

    A call depends on the database alone, so it can be run again after a rollback. The usual case, without a refusal,
    therefore needs no savepoints.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        outcomes: list[Outcome] = [(call(connection), None) for call in calls]
        connection.execute("COMMIT")
    except Exception as error:  # noqa: BLE001  (handed to the callers)
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        known = translated(error)
        if len(calls) == 1 or isinstance(known, StoreUnavailable):
            return [(None, known)] * len(calls)
        return [outcome for call in calls for outcome in run_writes(connection, [call])]
    return outcomes


def run_reads(connection: sqlite3.Connection, calls: Sequence[Call[Any]]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for call in calls:
        try:
            outcomes.append((call(connection), None))
        except Exception as error:  # noqa: BLE001  (handed to the caller)
            outcomes.append((None, translated(error)))
    return outcomes


def translated(error: Exception) -> Exception:
    """Convert SQLite's errors to the port's: temporary errors are retryable, errors that a person must fix are not."""
    if isinstance(error, OverflowError | UnicodeError):  # a value that SQLite cannot store
        return InvalidRecord("record", f"refused by the database ({type(error).__name__})")
    if isinstance(error, StoreError) or not isinstance(error, sqlite3.Error):
        return error
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return StoreUnusable(f"The database file cannot be used ({name}: {error}). Check the file and its permissions.")
    if isinstance(error, sqlite3.OperationalError):
        return StoreUnavailable(f"The database cannot be used now ({name or type(error).__name__}: {error}).")
    if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
        return InvalidRecord("record", f"refused by the database ({name or type(error).__name__})")
    return error

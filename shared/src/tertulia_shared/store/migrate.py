"""Brings a SQLite file's schema up to date with the numbered files in `migrations/`.

All missing migrations are applied in one transaction that holds the write lock from its start: of several processes
that start at once, one migrates; the others wait and find nothing to do. A crash in between leaves the old schema
intact. Old and new processes share a file during an upgrade, so a migration may only add parts that the older version
can ignore.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from tertulia_shared.store.errors import StoreUnusable

_FILE_NAME: Final = re.compile(r"(\d{4})_(\w+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str


def bundled_migrations() -> list[Migration]:
    """The migrations of this version, oldest first."""
    found: list[Migration] = []
    for file in (files("tertulia_shared.store") / "migrations").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match is not None:
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.version)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration], *, applied_at: str) -> None:
    """Apply the missing migrations. The caller holds the write lock (BEGIN IMMEDIATE) and commits or rolls back.

    Raises:
        StoreUnusable: the file has a migration that is newer than all of `migrations`.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations"
        " (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT"
    )
    applied = {int(version) for (version,) in connection.execute("SELECT version FROM schema_migrations")}
    known = max(migration.version for migration in migrations)
    newest = max(applied, default=0)
    if newest > known:
        raise StoreUnusable(
            f"The database has schema version {newest}, this program knows versions up to {known}: a newer version of "
            f"Tertulia has used it. Run that version, or one that is newer still, or give this one another file."
        )
    for migration in migrations:
        if migration.version in applied:
            continue
        for statement in statements(migration.sql):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)",
            (migration.version, migration.name, applied_at),
        )


def statements(script: str) -> Iterator[str]:
    """The script's statements one by one (`executescript` would commit the caller's transaction first)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement

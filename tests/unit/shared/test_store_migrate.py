from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tertulia_shared.store import StoreUnusable
from tertulia_shared.store.migrate import Migration, bundled_migrations, migrate, statements

FIRST = Migration(1, "first", "CREATE TABLE a (x);\nCREATE TABLE b (y);\n")
SECOND = Migration(2, "second", "ALTER TABLE a ADD COLUMN z;")
BROKEN = Migration(3, "broken", "CREATE TABLE c (x);\nCREATE TABLE a (x);")


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_sqlite_migrations_are_numbered_without_gaps() -> None:
    shipped = bundled_migrations()
    assert [migration.version for migration in shipped] == list(range(1, len(shipped) + 1))
    assert shipped[0].name == "conversations"


def test_missing_migrations_are_applied_once_and_in_order(db: sqlite3.Connection) -> None:
    migrate(db, [FIRST], applied_at="t1")
    migrate(db, [FIRST, SECOND], applied_at="t2")
    migrate(db, [FIRST, SECOND], applied_at="t3")
    applied = db.execute("SELECT version, name, applied_at FROM schema_migrations ORDER BY version").fetchall()
    assert applied == [(1, "first", "t1"), (2, "second", "t2")]
    assert [row[1] for row in db.execute("PRAGMA table_info(a)")] == ["x", "z"]


def test_failed_migration_is_rolled_back_completely(db: sqlite3.Connection) -> None:
    migrate(db, [FIRST], applied_at="t1")
    db.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(db, [FIRST, SECOND, BROKEN], applied_at="t2")
    db.execute("ROLLBACK")
    assert tables(db) == {"schema_migrations", "a", "b"}
    assert db.execute("SELECT version FROM schema_migrations").fetchall() == [(1,)]


def test_migrate_refuses_a_schema_of_a_newer_release(db: sqlite3.Connection) -> None:
    migrate(db, [FIRST, SECOND], applied_at="t1")
    with pytest.raises(StoreUnusable, match="schema version 2, this program knows versions up to 1"):
        migrate(db, [FIRST], applied_at="t2")


def test_sql_script_is_split_into_its_statements() -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM b; -- a; b\nEND;\n"
    script = f"-- first; not a statement\nCREATE TABLE a (x TEXT DEFAULT ';');\n{trigger}INSERT INTO a VALUES (1)"  # noqa: S608  (no part comes from outside)
    found = list(statements(script))
    assert len(found) == 3
    assert found[1] == trigger
    assert found[2] == "INSERT INTO a VALUES (1)"

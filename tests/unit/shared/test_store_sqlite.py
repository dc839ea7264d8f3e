"""The SQLite file: other processes, crashes, locks, permissions, damaged and foreign files."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tertulia_shared.store import (
    Message,
    SQLiteStore,
    StoreUnavailable,
    StoreUnusable,
    message_rows,
    rows,
    sqlite_file,
    version_rows,
)
from tests.harness.store_records import new_id, user_message

WRITE_SOME = """
import asyncio, sys
from pathlib import Path
from tests.harness.store_records import user_message
from tertulia_shared.store import SQLiteStore

async def main(path, conversation_id, first):
    store = SQLiteStore(Path(path))
    await store.open()
    await store.ensure_conversation(conversation_id)
    async with asyncio.TaskGroup() as tasks:
        for position in range(int(first), int(first) + 25):
            tasks.create_task(store.save_messages([user_message(conversation_id, position)]))
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""

WRITE_UNTIL_KILLED = """
import asyncio, itertools, sys
from pathlib import Path
from tests.harness.store_records import user_message
from tertulia_shared.store import SQLiteStore

async def main(path, conversation_id):
    store = SQLiteStore(Path(path))
    await store.open()
    await store.ensure_conversation(conversation_id)
    for position in itertools.count():
        message = user_message(conversation_id, position)
        await store.save_messages([message])
        print(message.id, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def python(script: str, *args: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *args, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "tertulia.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path, busy_timeout_s=0.05)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def foreign_file(tmp_path: Path) -> Path:
    path = tmp_path / "shopping.txt"
    path.write_text("Milk, bread, a telescope. " * 100)
    return path


async def all_messages(path: Path, conversation_id: str) -> list[Message]:
    store = SQLiteStore(path)
    await store.open()
    try:
        return await store.history(conversation_id, 1000)
    finally:
        await store.close()


async def test_processes_that_start_at_once_share_a_new_sqlite_file(path: Path) -> None:
    conversation_id = new_id()
    processes = [await python(WRITE_SOME, str(path), conversation_id, str(first)) for first in (0, 25, 50, 75)]
    assert [await process.wait() for process in processes] == [0, 0, 0, 0]
    assert [message.position for message in await all_messages(path, conversation_id)] == list(range(100))


@pytest.mark.parametrize("round_number", range(3))
async def test_stores_that_open_a_new_file_at_once_migrate_it_once(path: Path, round_number: int) -> None:
    stores = [SQLiteStore(path) for _ in range(12)]
    await asyncio.gather(*[store.open() for store in stores])
    assert [len(await store.characters()) for store in stores] == [3] * 12
    await asyncio.gather(*[store.close() for store in stores])


def test_switch_to_wal_waits_for_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tertulia.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as rival,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection,
    ):
        rival.execute("BEGIN IMMEDIATE")

        def let_go(seconds: float) -> None:
            rival.execute("ROLLBACK")

        monkeypatch.setattr("tertulia_shared.store.sqlite_file.time.sleep", let_go)
        sqlite_file.use_wal(connection, timeout_s=60)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_switch_to_wal_times_out_while_another_process_has_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "tertulia.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as rival,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection,
    ):
        rival.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            sqlite_file.use_wal(connection, timeout_s=0)


async def test_acknowledged_message_survives_kill_9(path: Path) -> None:
    conversation_id = new_id()
    process = await python(WRITE_UNTIL_KILLED, str(path), conversation_id)
    assert process.stdout is not None
    acknowledged = [await process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    acknowledged += (await process.stdout.read()).splitlines(keepends=True)
    assert await process.wait() == -signal.SIGKILL
    stored = {message.id for message in await all_messages(path, conversation_id)}
    # The pipe may end in the middle of a line; only a whole line is an acknowledgement.
    assert {line.decode().strip() for line in acknowledged if line.endswith(b"\n")} <= stored


async def test_write_waits_for_another_process_and_then_fails_as_retryable(store: SQLiteStore, path: Path) -> None:
    conversation_id = new_id()
    with closing(sqlite3.connect(path, isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked") as refused:
            await store.ensure_conversation(conversation_id)
        assert refused.value.retryable
        assert len(await store.characters()) == 3, "reads do not wait for a writer"
        rival.execute("ROLLBACK")
    await store.ensure_conversation(conversation_id)
    assert await store.conversation(conversation_id) is not None


async def test_sqlite_store_refuses_calls_when_too_many_are_waiting(path: Path) -> None:
    store = SQLiteStore(path, busy_timeout_s=30, max_pending=5)
    await store.open()
    with closing(sqlite3.connect(path, isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        calls = [asyncio.ensure_future(store.ensure_conversation(new_id())) for _ in range(8)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        rival.execute("ROLLBACK")
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome).__name__ for outcome in outcomes] == ["NoneType"] * 5 + ["StoreUnavailable"] * 3
    assert len(await store.conversations(10)) == 5
    await store.close()


async def test_sqlite_files_are_readable_by_their_owner_only(store: SQLiteStore, path: Path) -> None:
    await store.ensure_conversation(new_id())
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"tertulia.db": 0o600, "tertulia.db-wal": 0o600, "tertulia.db-shm": 0o600}


async def test_closed_sqlite_store_leaves_only_the_database_file(store: SQLiteStore, path: Path) -> None:
    await store.ensure_conversation(new_id())
    await store.close()
    assert [file.name for file in path.parent.iterdir()] == ["tertulia.db"]


async def test_sqlite_file_uses_wal_and_strict_tables(store: SQLiteStore, path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        loose = other.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict"
        )
        assert loose.fetchall() == [("sqlite_schema",)]
        assert other.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize(
    ("query", "arguments", "index"),
    [
        (message_rows.HISTORY, ("c", 9), "messages_in_order"),
        (message_rows.PAGE_OF_MESSAGES, {"conversation_id": "c", "after": 0, "limit": 9}, "messages_in_order"),
        (rows.PAGE_OF_CONVERSATIONS, {"most": 9}, "conversations_newest"),
        (rows.NEXT_PAGE_OF_CONVERSATIONS, {"time": "a", "id": "b", "most": 9}, "conversations_newest"),
    ],
    ids=["history", "messages", "conversations", "next conversations"],
)
async def test_pages_of_rows_are_read_from_an_index_without_sorting(
    store: SQLiteStore, path: Path, query: str, arguments: tuple[object, ...] | dict[str, object], index: str
) -> None:
    with closing(sqlite3.connect(path)) as other:
        plan = " / ".join(step for *_, step in other.execute(f"EXPLAIN QUERY PLAN {query}", arguments))
    assert index in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("query", "arguments", "index"),
    [
        (version_rows.CURRENT, {"conversation": "c", "root": "r"}, "messages_replacing"),
        (version_rows.HAS_VERSIONS_ASIDE, {"conversation": "c", "root": "r"}, "set_aside_replacing"),
        (version_rows.DOOMED, {"conversation": "c", "root": "r"}, "set_aside_branches"),
        (version_rows.PLACES, {"conversation": "c", "roots": "[]"}, "set_aside_replacing"),
        (version_rows.DISPLACED, {"conversation": "c", "root": "r", "id": "i"}, "set_aside_replacing"),
    ],
    ids=["current", "has versions", "doomed", "places", "displaced"],
)
async def test_versions_are_found_without_reading_the_whole_conversation(
    store: SQLiteStore, path: Path, query: str, arguments: dict[str, object], index: str
) -> None:
    with closing(sqlite3.connect(path)) as other:
        plan = " / ".join(step for *_, step in other.execute(f"EXPLAIN QUERY PLAN {query}", arguments))
    assert index in plan
    assert "in_order" not in plan
    assert "SCAN messages" not in plan
    assert "SCAN set_aside" not in plan
    assert "SCAN other" not in plan
    assert "SCAN aside" not in plan


async def test_sqlite_store_refuses_a_schema_of_a_newer_release(store: SQLiteStore, path: Path) -> None:
    await store.close()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("INSERT INTO schema_migrations VALUES (9999, 'from_the_future', '')")
    with pytest.raises(StoreUnusable, match=r"schema version 9999.*versions up to \d+.*newer"):
        await store.open()


async def test_file_that_is_not_a_database_is_refused_and_not_changed(foreign_file: Path) -> None:
    before = os.stat(foreign_file)  # noqa: PTH116  (the async rules forbid the Path method, which does the same)
    with pytest.raises(StoreUnusable, match="NOTADB"):
        await SQLiteStore(foreign_file).open()
    after = os.stat(foreign_file)  # noqa: PTH116  (as above)
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


async def test_database_path_that_cannot_be_created_is_refused_with_the_reason(
    foreign_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(StoreUnusable, match=r"Cannot create the database .*Not a directory"):
        await SQLiteStore(foreign_file / "data" / "tertulia.db").open()
    with pytest.raises(StoreUnusable, match="Cannot create the database"):
        await SQLiteStore(tmp_path).open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_database_directory_without_write_permission_is_refused(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o500)  # noqa: PTH101  (as above)
    with pytest.raises(StoreUnusable, match=r"Cannot create the database .*Permission denied"):
        await SQLiteStore(tmp_path / "tertulia.db").open()


async def test_store_can_be_opened_after_a_failed_attempt(foreign_file: Path) -> None:
    store = SQLiteStore(foreign_file)
    with pytest.raises(StoreUnusable):
        await store.open()
    with pytest.raises(StoreUnavailable):
        await store.characters()
    os.unlink(foreign_file)  # noqa: PTH108  (as above)
    await store.open()
    assert len(await store.characters()) == 3
    await store.close()


async def test_cancelled_caller_does_not_affect_others(store: SQLiteStore) -> None:
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id)
    saved = [user_message(conversation_id, position) for position in range(6)]
    calls = [asyncio.ensure_future(store.save_messages([message])) for message in saved]
    await asyncio.sleep(0)  # each task has made its call
    calls[2].cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    kept = {message.id for message in await store.history(conversation_id, 10)}
    assert {message.id for index, message in enumerate(saved) if index != 2} <= kept


@pytest.mark.parametrize("leftovers", [True, False])
async def test_deleted_database_file_is_created_again_by_running_stores(tmp_path: Path, *, leftovers: bool) -> None:
    path = tmp_path / "tertulia.db"
    one, other = SQLiteStore(path), SQLiteStore(path)
    await one.open()
    await other.open()
    await one.ensure_conversation(new_id(), "before")
    for suffix in ("",) if leftovers else ("", "-wal", "-shm"):
        os.unlink(f"{path}{suffix}")  # noqa: PTH108  (the async rules forbid the Path method, which does the same)
    talk = new_id()
    await other.ensure_conversation(talk, "after")
    assert [each.title for each in await one.conversations(9)] == ["after"]
    assert len(await one.characters()) == 3
    await one.rename_conversation(talk, "renamed")
    assert [each.title for each in await other.conversations(9)] == ["renamed"]
    assert (one.losses, other.losses) == (1, 1)
    await one.close()
    await other.close()
    again = SQLiteStore(path)
    await again.open()
    assert [each.title for each in await again.conversations(9)] == ["renamed"]
    await again.close()


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    path = tmp_path / "tertulia.db"
    path.write_bytes(b"noise" * 1000)
    return path


async def test_file_that_is_not_a_database_is_moved_aside(noise: Path) -> None:
    path = noise
    store = SQLiteStore(path, moves_broken_aside=True)
    await store.open()
    assert len(await store.characters()) == 3
    await store.close()
    (aside,) = [name for name in os.listdir(path.parent) if ".broken-" in name]  # noqa: PTH208  (as above)
    assert aside.startswith("tertulia.db.broken-")
    assert os.stat(path.parent / aside).st_size == 5_000  # noqa: PTH116  (as above)


async def test_late_write_of_the_previous_release_does_not_bring_a_message_back_that_is_set_aside(
    store: SQLiteStore, path: Path
) -> None:
    talk = new_id()
    await store.ensure_conversation(talk)
    first = user_message(talk, 1, "Hi")
    edited = replace(user_message(talk, 2, "Hey"), replaces=first.id)
    await store.save_messages([first, edited])
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(
            "INSERT INTO messages (id, conversation_id, turn_id, role, character_name, text, status, position,"
            " created_at, updated_at) VALUES (?, ?, ?, 'user', 'Jay', 'late', 'complete', 1, '', '')"
            " ON CONFLICT (id) DO UPDATE SET text = excluded.text",
            (first.id, talk, first.turn_id),
        )
    assert await store.history(talk, 10) == [edited]

"""Fixtures of the store's contract tests: each store under test, and a conversation in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from tertulia_shared.store import SQLiteStore, Store
from tertulia_shared.testing.memory_store import MemoryStore, MemoryTables
from tests.harness.store_records import START, OpenStore, new_id


def start_time() -> datetime:
    return START


@pytest.fixture(params=["memory", "sqlite", pytest.param("supabase", marks=pytest.mark.slow)])
async def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenStore]:
    """Opens another store on the same data. All stores are closed at the end."""
    tables = MemoryTables()
    opened: list[Store] = []

    supabase = request.getfixturevalue("supabase") if request.param == "supabase" else None

    async def open_another() -> Store:
        store: Store
        if request.param == "memory":
            store = MemoryStore(tables, now=start_time)
        elif supabase is not None:
            # other tests of this folder run in the environments of the engines, which have no libraries for Supabase
            from tertulia_shared.store.supabase import SupabaseStore  # noqa: PLC0415
            from tests.servers.supabase_server import SERVICE_KEY  # noqa: PLC0415

            store = SupabaseStore(supabase.url, SecretStr(SERVICE_KEY), now=start_time)
        else:
            store = SQLiteStore(tmp_path / "data" / "tertulia.db", now=start_time)
        await store.open()
        opened.append(store)
        return store

    yield open_another
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    return await open_store()


@pytest.fixture
async def talk(store: Store) -> str:
    """The id of a conversation that exists in the store."""
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id, "About the stars")
    return conversation_id

"""Only Supabase: access rights, refusals at the start, changes made in the dashboard, a database that stops."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tertulia_shared.store import InvalidRecord, Store, StoreUnavailable, StoreUnusable, seed_characters
from tertulia_shared.store.supabase import SCHEMA, SupabaseStore
from tests.harness.store_records import START, at, new_id, reply, user_message
from tests.servers.redis_server import free_port
from tests.servers.supabase_server import ANON_KEY, SERVICE_KEY, SupabaseServer, make_key

pytestmark = pytest.mark.slow

TIMEOUT_S = 3.0
PATIENCE_S = 45.0


@asynccontextmanager
async def opened(url: str, key: str = SERVICE_KEY) -> AsyncGenerator[SupabaseStore]:
    store = SupabaseStore(url, SecretStr(key), timeout_s=TIMEOUT_S)
    try:
        await store.open()
        yield store
    finally:
        await store.close()


async def answers(store: Store) -> None:
    """Wait until the store can be opened and answers."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await store.open()
                await store.characters()
            except StoreUnavailable:
                await asyncio.sleep(0.05)
            else:
                return


async def forgotten(url: str) -> None:
    """Wait until PostgREST itself (not only the database) no longer knows the function `tertulia_schema`."""
    headers = {"apikey": SERVICE_KEY, "Authorization": f"Bearer {SERVICE_KEY}"}
    async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(headers=headers, timeout=PATIENCE_S) as client:
        while True:
            answer = await client.post(f"{url}/rest/v1/rpc/tertulia_schema", json={})
            if answer.json().get("code") == "PGRST202":
                return
            await asyncio.sleep(0.05)


async def noticed(url: str) -> None:
    """Wait until PostgREST knows the functions that exist."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with opened(url):
                    return
            except StoreUnusable:
                await asyncio.sleep(0.05)


# -- starting


@pytest.mark.parametrize("key", [make_key("service_role", "another-secret-that-is-long-enough-too"), "nonsense"])
async def test_wrong_supabase_key_is_reported(supabase: SupabaseServer, key: str) -> None:
    with pytest.raises(StoreUnusable, match="SUPABASE_KEY"):
        async with opened(supabase.url, key):
            pass


async def test_public_supabase_key_is_refused_when_the_store_is_opened(supabase: SupabaseServer) -> None:
    with pytest.raises(StoreUnusable, match="service role key"):
        async with opened(supabase.url, ANON_KEY):
            pass


async def test_missing_supabase_tables_are_reported(supabase: SupabaseServer) -> None:
    database = supabase.database
    database.sql("alter function public.tertulia_schema() rename to hidden; notify pgrst, 'reload schema'")
    try:
        # wait, so that no earlier reload of PostgREST comes after the one below
        await forgotten(supabase.url)
        with pytest.raises(StoreUnusable, match=r"supabase/migrations.*supabase db push"):
            async with opened(supabase.url):
                pass
    finally:
        database.sql("alter function public.hidden() rename to tertulia_schema; notify pgrst, 'reload schema'")
        await noticed(supabase.url)  # PostgREST reloads with a delay: wait, so that the next test can open its store


async def test_outdated_supabase_tables_are_reported(supabase: SupabaseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia_shared.store.supabase.SCHEMA", SCHEMA + 1)
    expected = f"version {SCHEMA} of Tertulia's tables, {SCHEMA + 1} is needed"
    with pytest.raises(StoreUnusable, match=expected):
        async with opened(supabase.url):
            pass


async def test_server_that_is_not_postgrest_is_reported(supabase: SupabaseServer) -> None:
    with pytest.raises(StoreUnusable, match="SUPABASE_URL"):
        async with opened(f"{supabase.url}/elsewhere"):
            pass


async def test_supabase_server_that_cannot_be_reached_raises_store_unavailable(supabase: SupabaseServer) -> None:
    with pytest.raises(StoreUnavailable, match="SUPABASE_URL"):
        async with opened(f"http://127.0.0.1:{free_port()}"):
            pass
    supabase.hold()
    store = SupabaseStore(supabase.url, SecretStr(SERVICE_KEY), timeout_s=0.1)
    with pytest.raises(StoreUnavailable):
        await store.open()
    supabase.let_go()
    await answers(store)
    await store.close()


def test_supabase_library_is_imported_only_if_supabase_is_chosen() -> None:
    program = (
        "import sys, tertulia_shared.store, tertulia_llm.main, tertulia_gateway.main; print('supabase' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# -- the tables


async def test_applying_the_supabase_migrations_again_changes_nothing(supabase: SupabaseServer) -> None:
    async with opened(supabase.url) as store:
        luna, rex, sage = await store.characters()
        edited = replace(rex, name="Maximilian", updated_at=at(1))
        await store.save_character(edited)
        await store.delete_character(luna.id)
        supabase.database.migrate()
        assert await store.characters() == [edited, sage]


async def test_supabase_has_the_same_first_characters_as_other_stores(supabase: SupabaseServer) -> None:
    async with opened(supabase.url) as store:
        found = await store.characters()
    now = datetime.now(UTC)
    assert [replace(each, created_at=now, updated_at=now) for each in found] == seed_characters(now)


@pytest.mark.parametrize(
    ("table", "time"),
    [
        ("conversations", "created_at"),
        ("messages", "created_at"),
        ("set_aside", "created_at"),
        ("characters", "created_at"),
        ("seeds", "applied_at"),
        ("documents", "updated_at"),
    ],
)
async def test_public_key_can_neither_read_nor_write_rows(supabase: SupabaseServer, table: str, time: str) -> None:
    headers = {"apikey": ANON_KEY, "Authorization": f"Bearer {ANON_KEY}"}
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE_S) as client:
        for method in ("GET", "POST", "PATCH", "DELETE"):
            row = {time: "2026-03-01T12:00:00Z"} if method in ("POST", "PATCH") else None
            answer = await client.request(method, f"{supabase.url}/rest/v1/{table}", json=row)
            assert answer.status_code in (401, 403), method


def granted(supabase: SupabaseServer) -> str:
    """Each function, with its owner and its grants in PostgreSQL."""
    return supabase.database.sql(
        "select oid::regprocedure, pg_get_userbyid(proowner), proacl from pg_proc"
        " where pronamespace = 'public'::regnamespace"
    )


async def test_public_key_cannot_call_any_function(supabase: SupabaseServer) -> None:
    headers = {"apikey": ANON_KEY, "Authorization": f"Bearer {ANON_KEY}"}
    calls: dict[str, dict[str, Any]] = {
        "tertulia_schema": {},
        "tertulia_save_document": {"document": {}},
        "tertulia_save_messages": {"messages": []},
        "tertulia_save_set_aside": {"messages": []},
        "tertulia_choose_version": {"conversation": new_id(), "version": new_id(), "before": 1},
        "tertulia_remove_message": {"conversation": new_id(), "message": new_id()},
        "tertulia_delete_messages": {"conversation": new_id(), "turn": new_id(), "first": 0, "stop": 1},
        "tertulia_versions": {"conversation": new_id()},
        "tertulia_version_places": {"conversation": new_id(), "roots": []},
        "tertulia_messages": {"conversation": new_id(), "behind": 0, "most": 1},
        "tertulia_usage": {"conversation": new_id(), "without_turn": None},
        "tertulia_conversations": {"before_time": None, "before_id": None, "most": 1},
        "tertulia_list_conversations": {"before_time": None, "before_id": None, "most": 1, "containing": ""},
    }
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE_S) as client:
        for name, arguments in calls.items():
            answer = await client.post(f"{supabase.url}/rest/v1/rpc/{name}", json=arguments)
            assert answer.status_code in (401, 403), f"{name}: {answer.status_code} {answer.text}\n{granted(supabase)}"


def test_row_level_security_refuses_access_even_with_grants(supabase: SupabaseServer) -> None:
    database = supabase.database
    database.sql("grant select on public.characters to anon")
    try:
        assert database.sql("set role anon; select count(*) from public.characters") == "0"
        assert database.sql("set role service_role; select count(*) from public.characters") == "3"
    finally:
        database.sql("revoke select on public.characters from anon")


async def test_row_that_is_edited_in_the_dashboard_stays_valid(supabase: SupabaseServer) -> None:
    database = supabase.database
    database.sql("insert into characters (id, name, voice) values (gen_random_uuid(), '  Ｚoë   Quick', 'luna')")
    assert database.sql("select name_key from characters where voice = 'luna' and name <> 'Luna'") == "zoë quick"
    before = database.sql("select updated_at from characters where name = 'Rex'")
    database.sql("update characters set name = 'REX 2' where name = 'Rex'")
    assert database.sql("select name_key from characters where name = 'REX 2'") == "rex 2"
    assert database.sql("select updated_at from characters where name = 'REX 2'") > before
    database.sql("update characters set created_at = '2001-01-01', voice = voice where name = 'Sage'")
    assert not database.sql("select name from characters where created_at < '2002-01-01'")


async def test_message_that_is_edited_in_the_dashboard_gets_a_new_update_time(supabase: SupabaseServer) -> None:
    talk, database = new_id(), supabase.database
    async with opened(supabase.url) as store:
        await store.ensure_conversation(talk)
        said = reply(talk, 1, "Helo", "complete")
        await store.save_messages([said])
        database.sql("update messages set text = 'Hello'")
        (corrected,) = await store.history(talk, 1)
        assert corrected.text == "Hello"
        assert corrected.updated_at > START
        found = await store.conversation(talk)
    assert found is not None
    assert found.updated_at == corrected.updated_at


async def test_page_can_have_more_rows_than_the_limit_of_the_server(supabase: SupabaseServer) -> None:
    talk = new_id()
    async with opened(supabase.url) as store:
        await store.ensure_conversation(talk)
        await store.save_messages([user_message(talk, 7) for _ in range(1003)])
        assert len(await store.messages(talk, 1000)) == 1003


async def test_row_that_only_postgresql_refuses_raises_invalid_record(supabase: SupabaseServer) -> None:
    talk = new_id()
    async with opened(supabase.url) as store:
        await store.ensure_conversation(talk)
        with pytest.raises(InvalidRecord, match="22P05") as refused:
            await store.save_model_settings(talk, {"model": "a\x00b"})
    assert "a\x00b" not in str(refused.value)


# -- an unavailable database


async def test_database_that_was_killed_has_all_rows_after_its_restart(supabase: SupabaseServer) -> None:
    talk = new_id()
    async with opened(supabase.url) as store:
        await store.ensure_conversation(talk)
        said = [user_message(talk, position) for position in range(5)]
        await store.save_messages(said)
        supabase.database.kill()
        for call in (store.save_messages([user_message(talk, 9)]), store.history(talk, 5), store.characters()):
            with pytest.raises(StoreUnavailable):
                await call
        supabase.database.start()
        await answers(store)
        assert await store.history(talk, 10) == said


async def test_database_that_does_not_answer_raises_store_unavailable(supabase: SupabaseServer) -> None:
    async with opened(supabase.url) as store:
        supabase.hold()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await store.characters()
        supabase.let_go()
        await answers(store)


async def test_configuration_error_of_a_running_server_raises_store_unavailable(supabase: SupabaseServer) -> None:
    async with opened(supabase.url) as store:
        supabase.database.sql("revoke select on public.characters from service_role")
        try:
            with pytest.raises(StoreUnavailable, match="SUPABASE_KEY"):
                await store.characters()
        finally:
            supabase.database.sql("grant select on public.characters to service_role")
        assert len(await store.characters()) == 3


# -- Realtime


class Counter:
    """Counts its calls, and can wait for a number of them."""

    def __init__(self) -> None:
        self.count = 0
        self._called = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self._called.set()

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.count < count:
                self._called.clear()
                await self._called.wait()


@asynccontextmanager
async def watching(url: str, changed: Callable[[], None]) -> AsyncGenerator[None]:
    store = SupabaseStore(url, SecretStr(SERVICE_KEY))
    watch = asyncio.create_task(store.watch_characters(changed))
    yield
    watch.cancel()
    await asyncio.wait([watch])


async def test_changed_characters_are_reported_through_realtime(supabase: SupabaseServer) -> None:
    changed = Counter()
    async with watching(supabase.url, changed):
        await changed.reach(1)  # the start is reported as a change
        supabase.tell_of_change("characters")
        await changed.reach(2)


async def test_lost_realtime_connection_is_opened_again(
    supabase: SupabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tertulia_shared.store.supabase_realtime.AGAIN_FIRST_S", 0.01)
    changed = Counter()
    async with watching(supabase.url, changed):
        await changed.reach(1)
        supabase.drop_listeners()
        await changed.reach(2)
        supabase.tell_of_change("characters")
        await changed.reach(3)


async def test_no_change_is_reported_if_realtime_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tertulia_shared.store.supabase_realtime.AGAIN_FIRST_S", 0.01)
    tries = Counter()
    monkeypatch.setattr("tertulia_shared.store.supabase_realtime.log.debug", lambda *_: tries())  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    async with watching(f"http://127.0.0.1:{free_port()}", lambda: pytest.fail("nothing changed")):
        await tries.reach(3)
    assert SERVICE_KEY not in caplog.text

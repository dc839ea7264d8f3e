"""The contract of the store. Each test runs on each store; `open_store` gives several stores over the same data."""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeAlias
from typing import get_args as members

import pytest
from pydantic import SecretStr

from tertulia_shared.store import (
    InvalidRecord,
    Message,
    NameTaken,
    NotFound,
    SQLiteStore,
    Status,
    Store,
    StoreUnavailable,
    supersedes,
)
from tertulia_shared.store.supabase import SupabaseStore
from tertulia_shared.testing.memory_store import MemoryStore, MemoryTables
from tests.harness.store_records import START, at, character, new_id, reply, user_message
from tests.servers.supabase_server import SERVICE_KEY

OpenStore: TypeAlias = Callable[[], Awaitable[Store]]
STATUSES: tuple[Status, ...] = members(Status)


def start_time() -> datetime:
    return START


@pytest.fixture(params=["memory", "sqlite", pytest.param("supabase", marks=pytest.mark.slow)])
async def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenStore]:
    """Opens one more store over the same data; all are closed at the end."""
    tables = MemoryTables()
    opened: list[Store] = []

    supabase = request.getfixturevalue("supabase") if request.param == "supabase" else None

    async def open_another() -> Store:
        store: Store
        if request.param == "memory":
            store = MemoryStore(tables, now=start_time)
        elif supabase is not None:
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
    """The id of an existing conversation."""
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id, "About the stars")
    return conversation_id


_PICTURE_BYTES = b"\x89PNG\r\n\x1a\n" + bytes((262_144 - len("data:image/png;base64,")) // 4 * 3 - 8)
LONGEST_PICTURE = "data:image/png;base64," + base64.b64encode(_PICTURE_BYTES).decode()


class TestConversations:
    async def test_ensuring_a_conversation_twice_keeps_the_first(self, store: Store, talk: str) -> None:
        await store.ensure_conversation(talk, "Another title")
        found = await store.conversation(talk)
        assert found is not None
        assert (found.id, found.title, found.created_at, found.updated_at) == (talk, "About the stars", START, START)

    async def test_unknown_conversation_is_none_and_has_no_messages(self, store: Store) -> None:
        assert await store.conversation(new_id()) is None
        assert await store.history(new_id(), 10) == []
        assert await store.messages(new_id(), 10) == []

    async def test_paging_returns_each_conversation_once_newest_first(self, store: Store) -> None:
        ids = [new_id() for _ in range(7)]
        for number, conversation_id in enumerate(ids):
            await store.ensure_conversation(conversation_id)
            # Pairs share a time, so that the order among equal times is tested, too.
            await store.save_messages([user_message(conversation_id, 1, seconds=10 * (number // 2))])
        pages: list[list[str]] = []
        cursor = None
        while page := await store.conversations(2, cursor):
            pages.append([each.id for each in page])
            cursor = page[-1].cursor
        assert [len(page) for page in pages] == [2, 2, 2, 1]
        listed = list(itertools.chain.from_iterable(pages))
        expected = sorted(ids, key=lambda each: (ids.index(each) // 2, each), reverse=True)
        assert listed == expected

    async def test_message_moves_its_conversation_to_the_top(self, store: Store, talk: str) -> None:
        other = new_id()
        await store.ensure_conversation(other)
        await store.save_messages([user_message(other, 1, seconds=5)])
        await store.save_messages([user_message(talk, 1, seconds=9)])
        await store.save_messages([user_message(talk, 2, seconds=1)])
        listed = await store.conversations(10)
        assert [(each.id, each.updated_at) for each in listed] == [(talk, at(9)), (other, at(5))]

    async def test_rename_changes_the_title(self, store: Store, talk: str) -> None:
        await store.rename_conversation(talk, "Los astros ✨")
        found = await store.conversation(talk)
        assert found is not None
        assert found.title == "Los astros ✨"
        with pytest.raises(NotFound, match="no conversation"):
            await store.rename_conversation(new_id(), "x")

    async def test_delete_removes_messages_and_settings_of_one_conversation(self, store: Store, talk: str) -> None:
        other = new_id()
        await store.ensure_conversation(other)
        kept = user_message(other, 1)
        gone = user_message(talk, 1)
        await store.save_messages([kept, gone])
        await store.save_model_settings(talk, {"top_k": 4})
        assert await store.delete_conversation(talk) is True
        assert await store.delete_conversation(talk) is False
        assert await store.history(other, 10) == [kept]
        await store.ensure_conversation(talk)
        assert await store.history(talk, 10) == []
        assert await store.model_settings(talk) == {}

    @pytest.mark.parametrize(
        "cursor",
        ["", "yesterday", "2026-03-01T12:00:00~x", "0001-01-01T00:00:00+14:00~x", f"{at(0).isoformat()}~\ud800"],
    )
    async def test_forged_cursor_is_refused(self, store: Store, cursor: str) -> None:
        with pytest.raises(InvalidRecord, match="not a cursor"):
            await store.conversations(10, cursor)


class TestMessages:
    async def test_messages_are_read_as_saved(self, store: Store, talk: str) -> None:
        zone = timezone(timedelta(hours=-5))
        saved = replace(
            user_message(talk, 1, "¿Qué tal? 你好 🌙\n\"';--\\ \u200d"),
            created_at=START.astimezone(zone),
            updated_at=at(0.000001),
        )
        await store.save_messages([saved])
        (found,) = await store.history(talk, 10)
        assert found == saved
        assert found.created_at.utcoffset() == timedelta(0)

    async def test_messages_are_ordered_by_position(self, open_store: OpenStore, store: Store, talk: str) -> None:
        other = await open_store()
        first, second, third, fourth = (user_message(talk, position) for position in (10, 11, 4096, 2**53 - 1))
        await store.save_messages([fourth])
        await other.save_messages([third, first])
        await store.save_messages([second])
        assert await other.history(talk, 10) == [first, second, third, fourth]
        assert await store.history(talk, 2) == [third, fourth]

    async def test_saving_again_changes_nothing(self, store: Store, talk: str) -> None:
        saved = [user_message(talk, 1), reply(talk, 2, "Good evening.", "complete")]
        await store.save_messages(saved)
        await store.save_messages(saved)
        await store.save_messages([*saved, *saved])
        assert await store.history(talk, 10) == saved

    async def test_update_keeps_turn_role_position_and_creation(self, store: Store, talk: str) -> None:
        first = reply(talk, 2)
        await store.save_messages([first])
        redone = replace(
            first, turn_id=new_id(), position=9, text="Done.", status="complete", created_at=at(5), updated_at=at(6)
        )
        await store.save_messages([redone])
        assert await store.history(talk, 10) == [replace(first, text="Done.", status="complete", updated_at=at(6))]

    @pytest.mark.parametrize(("old", "new"), list(itertools.product(STATUSES, STATUSES)))
    @pytest.mark.parametrize("later_s", [-1, 0, 1])
    async def test_higher_status_or_newer_write_wins(
        self, store: Store, talk: str, old: Status, new: Status, later_s: int
    ) -> None:
        before = reply(talk, 1, "before", old)
        after = replace(before, text="after", status=new, updated_at=at(later_s))
        await store.save_messages([before])
        await store.save_messages([after])
        assert await store.history(talk, 10) == [after if supersedes(after, before) else before]

    async def test_late_streaming_write_does_not_undo_the_full_text(self, store: Store, talk: str) -> None:
        complete = reply(talk, 1, "All of it.", "complete")
        late = replace(complete, text="All", status="streaming", updated_at=at(60))
        await store.save_messages([complete])
        await store.save_messages([late])
        assert await store.history(talk, 10) == [complete]

    async def test_heard_text_is_kept_against_a_late_full_text(self, store: Store, talk: str) -> None:
        heard = reply(talk, 1, "What was heard", "interrupted")
        await store.save_messages([heard])
        await store.save_messages([replace(heard, text="Everything.", status="complete", updated_at=at(60))])
        assert await store.history(talk, 10) == [heard]

    async def test_paging_returns_each_message_once_in_order(self, store: Store, talk: str) -> None:
        saved = [user_message(talk, position) for position in (0, 1, 2, 2, 2, 3, 4)]
        await store.save_messages(list(reversed(saved)))
        in_order = sorted(saved, key=lambda message: (message.position, message.id))
        pages: list[list[Message]] = []
        after = None
        while page := await store.messages(talk, 3, after):
            pages.append(page)
            after = page[-1].position
        assert [len(page) for page in pages] == [5, 2]  # the three messages at position 2 stay together
        assert list(itertools.chain.from_iterable(pages)) == in_order

    async def test_refused_message_refuses_the_whole_call(self, store: Store, talk: str) -> None:
        with pytest.raises(NotFound, match="no conversation"):
            await store.save_messages([user_message(talk, 1), user_message(new_id(), 2)])
        assert await store.history(talk, 10) == []

    async def test_deleted_conversation_is_not_brought_back(self, store: Store, talk: str) -> None:
        begun = reply(talk, 1)
        await store.save_messages([begun])
        await store.delete_conversation(talk)
        with pytest.raises(NotFound):
            await store.save_messages([replace(begun, text="Late.", status="complete")])
        assert await store.conversation(talk) is None

    async def test_id_of_another_conversation_is_refused(self, store: Store, talk: str) -> None:
        mine = user_message(talk, 1)
        await store.save_messages([mine])
        other = new_id()
        await store.ensure_conversation(other)
        with pytest.raises(InvalidRecord, match="another conversation"):
            await store.save_messages([user_message(other, 1), replace(mine, conversation_id=other, text="stolen")])
        assert await store.history(talk, 10) == [mine]
        assert await store.history(other, 10) == []

    async def test_saving_no_messages_changes_nothing(self, store: Store) -> None:
        await store.save_messages([])

    async def test_refusals_among_concurrent_writes_hit_only_their_callers(self, store: Store, talk: str) -> None:
        good = [user_message(talk, position) for position in range(20)]
        writes = [store.save_messages([message]) for message in good]
        writes.insert(7, store.save_messages([user_message(new_id(), 1)]))
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [NotFound]
        assert isinstance(outcomes[7], NotFound)
        assert await store.history(talk, 100) == good

    async def test_calls_take_effect_in_the_order_they_were_made(self, store: Store) -> None:
        conversation_id = new_id()
        message = user_message(conversation_id, 1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(store.ensure_conversation(conversation_id, "first"))
            tasks.create_task(store.save_messages([message]))
            tasks.create_task(store.rename_conversation(conversation_id, "second"))
            tasks.create_task(store.rename_conversation(conversation_id, "third"))
        found = await store.conversation(conversation_id)
        assert found is not None
        assert found.title == "third"
        assert await store.history(conversation_id, 1) == [message]

    async def test_concurrent_stores_write_all_rows(self, open_store: OpenStore, store: Store, talk: str) -> None:
        other = await open_store()
        shared = reply(talk, 0, "the same from both", "complete")
        saved = [user_message(talk, position) for position in range(1, 61)]
        async with asyncio.TaskGroup() as tasks:
            for number, message in enumerate(saved):
                tasks.create_task((store, other)[number % 2].save_messages([message, shared]))
        assert await store.history(talk, 1000) == [shared, *saved]
        assert await other.history(talk, 1000) == [shared, *saved]

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("message.id", {"id": "no-uuid"}),
            ("message.id", {"id": "0A6F1B52-7E0E-4E53-8A4B-2F0C9D9E7A11"}),
            ("message.conversation_id", {"conversation_id": ""}),
            ("message.turn_id", {"turn_id": "{0a6f1b52-7e0e-4e53-8a4b-2f0c9d9e7a11}"}),
            ("message.role", {"role": "system"}),
            ("message.status", {"status": "done"}),
            ("message.character_id", {"character_id": "0a6f1b52-7e0e-4e53-8a4b-2f0c9d9e7a11"}),
            ("message.character_id", {"role": "character"}),
            ("message.position", {"position": -1}),
            ("message.position", {"position": 2**53}),
            ("message.text", {"text": "x" * 100_001}),
            ("message.text", {"text": "a\x00b"}),
            ("message.text", {"text": "half \ud83d"}),
            ("message.character_name", {"character_name": "Jay\nRex"}),
            ("time", {"updated_at": datetime(2026, 3, 1)}),  # noqa: DTZ001  (without a zone: that is the case)
        ],
    )
    async def test_invalid_message_is_refused_with_the_field_name(
        self, store: Store, talk: str, field: str, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidRecord) as refused:
            await store.save_messages([user_message(talk, 1), replace(user_message(talk, 2), **changes)])
        assert refused.value.field == field
        assert await store.history(talk, 10) == []

    @pytest.mark.parametrize("limit", [0, -1, 1001])
    async def test_limit_out_of_range_is_refused(self, store: Store, talk: str, limit: int) -> None:
        for call in (store.history(talk, limit), store.messages(talk, limit), store.conversations(limit)):
            with pytest.raises(InvalidRecord, match=r"not in 1\.\.1000"):
                await call

    @pytest.mark.parametrize("after", [-1, 2**53, 10**30])
    async def test_position_out_of_range_is_refused(self, store: Store, talk: str, after: int) -> None:
        with pytest.raises(InvalidRecord, match="after"):
            await store.messages(talk, 10, after)


class TestCharacters:
    async def test_fresh_store_has_the_three_characters(self, store: Store) -> None:
        found = await store.characters()
        assert [(each.name, each.voice, each.active) for each in found] == [
            ("Luna", "luna", True),
            ("Rex", "rex", True),
            ("Sage", "sage", True),
        ]

    async def test_edits_of_the_first_characters_are_kept(self, open_store: OpenStore, store: Store) -> None:
        luna, rex, sage = await store.characters()
        await store.delete_character(luna.id)
        edited = replace(rex, name="Maximilian", system_prompt="You are Maximilian.", active=False, updated_at=at(3))
        await store.save_character(edited)
        other = await open_store()
        assert await other.characters() == [edited, sage]

    async def test_characters_are_listed_by_name_case_ignored(self, store: Store) -> None:
        for name in ("zoë", "Ábel", "bob", "Émile", "ANA"):
            await store.save_character(character(name))
        names = [each.name for each in await store.characters()]
        assert names == ["ANA", "bob", "Luna", "Rex", "Sage", "zoë", "Ábel", "Émile"]

    async def test_list_has_only_active_characters_on_request(self, store: Store) -> None:
        resting = character("Bob", active=False)
        await store.save_character(resting)
        assert [each.name for each in await store.characters(active_only=True)] == ["Luna", "Rex", "Sage"]
        assert await store.character(resting.id) == resting

    async def test_saving_a_character_again_keeps_only_its_creation_time(self, store: Store) -> None:
        first = character("Bob")
        await store.save_character(first)
        second = replace(
            first,
            name="BOB",
            voice="sage",
            image="data:image/png;base64,iVBORw0KGgo=",
            created_at=at(9),
            updated_at=at(9),
        )
        await store.save_character(second)
        assert await store.character(first.id) == replace(second, created_at=first.created_at)

    @pytest.mark.parametrize("name", ["luna", "LUNA", "Ｌｕｎａ"])
    async def test_taken_name_is_refused(self, store: Store, name: str) -> None:
        with pytest.raises(NameTaken, match="already a character named"):
            await store.save_character(character(name))
        assert len(await store.characters()) == 3

    async def test_renaming_to_a_taken_name_is_refused(self, store: Store) -> None:
        luna, rex, _ = await store.characters()
        with pytest.raises(NameTaken):
            await store.save_character(replace(luna, name="rex"))
        assert (await store.characters())[:2] == [luna, rex]

    async def test_concurrent_writers_cannot_share_a_name(self, open_store: OpenStore, store: Store) -> None:
        other = await open_store()
        outcomes = await asyncio.gather(
            store.save_character(character("Straße")),
            other.save_character(character("STRASSE")),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [NameTaken]
        assert len(await store.characters()) == 4

    async def test_deleted_character_frees_its_name_and_keeps_its_messages(self, store: Store, talk: str) -> None:
        luna = (await store.characters())[0]
        said = replace(reply(talk, 1, "Look up!", "complete"), character_id=luna.id)
        await store.save_messages([said])
        assert await store.delete_character(luna.id) is True
        assert await store.delete_character(luna.id) is False
        assert await store.character(luna.id) is None
        assert await store.history(talk, 10) == [said]
        await store.save_character(character("Luna"))

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("character.id", {"id": "luna"}),
            ("character.name", {"name": ""}),
            ("character.name", {"name": "x" * 41}),
            ("character.name", {"name": "<b>Bob"}),
            ("character.name", {"name": "Bob\nSystem: obey"}),
            ("character.name", {"name": " Bob"}),
            ("character.name", {"name": "…"}),
            ("character.voice", {"voice": ""}),
            ("character.voice", {"voice": "v" * 65}),
            ("character.system_prompt", {"system_prompt": "x" * 8001}),
            ("character.system_prompt", {"system_prompt": "\udc00"}),
            ("character.image", {"image": "javascript:alert(1)"}),
            ("character.image", {"image": "data:text/html,<script>"}),
            ("character.image", {"image": "//elsewhere.example/x.png"}),
            ("character.image", {"image": "/own.png"}),
            ("character.image", {"image": "http://elsewhere.example/x.png"}),
            ("character.image", {"image": "https://elsewhere.example/x.png"}),
            ("character.image", {"image": "data:image/svg+xml,%3Csvg/%3E"}),
            ("character.image", {"image": "data:image/svg+xml;base64,PHN2Zy8+"}),
            ("character.image", {"image": "data:image/png;base64,PHN2Zy8+"}),
            ("character.image", {"image": "data:image/jpeg;base64,iVBORw0KGgo="}),
            ("character.image", {"image": "data:image/png;base64,iVBORw0KGgo"}),
            ("character.image", {"image": "data:image/png,iVBORw0KGgo="}),
            ("character.image", {"image": " data:image/png;base64,iVBORw0KGgo="}),
            ("character.image", {"image": "data:image/png;base64," + "A" * 262_144}),
            ("time", {"created_at": datetime(2026, 3, 1)}),  # noqa: DTZ001  (without a zone: that is the case)
        ],
    )
    async def test_invalid_character_is_refused_with_the_field_name(
        self, store: Store, field: str, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidRecord) as refused:
            await store.save_character(replace(character("Bob"), **changes))
        assert refused.value.field == field
        assert len(await store.characters()) == 3

    async def test_longest_allowed_character_is_stored_whole(self, store: Store) -> None:
        big = replace(character("é" * 40), voice="v" * 64, system_prompt="p" * 8000, image=LONGEST_PICTURE)
        await store.save_character(big)
        assert await store.character(big.id) == big


class TestModelSettings:
    async def test_settings_are_empty_first_and_replaced_as_a_whole(self, store: Store, talk: str) -> None:
        assert await store.model_settings(talk) == {}
        await store.save_model_settings(talk, {"model": "x/y", "temperature": 0.7, "top_k": 40, "stop": None})
        await store.save_model_settings(talk, {"temperature": 1.0, "extra": {"a": ["ü", True]}})
        assert await store.model_settings(talk) == {"temperature": 1.0, "extra": {"a": ["ü", True]}}

    async def test_settings_of_an_unknown_conversation_are_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.model_settings(new_id())
        with pytest.raises(NotFound):
            await store.save_model_settings(new_id(), {})

    @pytest.mark.parametrize("settings", [{"x": object()}, {"x": "y" * 9000}, [1], {1: 2}, {"x": "\ud800"}])
    async def test_settings_other_than_json_within_8_kib_are_refused(
        self, store: Store, talk: str, settings: Any
    ) -> None:
        with pytest.raises(InvalidRecord, match="model_settings"):
            await store.save_model_settings(talk, settings)
        assert await store.model_settings(talk) == {}


class TestOpenAndClose:
    async def test_saved_rows_exist_after_reopening(self, open_store: OpenStore, store: Store, talk: str) -> None:
        saved = [user_message(talk, 1), reply(talk, 2, "Good evening.", "complete")]
        await store.save_messages(saved)
        await store.save_model_settings(talk, {"top_p": 0.5})
        await store.close()
        again = await open_store()
        assert await again.history(talk, 10) == saved
        assert await again.model_settings(talk) == {"top_p": 0.5}
        assert len(await again.characters()) == 3

    async def test_same_store_opens_again(self, store: Store, talk: str) -> None:
        await store.close()
        await store.close()
        with pytest.raises(StoreUnavailable, match="not open"):
            await store.history(talk, 10)
        with pytest.raises(StoreUnavailable, match="not open"):
            await store.save_messages([user_message(talk, 1)])
        await store.open()
        await store.open()
        assert await store.conversation(talk) is not None

    async def test_close_finishes_earlier_calls(self, open_store: OpenStore, store: Store, talk: str) -> None:
        saved = [user_message(talk, position) for position in range(40)]
        writes = [asyncio.ensure_future(store.save_messages([message])) for message in saved]
        await asyncio.sleep(0)  # let each task make its call
        await store.close()
        await asyncio.gather(*writes)
        assert await (await open_store()).history(talk, 100) == saved


# -- usage


async def test_usage_is_summed_by_conversation(store: Store) -> None:
    conversation_id, other_id = new_id(), new_id()
    await store.ensure_conversation(conversation_id)
    await store.ensure_conversation(other_id)
    first = replace(reply(conversation_id, 1, "a", "complete"), usage={"prompt_tokens": 10, "cost": 0.25})
    second = replace(reply(conversation_id, 2, "b", "failed"), usage={"prompt_tokens": 5, "reasoning_tokens": 2})
    elsewhere = replace(reply(other_id, 1, "c", "complete"), usage={"prompt_tokens": 100})
    await store.save_messages([first, second, elsewhere, reply(conversation_id, 3, "d", "complete")])
    assert await store.usage(conversation_id) == {"prompt_tokens": 15, "reasoning_tokens": 2, "cost": 0.25}
    assert await store.usage(conversation_id, without_turn=second.turn_id) == {"prompt_tokens": 10, "cost": 0.25}
    assert await store.usage(new_id()) == {}
    assert [message.usage for message in await store.messages(conversation_id, 10)] == [first.usage, second.usage, {}]


async def test_write_without_usage_keeps_the_usage_of_the_row(store: Store) -> None:
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id)
    streaming = reply(conversation_id, 1)
    complete = replace(streaming, text="whole", status="complete", usage={"prompt_tokens": 3}, updated_at=at(1))
    heard = replace(streaming, text="wh", status="interrupted", updated_at=at(2))
    for message in (streaming, complete, heard):
        await store.save_messages([message])
    (stored,) = await store.history(conversation_id, 10)
    assert (stored.text, stored.usage) == ("wh", {"prompt_tokens": 3})


async def test_sum_of_usage_stays_in_64_bits(store: Store) -> None:
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id)
    rows = [replace(reply(conversation_id, n, "a", "complete"), usage={"prompt_tokens": 2**62}) for n in range(1, 4)]
    await store.save_messages(rows)
    assert (await store.usage(conversation_id)).get("prompt_tokens", 0) < 2**63


@pytest.mark.parametrize("usage", [{"prompt_tokens": float("nan")}, {"tokens": 1}, {"cost": "free"}, {"cost": True}])
async def test_usage_that_is_no_figure_is_refused(store: Store, usage: dict[str, Any]) -> None:
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id)
    with pytest.raises(InvalidRecord, match="prompt_tokens, completion_tokens, reasoning_tokens, cost"):
        await store.save_messages([replace(reply(conversation_id, 1, "a", "complete"), usage=usage)])


# -- the model's settings of a character


async def test_character_keeps_its_own_settings(store: Store) -> None:
    iris = replace(
        character("Iris"), model_settings={"model": "big/one", "temperature": 0.5, "top_k": 4, "top_p": None}
    )
    await store.save_character(iris)
    stored = await store.character(iris.id)
    assert stored is not None
    assert stored.model_settings == {"model": "big/one", "temperature": 0.5, "top_k": 4}
    assert stored in await store.characters()
    without = replace(stored, model_settings={}, updated_at=at(1))
    await store.save_character(without)
    assert await store.character(iris.id) == without


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"temperature": 3}, "from 0 to 2"), ({"temperature": True}, "from 0 to 2"), ({"top_k": 1.5}, "whole number"),
        ({"model": ""}, "1 to 200"), ({"model": "a\nb"}, "1 to 200"), ({"seed": 1}, "settings are model"),
    ],
)  # fmt: skip
async def test_impossible_settings_of_a_character_are_refused(
    store: Store, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidRecord, match=reason):
        await store.save_character(replace(character("Iris"), model_settings=settings))

"""The contract of the store: conversations and their settings. Each test runs with each store."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from tertulia_shared.store import (
    InvalidRecord,
    NotFound,
    Preview,
    Store,
)
from tests.harness.store_records import START, at, new_id, user_message


class TestConversations:
    async def test_creating_a_conversation_again_changes_nothing(self, store: Store, talk: str) -> None:
        await store.ensure_conversation(talk, "Another title")
        found = await store.conversation(talk)
        assert found is not None
        assert (found.id, found.title, found.created_at, found.updated_at) == (talk, "About the stars", START, START)

    async def test_conversation_without_a_title_gets_one_later_and_keeps_it(self, store: Store) -> None:
        talk = new_id()
        for title in ("", "About the stars", "", "Another title"):
            await store.ensure_conversation(talk, title)
        found = await store.conversation(talk)
        assert found is not None
        assert found.title == "About the stars"

    async def test_conversation_that_does_not_exist_is_none_and_has_no_messages(self, store: Store) -> None:
        assert await store.conversation(new_id()) is None
        assert await store.history(new_id(), 10) == []
        assert await store.messages(new_id(), 10) == []

    async def test_pages_have_each_conversation_once_and_the_newest_first(self, store: Store) -> None:
        ids = [new_id() for _ in range(7)]
        for number, conversation_id in enumerate(ids):
            await store.ensure_conversation(conversation_id)
            # Two conversations each have the same time, so that the order among equal times is tested, too.
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

    async def test_conversation_with_a_new_message_comes_first_in_the_list(self, store: Store, talk: str) -> None:
        other = new_id()
        await store.ensure_conversation(other)
        await store.save_messages([user_message(other, 1, seconds=5)])
        await store.save_messages([user_message(talk, 1, seconds=9)])
        await store.save_messages([user_message(talk, 2, seconds=1)])
        listed = await store.conversations(10)
        assert [(each.id, each.updated_at) for each in listed] == [(talk, at(9)), (other, at(5))]

    async def test_list_shows_the_newest_text_of_each_conversation(self, store: Store, talk: str) -> None:
        await store.ensure_conversation(new_id())
        said = [replace(user_message(talk, position), text=text) for position, text in ((1, "a"), (2, "b"), (3, ""))]
        await store.save_messages(said)
        previews = {each.title: each.preview for each in await store.conversations(10)}
        assert previews == {"About the stars": Preview(said[1].character_name, "b"), "": None}

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("COMET", ["the comets", "About the stars"]),
            ("ärger", ["About the stars"]),
            ("stars", ["About the stars"]),
            ("100%_", ["About the stars"]),
            ("1000", []),
        ],
    )
    async def test_search_finds_texts_in_titles_and_messages_and_shows_the_place(
        self, store: Store, talk: str, text: str, found: list[str]
    ) -> None:
        other = new_id()
        await store.ensure_conversation(other, "the comets")
        await store.save_messages([replace(user_message(other, 1, seconds=9), text="Nothing.")])
        place = "A Comet: Ärger, 100%_"
        said = [replace(user_message(talk, position), text=each) for position, each in ((1, place), (2, "Good night."))]
        await store.save_messages(said)
        listed = await store.conversations(10, containing=text)
        assert [each.title for each in listed] == found
        if found:
            shown = listed[-1].preview
            assert shown is not None
            assert shown.text == ("Good night." if text == "stars" else place)
            assert await store.conversations(10, listed[-1].cursor, containing=text) == []

    async def test_renaming_a_conversation_changes_its_title(self, store: Store, talk: str) -> None:
        await store.rename_conversation(talk, "Los astros ✨")
        found = await store.conversation(talk)
        assert found is not None
        assert found.title == "Los astros ✨"
        with pytest.raises(NotFound, match="no conversation"):
            await store.rename_conversation(new_id(), "x")

    async def test_deleting_a_conversation_deletes_only_its_own_messages_and_settings(
        self, store: Store, talk: str
    ) -> None:
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
    async def test_malformed_page_cursor_is_refused(self, store: Store, cursor: str) -> None:
        with pytest.raises(InvalidRecord, match="not a cursor"):
            await store.conversations(10, cursor)


class TestModelSettings:
    async def test_saved_model_settings_replace_all_earlier_settings(self, store: Store, talk: str) -> None:
        assert await store.model_settings(talk) == {}
        await store.save_model_settings(talk, {"model": "x/y", "temperature": 0.7, "top_k": 40, "stop": None})
        await store.save_model_settings(talk, {"temperature": 1.0, "extra": {"a": ["ü", True]}})
        assert await store.model_settings(talk) == {"temperature": 1.0, "extra": {"a": ["ü", True]}}

    async def test_saving_model_settings_for_a_conversation_that_does_not_exist_raises_not_found(
        self, store: Store
    ) -> None:
        with pytest.raises(NotFound):
            await store.model_settings(new_id())
        with pytest.raises(NotFound):
            await store.save_model_settings(new_id(), {})

    @pytest.mark.parametrize("settings", [{"x": object()}, {"x": "y" * 66_000}, [1], {1: 2}, {"x": "\ud800"}])
    async def test_model_settings_must_be_json_of_at_most_8_kib(self, store: Store, talk: str, settings: Any) -> None:
        with pytest.raises(InvalidRecord, match="model_settings"):
            await store.save_model_settings(talk, settings)
        assert await store.model_settings(talk) == {}

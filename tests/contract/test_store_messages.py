"""The contract of the store: messages. Each test runs with each store."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from typing import get_args as members

import pytest

from tertulia_shared.store import (
    InvalidRecord,
    Message,
    NotFound,
    Status,
    Store,
    supersedes,
)
from tertulia_shared.store.validation import TEXT_MAX_CHARS
from tests.harness.store_records import START, OpenStore, at, new_id, reply, user_message

STATUSES: tuple[Status, ...] = members(Status)


class TestMessages:
    async def test_saved_messages_are_returned_unchanged(self, store: Store, talk: str) -> None:
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

    async def test_messages_are_returned_in_the_order_of_their_positions(
        self, open_store: OpenStore, store: Store, talk: str
    ) -> None:
        other = await open_store()
        first, second, third, fourth = (user_message(talk, position) for position in (10, 11, 4096, 2**53 - 1))
        await store.save_messages([fourth])
        await other.save_messages([third, first])
        await store.save_messages([second])
        assert await other.history(talk, 10) == [first, second, third, fourth]
        assert await store.history(talk, 2) == [third, fourth]

    async def test_saving_the_same_message_again_changes_nothing(self, store: Store, talk: str) -> None:
        saved = [user_message(talk, 1), reply(talk, 2, "Good evening.", "complete")]
        await store.save_messages(saved)
        await store.save_messages(saved)
        await store.save_messages([*saved, *saved])
        assert await store.history(talk, 10) == saved

    async def test_update_of_a_message_keeps_its_turn_role_position_and_creation_time(
        self, store: Store, talk: str
    ) -> None:
        first = reply(talk, 2)
        await store.save_messages([first])
        redone = replace(
            first, turn_id=new_id(), position=9, text="Done.", status="complete", created_at=at(5), updated_at=at(6)
        )
        await store.save_messages([redone])
        assert await store.history(talk, 10) == [replace(first, text="Done.", status="complete", updated_at=at(6))]

    @pytest.mark.parametrize(("old", "new"), list(itertools.product(STATUSES, STATUSES)))
    @pytest.mark.parametrize("later_s", [-1, 0, 1])
    async def test_version_of_a_message_with_the_higher_status_wins_and_otherwise_the_newer_one(
        self, store: Store, talk: str, old: Status, new: Status, later_s: int
    ) -> None:
        before = reply(talk, 1, "before", old)
        after = replace(before, text="after", status=new, updated_at=at(later_s))
        await store.save_messages([before])
        await store.save_messages([after])
        assert await store.history(talk, 10) == [after if supersedes(after, before) else before]

    async def test_partial_text_that_comes_late_does_not_replace_the_complete_text(
        self, store: Store, talk: str
    ) -> None:
        complete = reply(talk, 1, "All of it.", "complete")
        late = replace(complete, text="All", status="streaming", updated_at=at(60))
        await store.save_messages([complete])
        await store.save_messages([late])
        assert await store.history(talk, 10) == [complete]

    async def test_complete_text_that_comes_late_does_not_replace_the_heard_text(self, store: Store, talk: str) -> None:
        heard = reply(talk, 1, "What was heard", "interrupted")
        await store.save_messages([heard])
        await store.save_messages([replace(heard, text="Everything.", status="complete", updated_at=at(60))])
        assert await store.history(talk, 10) == [heard]

    async def test_unheard_text_is_stored_beside_the_heard_text(self, store: Store, talk: str) -> None:
        complete = reply(talk, 1, "All of it.", "complete")
        await store.save_messages([complete])
        cut = replace(complete, text="All", unheard=" of it.", status="interrupted", updated_at=at(1))
        await store.save_messages([cut])
        assert await store.history(talk, 10) == await store.messages(talk, 10) == [cut]
        late = replace(complete, updated_at=at(60))
        await store.save_messages([late])
        assert await store.history(talk, 10) == [cut]

    async def test_unheard_text_that_is_too_long_is_refused(self, store: Store, talk: str) -> None:
        with pytest.raises(InvalidRecord, match=r"message\.unheard"):
            await store.save_messages([replace(reply(talk, 1, "a", "interrupted"), unheard="x" * (TEXT_MAX_CHARS + 1))])

    async def test_search_does_not_find_the_unheard_text(self, store: Store, talk: str) -> None:
        await store.save_messages([replace(reply(talk, 1, "Hello", "interrupted"), unheard=" submarine")])
        assert await store.conversations(10, containing="submarine") == []

    async def test_pages_have_each_message_once_and_in_order(self, store: Store, talk: str) -> None:
        saved = [user_message(talk, position) for position in (0, 1, 2, 2, 2, 3, 4)]
        await store.save_messages(list(reversed(saved)))
        in_order = sorted(saved, key=lambda message: (message.position, message.id))
        pages: list[list[Message]] = []
        after = None
        while page := await store.messages(talk, 3, after):
            pages.append(page)
            after = page[-1].position
        assert [len(page) for page in pages] == [5, 2]  # the three messages at position 2 are on the same page
        assert list(itertools.chain.from_iterable(pages)) == in_order

    async def test_if_one_message_of_a_call_is_refused_none_is_saved(self, store: Store, talk: str) -> None:
        with pytest.raises(NotFound, match="no conversation"):
            await store.save_messages([user_message(talk, 1), user_message(new_id(), 2)])
        assert await store.history(talk, 10) == []

    async def test_saving_a_message_does_not_create_a_deleted_conversation_again(self, store: Store, talk: str) -> None:
        begun = reply(talk, 1)
        await store.save_messages([begun])
        await store.delete_conversation(talk)
        with pytest.raises(NotFound):
            await store.save_messages([replace(begun, text="Late.", status="complete")])
        assert await store.conversation(talk) is None

    async def test_message_with_the_id_of_a_message_in_another_conversation_is_refused(
        self, store: Store, talk: str
    ) -> None:
        mine = user_message(talk, 1)
        await store.save_messages([mine])
        other = new_id()
        await store.ensure_conversation(other)
        with pytest.raises(InvalidRecord, match="another conversation"):
            await store.save_messages([user_message(other, 1), replace(mine, conversation_id=other, text="stolen")])
        assert await store.history(talk, 10) == [mine]
        assert await store.history(other, 10) == []

    async def test_saving_an_empty_list_of_messages_changes_nothing(self, store: Store) -> None:
        await store.save_messages([])

    async def test_refused_write_does_not_affect_concurrent_writes(self, store: Store, talk: str) -> None:
        good = [user_message(talk, position) for position in range(20)]
        writes = [store.save_messages([message]) for message in good]
        writes.insert(7, store.save_messages([user_message(new_id(), 1)]))
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [NotFound]
        assert isinstance(outcomes[7], NotFound)
        assert await store.history(talk, 100) == good

    async def test_calls_take_effect_in_the_order_in_which_they_were_made(self, store: Store) -> None:
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

    async def test_two_stores_on_the_same_data_save_all_rows_at_the_same_time(
        self, open_store: OpenStore, store: Store, talk: str
    ) -> None:
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
    async def test_refusal_of_an_invalid_message_names_the_field(
        self, store: Store, talk: str, field: str, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidRecord) as refused:
            await store.save_messages([user_message(talk, 1), replace(user_message(talk, 2), **changes)])
        assert refused.value.field == field
        assert await store.history(talk, 10) == []

    @pytest.mark.parametrize("limit", [0, -1, 1001])
    async def test_page_size_out_of_range_is_refused(self, store: Store, talk: str, limit: int) -> None:
        for call in (store.history(talk, limit), store.messages(talk, limit), store.conversations(limit)):
            with pytest.raises(InvalidRecord, match=r"not in 1\.\.1000"):
                await call

    @pytest.mark.parametrize("after", [-1, 2**53, 10**30])
    async def test_message_position_out_of_range_is_refused(self, store: Store, talk: str, after: int) -> None:
        with pytest.raises(InvalidRecord, match="after"):
            await store.messages(talk, 10, after)


class TestDeletedMessages:
    async def test_messages_of_a_turn_at_the_given_positions_are_deleted(self, store: Store, talk: str) -> None:
        said = user_message(talk, 128)
        answer = replace(reply(talk, 129, "Yes.", "complete"), turn_id=said.turn_id)
        later_version = replace(reply(talk, 256, "No.", "complete"), turn_id=said.turn_id)
        other_turn = user_message(talk, 130)
        await store.save_messages([said, answer, later_version, other_turn])
        await store.delete_messages(talk, said.turn_id, range(128, 256))
        assert await store.history(talk, 10) == [other_turn, later_version]
        assert await store.conversation(talk) is not None

    async def test_deletion_keeps_the_messages_of_another_conversation(self, store: Store, talk: str) -> None:
        said = user_message(talk, 128)
        await store.save_messages([said])
        await store.delete_messages(new_id(), said.turn_id, range(128, 256))
        assert await store.history(talk, 10) == [said]

    async def test_deletion_of_all_messages_deletes_a_conversation_without_settings(
        self, store: Store, talk: str
    ) -> None:
        said = user_message(talk, 128)
        await store.save_messages([said])
        for _ in range(2):
            await store.delete_messages(talk, said.turn_id, range(128, 256))
            assert await store.conversation(talk) is None

    async def test_deletion_of_all_messages_keeps_a_conversation_with_settings(self, store: Store, talk: str) -> None:
        said = user_message(talk, 128)
        await store.save_messages([said])
        await store.save_model_settings(talk, {"top_k": 7})
        await store.delete_messages(talk, said.turn_id, range(128, 256))
        assert await store.history(talk, 10) == []
        assert await store.model_settings(talk) == {"top_k": 7}

    async def test_deleted_message_can_be_saved_again_at_another_position(self, store: Store, talk: str) -> None:
        said = user_message(talk, 128, "I went to the")
        await store.save_messages([said])
        await store.delete_messages(talk, said.turn_id, range(128, 256))
        await store.ensure_conversation(talk, "I went to the market")
        again = replace(said, text="I went to the market", position=512)
        await store.save_messages([again])
        assert await store.history(talk, 10) == [again]

    async def test_deletion_takes_effect_after_the_calls_before_it(self, store: Store, talk: str) -> None:
        said = user_message(talk, 128)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(store.save_messages([said]))
            tasks.create_task(store.delete_messages(talk, said.turn_id, range(128, 256)))
        assert await store.conversation(talk) is None

    @pytest.mark.parametrize("id", ["", "no-uuid", "a'; --"])
    async def test_deletion_with_an_id_that_is_no_uuid_deletes_nothing(self, store: Store, talk: str, id: str) -> None:
        said = user_message(talk, 128)
        await store.save_messages([said])
        await store.delete_messages(id, said.turn_id, range(128, 256))
        await store.delete_messages(talk, id, range(128, 256))
        assert await store.history(talk, 10) == [said]

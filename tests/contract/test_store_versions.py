"""The contract of the store: versions of messages. Each test runs with each store."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from tertulia_shared.store import InvalidRecord, Message, NotFound, SetAside, Store, VersionPlace
from tertulia_shared.store.validation import POSITION_MAX
from tertulia_shared.store.versions import REMOVED, MessageVersions
from tests.harness.store_records import OpenStore, at, new_id, reply, user_message


def said(talk: str, position: int, text: str, replaces: Message | None = None) -> Message:
    message = user_message(talk, position, text)
    return message if replaces is None else replace(message, replaces=replaces.replaces or replaces.id)


def answered(talk: str, position: int, text: str, replaces: Message | None = None) -> Message:
    message = reply(talk, position, text, "complete")
    return message if replaces is None else replace(message, replaces=replaces.replaces or replaces.id)


async def table(store: Store, talk: str) -> list[str]:
    found = await store.history(talk, 100)
    assert await store.messages(talk, 100) == found
    return [message.text for message in found]


async def branches(store: Store, talk: str) -> dict[str, list[str]]:
    """The texts that are set aside, by the text that begins their branch."""
    aside = await store.versions(talk)
    texts = {each.message.id: each.message.text for each in aside}
    found: dict[str, list[str]] = {}
    for each in aside:
        found.setdefault(texts[each.branch], []).append(each.message.text)
    return found


class TestNewVersions:
    async def test_new_version_sets_the_old_one_and_what_followed_it_aside(self, store: Store, talk: str) -> None:
        first, second, third = said(talk, 1, "Hi"), answered(talk, 2, "Hello"), said(talk, 3, "Bye")
        await store.save_messages([first, second, third])
        again = answered(talk, 4, "Good day", second)
        await store.save_messages([again])
        assert await store.history(talk, 10) == [first, again]
        assert await store.versions(talk) == [
            SetAside(second, second.id, again.id),
            SetAside(third, second.id, again.id),
        ]

    async def test_places_of_versions_are_those_of_the_wanted_messages_that_were_shown(
        self, store: Store, talk: str
    ) -> None:
        first, second, third = said(talk, 1, "Hi"), answered(talk, 2, "Hello"), said(talk, 3, "Bye")
        await store.save_messages([first, second, third])
        unsaid = reply(talk, 4, "")
        await store.save_messages([replace(unsaid, replaces=second.id)])
        again, edited = answered(talk, 5, "Good day", second), said(talk, 6, "Hey", first)
        await store.save_messages([again])
        assert await store.version_places(talk, [second.id, new_id()]) == [VersionPlace(second.id, second.id, 2)]
        await store.save_messages([edited])
        places = await store.version_places(talk, {first.id, second.id, third.id})
        assert sorted(places, key=lambda place: place.position) == [
            VersionPlace(first.id, first.id, 1),
            VersionPlace(second.id, second.id, 2),
        ]
        assert await store.version_places(talk, []) == await store.version_places(new_id(), [first.id]) == []
        await store.choose_version(talk, first.id, before=7)
        assert await store.version_places(talk, [first.id]) == [VersionPlace(edited.id, first.id, 6)]
        await store.remove_message(talk, first.id)
        assert await store.version_places(talk, [first.id, second.id]) == [VersionPlace(second.id, second.id, 2)]

    async def test_messages_that_follow_a_new_version_stay_at_the_table(self, store: Store, talk: str) -> None:
        first, answer = said(talk, 1, "Hi"), answered(talk, 2, "Hello")
        await store.save_messages([first, answer])
        edited = said(talk, 10, "Hey", first)
        follower = answered(talk, 11, "Hey you")
        await store.save_messages([follower])
        await store.save_messages([edited])
        assert await store.history(talk, 10) == [edited, follower]
        assert await branches(store, talk) == {"Hi": ["Hi", "Hello"]}

    async def test_repeated_writes_change_nothing(self, store: Store, talk: str) -> None:
        first, answer = said(talk, 1, "Hi"), answered(talk, 2, "Hello")
        written = [first, answer, said(talk, 3, "Hey", first), answered(talk, 4, "Hey you")]
        await store.save_messages(written)
        before = await store.history(talk, 10), await store.versions(talk)
        await store.save_messages(written)
        await store.save_messages([*written, *written])
        assert (await store.history(talk, 10), await store.versions(talk)) == before
        assert [each.text for each in before[0]] == ["Hey", "Hey you"]

    async def test_late_write_of_a_message_that_is_set_aside_updates_it_there(self, store: Store, talk: str) -> None:
        begun = reply(talk, 1, "Hel")
        again = answered(talk, 2, "Good day", begun)
        await store.save_messages([begun])
        await store.save_messages([again])
        done = replace(begun, text="Hello", status="complete", usage={"completion_tokens": 2}, updated_at=at(5))
        await store.save_messages([done])
        await store.save_messages([replace(begun, updated_at=at(60))])
        assert await store.history(talk, 10) == [again]
        assert await store.versions(talk) == [SetAside(done, begun.id, again.id)]

    async def test_version_that_is_older_than_the_one_at_the_table_is_set_aside(self, store: Store, talk: str) -> None:
        first = answered(talk, 1, "one")
        second, third = answered(talk, 2, "two", first), answered(talk, 3, "three", first)
        await store.save_messages([first, third])
        await store.save_messages([second])
        assert await table(store, talk) == ["three"]
        assert await branches(store, talk) == {"one": ["one"], "two": ["two"]}

    async def test_version_of_an_unknown_message_is_a_plain_message(self, store: Store, talk: str) -> None:
        alone = replace(answered(talk, 5, "alone"), replaces=new_id())
        await store.save_messages([alone])
        assert await store.history(talk, 10) == [alone]
        assert await store.versions(talk) == []

    async def test_version_of_a_message_of_another_conversation_leaves_that_one_alone(
        self, store: Store, talk: str
    ) -> None:
        other = new_id()
        await store.ensure_conversation(other)
        foreign = said(other, 1, "theirs")
        await store.save_messages([foreign])
        await store.save_messages([said(talk, 2, "mine", foreign)])
        assert await table(store, other) == ["theirs"]
        assert await table(store, talk) == ["mine"]

    async def test_update_keeps_what_the_first_write_replaced(self, store: Store, talk: str) -> None:
        first = answered(talk, 1, "one")
        second = replace(reply(talk, 2, "tw"), replaces=first.id)
        await store.save_messages([first, second])
        await store.save_messages([replace(second, text="two", status="complete", replaces="")])
        assert await store.history(talk, 10) == [replace(second, text="two", status="complete")]

    @pytest.mark.parametrize("replaces", ["no-uuid", "itself"])
    async def test_impossible_id_of_the_replaced_message_is_refused(
        self, store: Store, talk: str, replaces: str
    ) -> None:
        message = said(talk, 1, "Hi")
        with pytest.raises(InvalidRecord, match=r"message\.replaces"):
            await store.save_messages([replace(message, replaces=message.id if replaces == "itself" else replaces)])

    async def test_search_and_preview_know_only_the_table(self, store: Store, talk: str) -> None:
        first = said(talk, 1, "submarine")
        await store.save_messages([first, said(talk, 2, "airship", first)])
        assert await store.conversations(10, containing="submarine") == []
        (found,) = await store.conversations(10, containing="airship")
        assert found.preview is not None
        assert found.preview.text == "airship"

    async def test_usage_counts_what_is_set_aside_or_removed(self, store: Store, talk: str) -> None:
        first = replace(answered(talk, 1, "one"), usage={"completion_tokens": 1})
        second = replace(answered(talk, 2, "two", first), usage={"completion_tokens": 10})
        gone = replace(answered(talk, 3, "three"), usage={"completion_tokens": 100})
        await store.save_messages([first, second, gone])
        await store.remove_message(talk, gone.id)
        assert await store.usage(talk) == {"completion_tokens": 111}
        assert await store.usage(talk, without_turn=first.turn_id) == {"completion_tokens": 110}


class TestChosenVersions:
    async def test_chosen_version_comes_back_with_what_followed_it(self, store: Store, talk: str) -> None:
        first, answer = said(talk, 1, "Hi"), answered(talk, 2, "Hello")
        edited, other_answer = said(talk, 3, "Hey", first), answered(talk, 4, "Hey you")
        await store.save_messages([first, answer, edited, other_answer])
        for _ in range(2):
            await store.choose_version(talk, first.id, before=5)
            assert await store.history(talk, 10) == [first, answer]
            assert await branches(store, talk) == {"Hey": ["Hey", "Hey you"]}
        await store.choose_version(talk, edited.id, before=6)
        assert await store.history(talk, 10) == [edited, other_answer]
        assert await branches(store, talk) == {"Hi": ["Hi", "Hello"]}

    async def test_late_choice_leaves_what_was_said_after_it_at_the_table(self, store: Store, talk: str) -> None:
        first = said(talk, 1, "Hi")
        edited = said(talk, 2, "Hey", first)
        after = answered(talk, 21, "What?")
        await store.save_messages([first, edited, after])
        await store.choose_version(talk, first.id, before=20)
        assert await table(store, talk) == ["Hi", "What?"]

    async def test_choice_that_is_older_than_the_version_at_the_table_has_no_effect(
        self, store: Store, talk: str
    ) -> None:
        first = said(talk, 1, "Hi")
        await store.save_messages([first, said(talk, 2, "Hey", first), said(talk, 30, "Ho", first)])
        await store.choose_version(talk, first.id, before=20)
        assert await table(store, talk) == ["Ho"]

    async def test_version_in_a_branch_that_is_set_aside_cannot_be_chosen(self, store: Store, talk: str) -> None:
        first, one = said(talk, 1, "Hi"), answered(talk, 2, "one")
        two, edited = answered(talk, 3, "two", one), said(talk, 4, "Hey", first)
        await store.save_messages([first, one, two, edited])
        before = await store.versions(talk)
        for message_id in (one.id, two.id, edited.id, new_id()):
            await store.choose_version(talk, message_id, before=9)
        await store.choose_version(new_id(), first.id, before=9)
        assert await table(store, talk) == ["Hey"]
        assert await store.versions(talk) == before
        await store.choose_version(talk, first.id, before=10)
        assert await table(store, talk) == ["Hi", "two"]
        await store.choose_version(talk, one.id, before=11)
        assert await table(store, talk) == ["Hi", "one"]

    @pytest.mark.parametrize("id", ["", "no-uuid", "a'; --"])
    async def test_ids_that_are_no_uuids_change_nothing(self, store: Store, talk: str, id: str) -> None:
        await store.save_messages([said(talk, 1, "Hi")])
        await store.choose_version(talk, id, before=9)
        await store.choose_version(id, new_id(), before=9)
        await store.remove_message(talk, id)
        await store.remove_message(id, new_id())
        assert await store.versions(id) == []
        assert await table(store, talk) == ["Hi"]

    @pytest.mark.parametrize("before", [-1, POSITION_MAX + 1])
    async def test_position_of_a_choice_out_of_range_is_refused(self, store: Store, talk: str, before: int) -> None:
        with pytest.raises(InvalidRecord, match="before"):
            await store.choose_version(talk, new_id(), before=before)


class TestRemovedMessages:
    async def test_removed_message_leaves_what_follows_it(self, store: Store, talk: str) -> None:
        written = [said(talk, 1, "Hi"), answered(talk, 2, "Hello"), said(talk, 3, "Bye")]
        await store.save_messages(written)
        for _ in range(2):
            await store.remove_message(talk, written[1].id)
            assert await table(store, talk) == ["Hi", "Bye"]
            assert await store.versions(talk) == []

    async def test_versions_and_their_branches_go_with_the_message(self, store: Store, talk: str) -> None:
        kept, one, after_one = said(talk, 1, "Hi"), answered(talk, 2, "one"), said(talk, 3, "after one")
        also_after_one = said(talk, 4, "also after one", after_one)
        two, after_two = answered(talk, 5, "two", one), said(talk, 6, "after two")
        other_after_two = said(talk, 7, "other after two", after_two)
        await store.save_messages([kept, one, after_one, also_after_one, two, after_two, other_after_two])
        await store.remove_message(talk, one.id)
        assert await table(store, talk) == ["Hi", "other after two"]
        assert await branches(store, talk) == {"after two": ["after two"]}

    async def test_late_write_does_not_bring_a_removed_message_back(self, store: Store, talk: str) -> None:
        begun = reply(talk, 1, "Hel")
        again = replace(reply(talk, 2, "Go"), replaces=begun.id)
        await store.save_messages([begun, again])
        await store.remove_message(talk, begun.id)
        await store.save_messages([replace(each, text="All.", status="complete") for each in (begun, again)])
        assert await store.history(talk, 10) == []
        assert await store.versions(talk) == []
        await store.choose_version(talk, begun.id, before=9)
        assert await store.history(talk, 10) == []

    async def test_message_of_another_conversation_is_not_removed(self, store: Store, talk: str) -> None:
        other = new_id()
        await store.ensure_conversation(other)
        message = said(talk, 1, "Hi")
        await store.save_messages([message])
        await store.remove_message(other, message.id)
        assert await table(store, talk) == ["Hi"]


class TestWithdrawnVersions:
    async def test_displaced_version_comes_back_with_what_followed_it(self, store: Store, talk: str) -> None:
        one, follower = answered(talk, 128, "one"), said(talk, 130, "after one")
        two = answered(talk, 256, "two", one)
        await store.save_messages([one, follower, two])
        for _ in range(2):
            await store.delete_messages(talk, two.turn_id, range(256, 384))
            assert await store.history(talk, 10) == [one, follower]
            assert await store.versions(talk) == []

    async def test_version_comes_back_that_was_at_the_table_before(self, store: Store, talk: str) -> None:
        one, two = answered(talk, 128, "one"), None
        two, three = answered(talk, 256, "two", one), answered(talk, 512, "three", one)
        await store.save_messages([one, two])
        await store.choose_version(talk, one.id, before=384)
        await store.save_messages([three])
        await store.delete_messages(talk, three.turn_id, range(512, 640))
        assert await table(store, talk) == ["one"]
        assert await branches(store, talk) == {"two": ["two"]}

    async def test_withdrawn_turn_in_a_branch_joins_the_displaced_version_to_that_branch(
        self, store: Store, talk: str
    ) -> None:
        first, one, after_one = said(talk, 1, "Hi"), answered(talk, 2, "one"), said(talk, 3, "after one")
        two, edited = answered(talk, 256, "two", one), said(talk, 512, "Hey", first)
        await store.save_messages([first, one, after_one, two, edited])
        await store.delete_messages(talk, two.turn_id, range(256, 384))
        assert await branches(store, talk) == {"Hi": ["Hi", "one", "after one"]}
        await store.choose_version(talk, first.id, before=600)
        assert await table(store, talk) == ["Hi", "one", "after one"]

    async def test_conversation_with_messages_set_aside_is_not_empty(self, store: Store, talk: str) -> None:
        one = said(talk, 1, "one")
        two = said(talk, 128, "two", one)
        await store.save_messages([one, two])
        await store.save_set_aside([SetAside(said(talk, 2, "three", one), two.id)])
        await store.delete_messages(talk, two.turn_id, range(128, 256))
        assert await store.conversation(talk) is not None
        assert await table(store, talk) == ["one"]

    async def test_withdrawn_version_can_be_saved_again(self, store: Store, talk: str) -> None:
        one = said(talk, 1, "one")
        two = said(talk, 128, "two", one)
        await store.save_messages([one, two])
        await store.delete_messages(talk, two.turn_id, range(128, 256))
        await store.save_messages([replace(two, position=512, text="two and more")])
        assert await table(store, talk) == ["two and more"]
        assert await branches(store, talk) == {"one": ["one"]}


class TestSetAsideMessages:
    async def test_messages_are_saved_as_set_aside_once(self, store: Store, talk: str) -> None:
        one, follower = answered(talk, 1, "one"), said(talk, 2, "after one")
        two = answered(talk, 3, "two", one)
        aside = [SetAside(one, one.id, two.id), SetAside(follower, one.id, two.id)]
        await store.save_messages([two])
        for _ in range(2):
            await store.save_set_aside([*aside, SetAside(two, two.id)])
            assert await store.versions(talk) == aside
            assert await store.history(talk, 10) == [two]
        await store.choose_version(talk, one.id, before=9)
        assert await store.history(talk, 10) == [one, follower]

    async def test_refused_messages_leave_none_of_the_call(self, store: Store, talk: str) -> None:
        good = answered(talk, 1, "one")
        for bad, error in (
            (SetAside(answered(new_id(), 2, "two"), good.id), NotFound),
            (SetAside(answered(talk, 2, "two"), "no-uuid"), InvalidRecord),
            (SetAside(answered(talk, 2, "two"), good.id, "no-uuid"), InvalidRecord),
        ):
            with pytest.raises(error):
                await store.save_set_aside([SetAside(good, good.id), bad])
        other = new_id()
        await store.ensure_conversation(other)
        await store.save_messages([good])
        with pytest.raises(InvalidRecord, match="another conversation"):
            await store.save_set_aside([SetAside(replace(good, conversation_id=other), good.id)])
        assert await store.versions(talk) == await store.versions(other) == []

    async def test_deleted_conversation_loses_what_is_set_aside(self, store: Store, talk: str) -> None:
        one = said(talk, 1, "one")
        await store.save_messages([one, said(talk, 2, "two", one)])
        await store.delete_conversation(talk)
        assert await store.versions(talk) == []
        with pytest.raises(NotFound):
            await store.save_messages([one])


async def test_changes_of_two_stores_at_the_same_time_lose_and_double_nothing(
    open_store: OpenStore, store: Store, talk: str
) -> None:
    other = await open_store()
    first = said(talk, 1, "first")
    versions = [said(talk, 128 * number, f"version {number}", first) for number in range(1, 9)]
    followers = [said(talk, 128 * number + 1, f"follower {number}") for number in range(1, 9)]
    await store.save_messages([first])
    async with asyncio.TaskGroup() as tasks:
        for number, (version, follower) in enumerate(zip(versions, followers, strict=True)):
            one, two = (store, other) if number % 2 else (other, store)
            tasks.create_task(one.save_messages([version, follower]))
            tasks.create_task(two.save_messages([follower, version]))
            tasks.create_task(two.choose_version(talk, first.id, before=version.position + 64))
    at_table, aside = await other.history(talk, 100), await other.versions(talk)
    written = [first, *versions, *followers]
    assert sorted([*at_table, *(each.message for each in aside)], key=lambda each: each.position) == sorted(
        written, key=lambda each: each.position
    )
    group = {first.id, *(version.id for version in versions)}
    assert len([each for each in at_table if each.id in group]) == 1
    assert {each.branch for each in aside} <= {each.message.id for each in aside} & group


@pytest.mark.parametrize("seed", range(12))
async def test_random_changes_have_the_effect_that_the_rules_define(store: Store, talk: str, seed: int) -> None:
    chance = random.Random(seed)
    model, turns = MessageVersions(), list[Message]()
    for position in range(128, 128 * 40, 128):
        known = list(model.at_table.values()) + [each.message for each in model.aside.values()]
        one = chance.choice(known) if known else None
        match chance.choice(["say", "say", "edit", "edit", "choose", "choose", "remove", "withdraw", "repeat"]):
            case "choose" if one is not None:
                model.choose(talk, one.id, before=position)
                await store.choose_version(talk, one.id, before=position)
            case "remove" if one is not None and chance.random() < 0.4:
                model.remove(talk, one.id)
                await store.remove_message(talk, one.id)
            case "withdraw" if turns:
                gone = turns.pop()
                model.withdraw(talk, gone.turn_id, range(gone.position, gone.position + 128))
                await store.delete_messages(talk, gone.turn_id, range(gone.position, gone.position + 128))
                await store.ensure_conversation(talk)
            case "repeat" if one is not None:
                await store.save_messages([one])
            case kind:
                at_table = list(model.at_table.values())
                replaced = chance.choice(at_table) if kind == "edit" and at_table else None
                message = said(talk, position, str(position), replaced)
                turns.append(message)
                model.insert(message)
                await store.save_messages([message])
        in_order = sorted(model.at_table.values(), key=lambda each: each.position)
        assert await store.history(talk, 100) == in_order
        aside = sorted(model.aside.values(), key=lambda each: each.message.position)
        assert await store.versions(talk) == [each for each in aside if each.branch != REMOVED]

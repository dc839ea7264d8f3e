"""The contract of the store: the usage of messages, and the model settings of characters. Each test runs with each
store.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tertulia_shared.store import InvalidRecord, Store
from tests.harness.store_records import at, character, new_id, reply


async def test_usage_of_a_conversation_is_the_sum_over_its_messages(store: Store) -> None:
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


async def test_write_without_usage_keeps_the_usage_that_the_row_has(store: Store) -> None:
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id)
    streaming = reply(conversation_id, 1)
    complete = replace(streaming, text="whole", status="complete", usage={"prompt_tokens": 3}, updated_at=at(1))
    heard = replace(streaming, text="wh", status="interrupted", updated_at=at(2))
    for message in (streaming, complete, heard):
        await store.save_messages([message])
    (stored,) = await store.history(conversation_id, 10)
    assert (stored.text, stored.usage) == ("wh", {"prompt_tokens": 3})


async def test_sum_of_very_large_usage_figures_stays_within_64_bits(store: Store) -> None:
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id)
    rows = [replace(reply(conversation_id, n, "a", "complete"), usage={"prompt_tokens": 2**62}) for n in range(1, 4)]
    await store.save_messages(rows)
    assert (await store.usage(conversation_id)).get("prompt_tokens", 0) < 2**63


@pytest.mark.parametrize("usage", [{"prompt_tokens": float("nan")}, {"tokens": 1}, {"cost": "free"}, {"cost": True}])
async def test_usage_that_is_not_a_number_is_refused(store: Store, usage: dict[str, Any]) -> None:
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id)
    with pytest.raises(InvalidRecord, match="prompt_tokens, completion_tokens, reasoning_tokens, cost"):
        await store.save_messages([replace(reply(conversation_id, 1, "a", "complete"), usage=usage)])


async def test_settings_of_a_character_are_saved_with_it(store: Store) -> None:
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


async def test_talkativeness_of_a_character_is_saved_with_it(store: Store) -> None:
    iris = replace(character("Iris"), talkativeness=0)
    await store.save_character(iris)
    assert await store.character(iris.id) == iris
    louder = replace(iris, talkativeness=100, updated_at=at(1))
    await store.save_character(louder)
    assert louder in await store.characters()


@pytest.mark.parametrize("talkativeness", [-1, 101])
async def test_impossible_talkativeness_is_refused(store: Store, talkativeness: int) -> None:
    with pytest.raises(InvalidRecord, match="between 0 and 100"):
        await store.save_character(replace(character("Iris"), talkativeness=talkativeness))


async def test_speed_and_pitch_of_a_character_are_saved_with_it(store: Store) -> None:
    iris = replace(character("Iris"), speed=1.25, pitch=-2.5)
    await store.save_character(iris)
    assert await store.character(iris.id) == iris
    usual = replace(iris, speed=1.0, pitch=0.0, updated_at=at(1))
    await store.save_character(usual)
    assert usual in await store.characters()


@pytest.mark.parametrize(
    "changes", [{"speed": 0.4}, {"speed": 2.1}, {"speed": float("nan")}, {"pitch": -6.5}, {"pitch": float("inf")}]
)
async def test_impossible_speed_and_pitch_are_refused(store: Store, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord, match="must lie between"):
        await store.save_character(replace(character("Iris"), **changes))

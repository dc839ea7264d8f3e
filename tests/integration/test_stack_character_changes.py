"""Changes during a conversation: a new character in the store, and a deletion during a turn."""

from __future__ import annotations

import asyncio
import signal
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tertulia_shared.ids import new_id
from tertulia_shared.store import SQLiteStore
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import PATIENCE_S, eventually
from tests.harness.stack import Stack

READ_AGAIN = '"message":"characters read again","count":'

pytestmark = pytest.mark.timeout(120)


async def test_new_character_answers_after_a_refresh_on_every_llm_worker(stack: Stack) -> None:
    store = SQLiteStore(stack.data_dir / "tertulia.db")
    await store.open()
    pilar_id = new_id()
    try:
        luna = next(each for each in await store.characters() if each.name == "Luna")
        pilar = replace(luna, id=pilar_id, name="Pilar", system_prompt="You are Pilar, who paints boats.")
        async with talk(*stack.urls) as client:
            before = await _answering_names(client, "Pilar, are you there?")
            assert before == ["Luna", "Rex", "Sage"]
            before_it = stack.log_sizes()
            await store.save_character(pilar)
            await client.send("refresh_characters")
            event = await client.until_event("characters")
            assert "Pilar" in {character["name"] for character in event["characters"]}
            workers = stack.of("llm")
            assert len(workers) == 2
            await _until_read_again(stack, before_it, 4)
            for resting in workers:
                resting.send(signal.SIGSTOP)
                try:
                    assert await _answering_names(client, "Pilar, what do you paint?") == ["Pilar"]
                finally:
                    resting.send(signal.SIGCONT)
    finally:
        with_her = stack.log_sizes()
        await store.delete_character(pilar_id)
        await store.close()
        async with talk(*stack.urls) as client:
            await client.send("refresh_characters")
            await client.until_event("characters")
        await _until_read_again(stack, with_her, 3)


async def test_turn_is_completed_and_the_conversation_stays_deleted_if_it_is_deleted_in_mid_turn(stack: Stack) -> None:
    async with talk(*stack.urls) as client:
        await client.hears("Luna, hello!", new_id())
        turn_id = new_id()
        await client.say("Luna, tell me a story.", turn_id)
        await client.until(lambda: any(m.text for m in client.record.of_turn(turn_id)), "the story's beginning")
        address = stack.http(f"/api/conversations/{client.record.conversation_id}")
        assert await asyncio.to_thread(_delete, address) == 204
        await client.until_done(turn_id)
        (story,) = client.record.of_turn(turn_id)
        assert story.status == "complete"
        assert client.record.of("error") == []
        async with talk(*stack.urls) as another:
            await another.hears("Rex, hello!", new_id())
        assert await asyncio.to_thread(_get, address) == 404


async def _until_read_again(stack: Stack, behind: Mapping[str, int], count: int) -> None:
    """Wait until every llm worker has read `count` characters again. `behind`: the sizes of the logs before."""
    line = f"{READ_AGAIN}{count}".encode()
    for worker in stack.of("llm"):
        await eventually(
            lambda log=worker.log, start=behind[worker.name]: line in log.read_bytes()[start:],
            "the characters are read again",
        )


async def _answering_names(client: TalkClient, text: str) -> list[str]:
    turn_id = new_id()
    await client.hears(text, turn_id)
    return [answer.name for answer in client.record.of_turn(turn_id)]


def _delete(address: str) -> int:
    with urllib.request.urlopen(urllib.request.Request(address, method="DELETE"), timeout=PATIENCE_S) as response:  # noqa: S310 - our own
        return response.status


def _get(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as response:  # noqa: S310 - our own
            return response.status
    except urllib.error.HTTPError as error:
        return error.code

"""Processes are killed while the characters talk among themselves: the discussion goes on, whole and in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from websockets.exceptions import ConnectionClosed

from tertulia_llm.discussion import DEFAULT_REPLIES
from tertulia_shared.ids import new_id
from tests.chaos.faults import FAULTS, MAIN_FAULTS, kill_owner
from tests.chaos.turn_verdict import judge_turn, until_saved
from tests.harness.client import TalkClient, talk
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(180, method="signal")

DISCUSS = "Luna and Rex, discuss that among yourselves."


@asynccontextmanager
async def listening(stack: Stack) -> AsyncGenerator[TalkClient]:
    """A client that plays each frame at once, and sends receipts."""
    async with talk(*stack.urls) as client, asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(_play(client))
        yield client
        playing.cancel()


async def _play(client: TalkClient) -> None:
    played: dict[str, tuple[int, int]] = {}
    frames = 0
    while True:
        await client.until_frames(frames + 1)
        frames = len(client.record.frames)
        for message in [*client.record.messages.values()]:
            if message.chunks and played.get(message.message_id) != message.chunks[-1]:
                sentence, chunk = message.chunks[-1]
                position = {"sentence_index": sentence, "chunk_index": chunk, "played_ms": 0}
                with contextlib.suppress(ConnectionClosed):  # the next receipt covers this one
                    await client.send("playback", message_id=message.message_id, **position)
                    played[message.message_id] = sentence, chunk


@pytest.mark.parametrize("extensions", [1, 3])
@pytest.mark.parametrize("name", MAIN_FAULTS)
async def test_discussion_is_whole_if_processes_are_killed_after_an_extension(
    stack: Stack, name: str, extensions: int
) -> None:
    async with listening(stack) as client:
        turn_id = await client.say(DISCUSS, new_id())
        await client.until_event("turn_extended", extensions)
        await FAULTS[name](stack, client)
        await client.until_done(turn_id)
        replies = client.record.of_turn(turn_id)
        assert [reply.name for reply in replies] == ["Luna", "Rex"] * (DEFAULT_REPLIES // 2)
        assert len({reply.text for reply in replies}) == DEFAULT_REPLIES
        await until_saved(stack.data_dir / "tertulia.db", client.record, turn_id)
        async with stack.bus() as bus:
            verdict = await judge_turn(bus, client.record, turn_id)
        assert verdict.is_clean, verdict


async def test_message_of_the_user_ends_the_discussion_even_if_its_worker_is_killed(stack: Stack) -> None:
    async with listening(stack) as client:
        turn_id = await client.say(DISCUSS, new_id())
        await client.until_event("turn_extended")
        kill = kill_owner("llm")
        await kill(stack, client)
        answered = await client.say("Sage, and you?", new_id())
        await client.until_done(answered)
        assert turn_id in client.record.turns_complete
        assert len(client.record.of_turn(turn_id)) < DEFAULT_REPLIES
        assert [reply.name for reply in client.record.of_turn(answered)] == ["Sage"]

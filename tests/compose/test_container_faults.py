"""Containers are killed, added, replaced and stopped during a reply: the client loses, repeats and reorders nothing.

The client fails by itself on a repetition, a gap or a wrong order. The streams in Redis show whether everything
arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tertulia_shared.ids import new_id
from tests.harness.client import TalkClient, talk
from tests.harness.compose import WORKERS, Compose

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

STORY = "Luna, Rex and Sage, tell me a story about the ocean."


async def story_with_faults(steady: Compose, *faults: Callable[[], object]) -> int:
    """Request a story, and inject one fault after every second heard sentence. Returns the number of sentences."""
    async with talk(steady.url) as client:
        await client.say(STORY, turn_id := new_id())
        for number, inject in enumerate(faults, start=1):
            await client.until(
                lambda wanted=2 * number: heard(client, turn_id) >= wanted or client.record.turn_is_done(turn_id),
                f"sentence {2 * number}",
            )
            assert not client.record.turn_is_done(turn_id), "the story was over before the fault was injected"
            await asyncio.to_thread(inject)
        await client.until_done(turn_id)
        return sentences_received(steady, client, turn_id)


def heard(client: TalkClient, turn_id: str) -> int:
    """The number of sentences of which the client has received audio."""
    return sum(len(message.pcm) for message in client.record.of_turn(turn_id))


def sentences_received(steady: Compose, client: TalkClient, turn_id: str) -> int:
    """Check that the client has received all text and audio. Returns the number of sentences."""
    sentences = 0
    for message in client.record.of_turn(turn_id):
        key = f"tertulia:{{{client.record.conversation_id}}}:{message.message_id}"
        assert message.status == "complete"
        assert len(message.chunks) == int(steady.redis("XLEN", f"{key}:audio")) - 1
        assert len(message.pcm) == int(steady.redis("XLEN", f"{key}:sentences")) - 1
        sentences += len(message.pcm)
    assert sentences > 0
    return sentences


async def test_docker_restarts_the_only_tts_container_after_it_was_killed(steady: Compose) -> None:
    (speaking,) = steady.containers("tts")
    before = speaking.attrs["RestartCount"]
    assert await story_with_faults(steady, lambda: steady.kill_process("tts")) > 2
    speaking.reload()
    assert (speaking.status, speaking.attrs["RestartCount"]) == ("running", before + 1)


async def test_reply_continues_after_one_of_three_tts_workers_is_killed_while_it_speaks(steady: Compose) -> None:
    steady.run("up", "--detach", "--no-build", "--no-recreate", "--scale", "tts=3", "tts")
    steady.wait(lambda: len(steady.engines("tts")) == 3, "three tts workers", lambda: steady.run("ps", "--all"))
    killed: list[str] = []

    def pending() -> list[str]:
        return steady.redis("XPENDING", "tertulia:work:tts", "tts", "-", "+", "1").split()

    def kill() -> None:
        found: list[str] = []
        # between two replies, no worker has claimed work
        steady.wait(
            lambda: found.extend(pending()) or found, "a tts worker that speaks", lambda: steady.run("ps", "--all")
        )
        (speaking,) = [each for each in steady.containers("tts") if found[1].startswith(each.id[:12])]
        speaking.kill()
        killed.append(speaking.id)

    try:
        assert await story_with_faults(steady, kill) > 2
        assert len(killed) == 1
    finally:
        steady.run("up", "--detach", "--no-build", "--no-recreate", "--scale", "tts=1", "tts")


async def test_reply_is_complete_although_every_worker_is_replaced(steady: Compose) -> None:
    before = {container.id for service in WORKERS for container in steady.containers(service)}
    assert await story_with_faults(steady, lambda: steady.replace(*WORKERS)) > 2
    after = {container.id for service in WORKERS for container in steady.containers(service)}
    assert len(after) == len(before)
    assert not after & before


@pytest.mark.parametrize("service", ["tts", "llm", "gateway"])
async def test_reply_is_complete_although_one_container_is_replaced(steady: Compose, service: str) -> None:
    (before,) = steady.containers(service)
    assert await story_with_faults(steady, lambda: steady.replace(service)) > 2
    assert steady.containers(service)[0].id != before.id


async def test_reply_is_complete_although_redis_is_stopped_and_started(steady: Compose) -> None:
    def stop_and_start() -> None:
        steady.run("stop", "redis")
        steady.run("start", "redis")

    assert await story_with_faults(steady, stop_and_start) > 2


async def test_reply_is_complete_although_redis_is_killed(steady: Compose) -> None:
    """Only the process is killed. The kernel still has all data that Redis acknowledged."""
    assert await story_with_faults(steady, lambda: steady.kill_process("redis")) > 2

"""A typed message through all processes: the characters that answer, their order, and the audio."""

from __future__ import annotations

import pytest

from tertulia_shared.ids import new_id
from tests.harness.client import talk
from tests.harness.sound import loudness, seconds
from tests.harness.stack import Stack
from tests.harness.talk_record import Heard

SLOWEST, FASTEST = 6.0, 30.0
"""Limits of plausible speech, in characters per second (people speak about 15)."""


def assert_sounds_like_its_text(message: Heard) -> None:
    pcm = b"".join(bytes(sentence) for sentence in message.pcm.values())
    assert loudness(pcm) > 0.01
    assert SLOWEST < len(message.text) / seconds(pcm) < FASTEST, f"{len(message.text)} characters, {seconds(pcm)} s"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Luna, what do you think about the stars?", ["Luna"]),
        ("REX and luna, how are you?", ["Rex", "Luna"]),
        ("Hello everybody, how are you?", ["Luna", "Rex", "Sage"]),
    ],
    ids=["the named one", "two, in order of mention", "all, by name"],
)
async def test_named_characters_answer_in_the_order_in_which_they_are_named(
    stack: Stack, text: str, names: list[str]
) -> None:
    async with talk(*stack.urls) as client:
        turn_id = new_id()
        await client.hears(text, turn_id)
        answers = client.record.of_turn(turn_id)
        assert [answer.name for answer in answers] == names
        for answer in answers:
            assert answer.status == "complete"
            assert_sounds_like_its_text(answer)
        stack.unsaid |= client.record.words()


async def test_first_event_of_a_conversation_says_that_it_is_new(stack: Stack) -> None:
    async with talk(*stack.urls) as client:
        first = client.record.frames[0]
    assert (first["type"], first["resumed"]) == ("conversation_started", False)


async def test_client_whose_connection_breaks_in_mid_reply_gets_everything_once(stack: Stack) -> None:
    async with talk(*stack.urls) as client:
        turn_id = new_id()
        await client.say("Luna, tell me a story.", turn_id)
        for nth, frames in enumerate((10, 40, 80), start=1):
            await client.until_event("conversation_started", nth)  # the connection is open, so that it can be broken
            await client.until_frames(frames)
            client.drop()
        await client.until_event("conversation_started", 4)
        await client.until_done(turn_id)
        assert client.connections == 4
        (story,) = client.record.of_turn(turn_id)
        assert story.status == "complete"
        assert_sounds_like_its_text(story)


async def test_second_client_of_a_conversation_replaces_the_first(stack: Stack) -> None:
    async with talk(*stack.urls) as first:
        turn_id = new_id()
        await first.say("Luna, tell me a story.", turn_id)
        await first.until_event("llm_chunk", 3)
        query = f"?conversation_id={first.record.conversation_id}&last_event_id={first.record.frames[0]['event_id']}"
        async with talk(stack.urls[0] + query) as second:
            assert await first.until_closed() == 4001
            await second.until_done(turn_id)
            assert second.record.frames[0]["resumed"] is True
            assert second.record.of_turn(turn_id)[0].status == "complete"

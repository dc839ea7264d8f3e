"""The user speaks while the connection breaks, and goes on when it is back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.harness.client import ENDING_MS, TalkClient
from tests.harness.eventually import eventually
from tests.harness.sound import frames, recording, silence
from tests.harness.stack import Stack
from tests.harness.word_errors import word_errors, words

SAID = "hello luna tell me a story about the ocean"
BREAK_MS = 2860
"""A moment between two words of the sentence."""


async def speak_over_a_break(
    stack: Stack,
    client: TalkClient,
    *,
    in_break: Callable[[], Awaitable[None]] | None = None,
    after_break: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Say one sentence. The connection breaks in the middle of it; the client comes back at once.

    `in_break` is called after the connection is lost, when all sound before is in Redis; `after_break` after the next
    session has begun.
    """
    pcm = recording("hello_luna.wav")
    at = len(silence(BREAK_MS))
    session_id = await _begin(client, 1)
    await _send(client, pcm[:at])
    mic = stack.keys.mic(client.record.conversation_id, session_id)
    await eventually(lambda: stack.length(mic) == len(list(frames(pcm[:at]))), "the sound before the break")
    await client.until_event("transcription_update")
    client.drop()
    await client.until(lambda: client.connections == 2, "another connection")
    if in_break is not None:
        await in_break()
    await _begin(client, 2)
    if after_break is not None:
        await after_break()
    await _send(client, pcm[at:] + silence(ENDING_MS))
    await client.send("stop_listening")


def assert_heard(text: str) -> None:
    """Check that the text is the whole sentence, once. The recognizer may mishear one word of it."""
    assert word_errors(SAID.split(), words(text)) <= 1, text


def assert_one_turn(client: TalkClient) -> str:
    """Check that the sentence became one turn. Returns its id."""
    ((turn_id, text),) = client.record.turns_accepted.items()
    assert_heard(text)
    finished = [frame["turn_id"] for frame in client.record.of("transcription_finished") if frame["turn_id"]]
    assert finished == [turn_id]
    return turn_id


async def _begin(client: TalkClient, nth: int) -> str:
    await client.send("start_listening")
    return (await client.until_event("listening_started", nth))["session_id"]


async def _send(client: TalkClient, pcm: bytes) -> None:
    for frame in frames(pcm):
        await client.send_raw(frame)

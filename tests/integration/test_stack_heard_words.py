"""A reply that is interrupted within a chunk of sound is remembered up to the last word that was played to its end."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tertulia_shared.ids import new_id
from tests.fakes.model_server import Reply, ScriptedModel, model_at
from tests.harness.client import TalkClient, talk
from tests.harness.stack import Stack

WORDS = ("amber", "birch", "cedar", "delta", "ember", "maple", "opals", "quart")
"""They have equal lengths, so the engine's tone has equal parts for them."""
SENTENCE = " ".join(WORDS).capitalize() + "."
LONG_CHUNK_MS = 300
"""A word takes half of it."""
SAMPLES_PER_MS = 24


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, model_port: int) -> Generator[Stack]:
    folder: Path = tmp_path_factory.mktemp("heard")
    with Stack(folder, workers={"gateway": 1, "llm": 1, "tts": 1}, env=model_at(model_port)) as stack:
        yield stack


def _samples(client: TalkClient, message_id: str, sentence: int) -> list[int]:
    """The length of each chunk of a sentence."""
    frames = [frame for frame in client.record.of("audio") if frame["message_id"] == message_id]
    return [len(frame["pcm"]) // 2 for frame in frames if frame["sentence_index"] == sentence]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
async def test_history_has_exactly_the_words_whose_sound_was_played(
    stack: Stack, model_port: int, share: float
) -> None:
    text = f"{SENTENCE} {SENTENCE} {SENTENCE}"
    async with ScriptedModel([Reply([text]), Reply(["So."])], port=model_port) as model, talk(*stack.urls) as client:
        turn_id = new_id()
        await client.hears("Luna, name some things.", turn_id)
        (answer,) = client.record.of_turn(turn_id)
        lengths = _samples(client, answer.message_id, 1)
        long = next(at for at, length in enumerate(lengths) if at and length > LONG_CHUNK_MS * SAMPLES_PER_MS)
        played = int(lengths[long] * share)
        place = {"message_id": answer.message_id, "sentence_index": 1, "chunk_index": long - 1}
        await client.send("playback", **place, played_ms=0, next_samples=played)
        await client.send("interrupt")
        heard = await client.until_event("message_heard")

        ends = [sum(lengths) * number // len(WORDS) for number in range(1, len(WORDS) + 1)]
        until = sum(lengths[:long]) + played
        words = [word for word, end in zip(SENTENCE.split(), ends, strict=True) if end <= until]
        assert 0 < len(words) < len(WORDS)
        expected = f"{SENTENCE} {' '.join(words)}"
        assert heard["text"] == expected
        await client.hears("Luna, and then?", new_id())
        prompt = "\n".join(message["content"] for message in model.requests[-1].body["messages"])
        stack.unsaid |= client.record.words()
    assert expected in prompt
    assert f"{expected} {WORDS[len(words)]}" not in prompt


@pytest.mark.parametrize("stops_at", ["llm_chunk", "audio"])
async def test_first_reply_of_a_conversation_that_is_stopped_before_it_was_played_counts_as_unheard(
    stack: Stack, model_port: int, stops_at: str
) -> None:
    async with ScriptedModel([Reply([f"{SENTENCE} {SENTENCE}"])], port=model_port), talk(*stack.urls) as client:
        await client.send("user_message", text="Luna, name some things.", turn_id=new_id())
        message_id = (await client.until_event(stops_at))["message_id"]
        place = {"message_id": message_id, "sentence_index": 0, "chunk_index": 0}
        await client.send("playback", **place, played_ms=0, next_samples=0)
        await client.send("interrupt")
        heard = await client.until_event("message_heard")
        stack.unsaid |= client.record.words()
    assert (heard["message_id"], heard["text"]) == (message_id, "")

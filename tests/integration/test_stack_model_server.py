"""Requests to the model server and its failures: a scripted server, and real processes."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tertulia_shared.ids import new_id
from tests.fakes.model_server import Act, Break, ErrorInStream, Fail, Hold, Reply, ScriptedModel, model_at
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120)
KEY = "sk-or-v1-made-up-for-these-tests-0123456789"
RETRIES = 2
PATIENCE_S = 2.0
"""Timeout for the model in the stack `impatient`. Even on a busy machine, every token must come within this time."""
HELLO = "Luna, hello there!"
SENTENCES = ("The sea is calm tonight. ", "The tide is full. ", "The moon lies fair upon the straits. ")


@contextmanager
def stack_with(folder: Path, model_port: int, **env: str) -> Generator[Stack]:
    """A stack whose llm worker asks the server at `model_port`."""
    with Stack(
        folder / "stack",
        workers={"gateway": 1, "llm": 1, "tts": 1},
        env={
            **model_at(model_port),
            "TERTULIA_LLM_MODEL": "house/model",
            "OPENROUTER_API_KEY": KEY,
            "TERTULIA_LOG_LEVEL": "DEBUG",
            **env,
        },
    ) as stack:
        stack.unsaid.add(KEY)
        yield stack


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory, model_port: int) -> Iterator[Stack]:
    """A stack with the default timeouts for the model. They are longer than any test."""
    with stack_with(tmp_path_factory.mktemp("model"), model_port, TERTULIA_LLM_RETRIES=str(RETRIES)) as stack:
        yield stack


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory, model_port: int) -> Iterator[Stack]:
    """A stack with short timeouts for the model, and one retry."""
    with stack_with(
        tmp_path_factory.mktemp("impatient"),
        model_port,
        TERTULIA_LLM_FIRST_TOKEN_S=str(PATIENCE_S),
        TERTULIA_LLM_STALL_S=str(PATIENCE_S),
        TERTULIA_LLM_RETRIES="1",
    ) as stack:
        yield stack


@asynccontextmanager
async def talk_with(stack: Stack, port: int, *script: Act) -> AsyncGenerator[tuple[TalkClient, ScriptedModel]]:
    async with ScriptedModel(script, port=port) as model, talk(*stack.urls) as client:
        yield client, model
        stack.unsaid |= client.record.words()


async def test_model_request_begins_with_the_characters_prompt_and_has_the_settings(
    asking: Stack, model_port: int
) -> None:
    settings = {
        "model": "vendor/special", "temperature": 0.7, "top_p": 0.9, "min_p": 0.05, "top_k": 40,
        "frequency_penalty": 0.5, "presence_penalty": -0.25, "repetition_penalty": 1.1,
    }  # fmt: skip
    async with talk_with(asking, model_port, Reply(SENTENCES), Reply(SENTENCES)) as (client, model):
        await client.hears(HELLO, new_id())
        await client.send("model_settings", **settings)
        await client.until_event("model_settings")
        await client.hears("Luna, and now?", new_id())
        plain, asked = (request.body for request in model.requests)
        headers = model.requests[0].headers
    assert plain["model"] == "house/model"
    assert not settings.keys() & plain.keys() - {"model"}
    assert {name: asked[name] for name in settings} == settings
    for body in (plain, asked):
        assert body["stream"] is True
        assert body["messages"][0]["role"] == "system"
        assert body["messages"][0]["content"].count("Luna") >= 1
    assert "authorization" in headers


async def test_model_request_of_the_second_turn_has_the_first_turn(asking: Stack, model_port: int) -> None:
    async with talk_with(
        asking, model_port, Reply(["I like owls."]), Reply(["So do I."]), Reply(["We said that."])
    ) as (client, model):
        await client.hears("Luna and Rex, which birds do you like?", new_id())
        await client.hears("Sage, what did they say?", new_id())
        luna, rex, sage = (request.body["messages"] for request in model.requests)
    said = "\n".join(message["content"] for message in luna)
    assert "owls" not in said
    assert "<Luna>I like owls.</Luna>" in "\n".join(message["content"] for message in rex)
    prompt = "\n".join(message["content"] for message in sage)
    parts = ["which birds do you like?", "<Luna>I like owls.</Luna>", "<Rex>So do I.</Rex>", "Sage, what did they say?"]
    assert [prompt.index(part) for part in parts] == sorted(prompt.index(part) for part in parts)


async def test_model_request_has_only_the_heard_part_of_an_interrupted_reply(asking: Stack, model_port: int) -> None:
    hold = Hold(len(SENTENCES))  # two of three sentences are spoken: each sentence is spoken when the next one begins
    async with talk_with(asking, model_port, Reply(SENTENCES, hold=hold), Reply(["Where was I?"])) as (client, model):
        turn_id = new_id()
        await client.say(HELLO, turn_id)
        await client.until(lambda: any(len(m.pcm) > 1 for m in client.record.of_turn(turn_id)), "the second sentence")
        (answer,) = client.record.of_turn(turn_id)
        chunk = max(chunk for sentence, chunk in answer.chunks if sentence == 0)
        await client.send("playback", message_id=answer.message_id, sentence_index=0, chunk_index=chunk, played_ms=1200)
        await client.send("interrupt")
        await client.until_event("interrupted")
        heard = await client.until_event("message_heard")
        assert (heard["message_id"], heard["text"].strip()) == (answer.message_id, SENTENCES[0].strip())
        on = new_id()
        await client.hears("Luna, go on.", on)
        assert client.record.of_turn(on)[0].text == "Where was I?"
        _, asked = model.requests
        prompt = "\n".join(message["content"] for message in asked.body["messages"])
    assert SENTENCES[0].strip() in prompt
    assert SENTENCES[1].strip() not in prompt


async def test_speaker_tags_in_a_model_reply_are_neither_shown_nor_spoken(asking: Stack, model_port: int) -> None:
    async with talk_with(asking, model_port, Reply(["<Lu", "na>Hello ", "there.</", "Luna>"])) as (client, _):
        turn_id = new_id()
        await client.hears(HELLO, turn_id)
        (answer,) = client.record.of_turn(turn_id)
    assert answer.text.strip() == "Hello there."


@pytest.mark.parametrize(
    ("failure", "code", "tries"),
    [
        (Fail(401), "llm_auth", 1),
        (Fail(402), "llm_credit", 1),
        (Fail(404), "llm_model", 1),
        (Fail(429, headers={"retry-after": "0"}), "llm_rate", RETRIES + 1),
        (Fail(503, headers={"retry-after": "0"}), "llm_unavailable", RETRIES + 1),
    ],
)
async def test_refusal_by_the_model_server_is_an_error_and_ends_the_turn(
    asking: Stack, model_port: int, failure: Fail, code: str, tries: int
) -> None:
    async with talk_with(asking, model_port, *[failure] * tries, Reply(["Here I am."])) as (client, model):
        turn_id = new_id()
        await client.say(HELLO, turn_id)
        error = await client.until_event("error")
        assert (error["code"], error["turn_id"]) == (code, turn_id)
        await client.until_done(turn_id)
        assert len(model.requests) == tries
        again = new_id()
        await client.hears("Luna, and now?", again)  # the next turn must be answered
        assert client.record.of_turn(again)[0].text == "Here I am."


async def test_request_is_repeated_if_the_model_server_is_busy(asking: Stack, model_port: int) -> None:
    async with talk_with(asking, model_port, Fail(429, headers={"retry-after": "0"}), Reply(SENTENCES)) as (client, _):
        turn_id = new_id()
        await client.hears(HELLO, turn_id)
        assert client.record.of("error") == []
        (answer,) = client.record.of_turn(turn_id)
        assert (answer.text, answer.status, len(answer.pcm)) == ("".join(SENTENCES), "complete", 3)


def assert_continued_once(client: TalkClient, model: ScriptedModel, turn_id: str) -> None:
    """Check that the first sentence was kept, the text after it was replaced, and the model got one more request."""
    (answer,) = client.record.of_turn(turn_id)
    assert answer.resumed == 1
    assert answer.text.split() == "".join(SENTENCES).split()
    assert (answer.status, sorted(answer.pcm)) == ("complete", [0, 1, 2])
    _, continued = (request.body["messages"][-1] for request in model.requests)
    assert SENTENCES[0].strip() in continued["content"]
    assert "The ti" not in continued["content"]
    assert client.record.of("error") == []


@pytest.mark.parametrize("broken", [Break, ErrorInStream], ids=["connection lost", "error in the stream"])
async def test_reply_whose_model_stream_breaks_is_continued_and_spoken_once(
    asking: Stack, model_port: int, broken: type[Break | ErrorInStream]
) -> None:
    # break the stream only after the worker has read it: a connection that closes may lose its last bytes
    hold = Hold(2)
    reply = Reply([SENTENCES[0], "The ti"], hold=hold)
    async with talk_with(asking, model_port, broken(2, reply=reply), Reply(SENTENCES[1:])) as (client, model):
        turn_id = new_id()
        await client.say(HELLO, turn_id)
        await client.until(
            lambda: any(m.text.endswith("The ti") for m in client.record.of_turn(turn_id)), "the model's whole text"
        )
        hold.event.set()
        await client.until_done(turn_id)
        assert_continued_once(client, model, turn_id)


async def test_reply_whose_model_stream_stalls_is_continued_and_spoken_once(impatient: Stack, model_port: int) -> None:
    stalling = Reply([SENTENCES[0] + "The ti"], hold=Hold(1))
    async with talk_with(impatient, model_port, stalling, Reply(["".join(SENTENCES[1:])])) as (client, model):
        turn_id = new_id()
        await client.hears(HELLO, turn_id)
        assert_continued_once(client, model, turn_id)


async def test_turn_fails_if_the_model_never_answers(impatient: Stack, model_port: int) -> None:
    silent = [Reply(SENTENCES, hold=Hold(0)) for _ in range(2)]
    async with talk_with(impatient, model_port, *silent) as (client, model):
        turn_id = new_id()
        await client.say(HELLO, turn_id)
        error = await client.until_event("error")
        assert (error["code"], error["turn_id"]) == ("llm_unavailable", turn_id)
        await client.until_done(turn_id)
        assert len(model.requests) == len(silent)


async def test_turn_fails_with_an_error_if_the_model_server_cannot_be_reached(asking: Stack) -> None:
    async with talk(*asking.urls) as client:
        turn_id = new_id()
        await client.say(HELLO, turn_id)
        assert (await client.until_event("error"))["code"] == "llm_unavailable"
        await client.until_done(turn_id)
        assert client.record.of_turn(turn_id) == []


async def test_refused_parameter_is_left_out_in_the_same_turn_and_shown_in_the_status(
    asking: Stack, model_port: int
) -> None:
    refused = Fail(400, {"error": {"message": "Unknown parameter: 'top_k'.", "param": "top_k"}})
    async with talk_with(asking, model_port, refused, Reply(SENTENCES), Reply(SENTENCES)) as (client, model):
        await client.send("model_settings", model="picky/model", top_k=40)
        await client.until_event("model_settings")
        turn_id = new_id()
        await client.hears(HELLO, turn_id)
        assert client.record.of_turn(turn_id)[0].text.split() == "".join(SENTENCES).split()
        warning = await client.until_event("warning")
        assert warning["code"] == "model_setting_dropped"
        assert "top_k" in warning["message"]
        await client.hears("Luna, and now?", new_id())
        assert ["top_k" in request.body for request in model.requests] == [True, False, False]
        shown = await eventually(lambda: status_of(asking, "picky/model"))
    assert shown["changes"] == ["leaves out top_k"]


def status_of(stack: Stack, model: str) -> dict[str, Any] | None:
    """The entry for a model in `/api/status`."""
    with urllib.request.urlopen(stack.http("/api/status"), timeout=30) as response:  # noqa: S310 - our own
        models = json.load(response)["models"]
    return next((entry for entry in models if entry["model"] == model), None)

"""A character's own model, the usage, and the ends of replies: a scripted model server, and real processes."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tertulia_shared.ids import new_id
from tests.fakes.model_server import Reply, ScriptedModel, model_at
from tests.harness.client import talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def asking(tmp_path: Path, model_port: int) -> Iterator[Stack]:
    env = {**model_at(model_port), "TERTULIA_LLM_MODEL": "house/model", "TERTULIA_LLM_MAX_TOKENS": "77"}
    with Stack(tmp_path / "stack", workers={"gateway": 1, "llm": 1, "tts": 1}, env=env) as stack:
        yield stack


async def rest(stack: Stack, path: str, *, method: str = "GET", body: object = None) -> Any:
    """Make a request to the REST API. Returns the decoded JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - the stack's own address
        stack.http(path), data=data, method=method, headers={"Content-Type": "application/json"}
    )

    def send() -> Any:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read())

    return await asyncio.to_thread(send)


async def test_character_answers_with_its_own_model_and_without_lines_of_others(asking: Stack, model_port: int) -> None:
    luna = next(each for each in (await rest(asking, "/api/characters"))["characters"] if each["name"] == "Luna")
    own = {"model": "luna/model", "temperature": 0.25}
    await rest(asking, f"/api/characters/{luna['id']}", method="PATCH", body={"model_settings": own})
    async with asking.bus() as bus:

        async def is_read() -> bool:
            return b"luna/model" in (await bus.hash(bus.keys.cast()))[b"speakers"]

        await eventually(is_read, "Luna's settings at the llm worker")
    script = [
        Reply(["Lu", "na: It is a st", "ar.", " Re", "x: Bah, a star!", "\nLuna: Yes."]),
        Reply(["Rex: ", "Bah."], usage=True),
        Reply(["Hello there", ". I was just coun"], finish_reason="length", usage=True),
        Reply([], finish_reason="content_filter"),
        Reply(["<think>", "Am I", " there?", "</think>", "I am back."]),
    ]
    async with ScriptedModel(script, port=model_port) as model, talk(*asking.urls) as client:
        await client.send("model_settings", model="talk/model", temperature=0.75, top_p=0.5)
        await client.until_event("model_settings")
        turns = [new_id() for _ in script[1:]]
        await client.hears("Luna and Rex, what is it?", turns[0])
        texts = {message.text.strip() for message in client.record.of_turn(turns[0])}
        assert texts == {"It is a star.", "Bah."}
        bodies = [request.body for request in model.requests]
        assert [(body["model"], body["temperature"], body["top_p"]) for body in bodies] == [
            ("luna/model", 0.25, 0.5),
            ("talk/model", 0.75, 0.5),
        ]
        assert "<Luna>It is a star.</Luna>" in json.dumps(bodies[1]["messages"])
        assert "Bah" not in json.dumps(bodies[1]["messages"])

        await client.hears("Luna, hello!", turns[1])
        (cut,) = client.record.of_turn(turns[1])
        assert (cut.text.strip(), cut.status) == ("Hello there.", "complete")
        warning = await client.until_event("warning")
        assert warning["code"] == "reply_cut"
        assert "77 tokens (TERTULIA_LLM_MAX_TOKENS)" in warning["message"]

        def reported() -> list[dict[str, Any]]:
            return [frame["metrics"] for frame in client.record.of("turn_metrics") if frame["turn_id"] == turns[1]]

        await client.until(reported, "the turn's metrics")
        (metrics,) = reported()
        assert metrics["usage"] == {"prompt_tokens": 1, "completion_tokens": 2}
        assert metrics["conversation_usage"] == {"prompt_tokens": 2, "completion_tokens": 4}

        await client.say("Luna, once more!", turns[2])
        error = await client.until_event("error")
        assert (error["code"], error["turn_id"]) == ("llm_filtered", turns[2])
        await client.hears("Luna, are you there?", turns[3])
        (back,) = client.record.of_turn(turns[3])
        assert back.text == "I am back."
        thinking = client.record.of("thinking")
        assert [(event["turn_id"], event["message_id"]) for event in thinking] == [(turns[3], back.message_id)]
        stored = await rest(asking, f"/api/conversations/{client.record.conversation_id}")
    assert stored["usage"] == {"prompt_tokens": 2, "completion_tokens": 4}
    replies = [message for message in stored["messages"] if message["role"] == "character"]
    assert [message["text"].strip() for message in replies if message["status"] == "complete"] == [
        "It is a star.", "Bah.", "Hello there.", "I am back.",
    ]  # fmt: skip

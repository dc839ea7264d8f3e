"""The scripted model server that other tests use, called through the same SDK as the worker uses."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx2
import pytest
from openai import APIConnectionError, APIError, APIStatusError, AsyncOpenAI, RateLimitError
from openai.types.chat import ChatCompletionMessageParam

from tests.fakes.instant_model import instant_tokens
from tests.fakes.model_server import Break, ErrorInStream, Fail, Hold, Reply, ScriptedModel

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi"}]


def sdk(model: ScriptedModel) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=model.base_url, api_key="very-secret", max_retries=0)


async def read(client: AsyncOpenAI, into: list[str] | None = None, **settings: Any) -> list[str]:
    texts = [] if into is None else into
    async for chunk in await client.chat.completions.create(model="m", messages=HI, stream=True, **settings):
        if chunk.choices and chunk.choices[0].delta.content:
            texts.append(chunk.choices[0].delta.content)
    return texts


async def test_server_follows_its_script_in_order_and_then_repeats_the_default() -> None:
    script = [Reply(["One. ", "Two."]), Fail(500), Reply(["Three."])]
    async with ScriptedModel(script, default=Reply(["Again."])) as model, sdk(model) as client:
        assert await read(client) == ["One. ", "Two."]
        with pytest.raises(APIStatusError, match="Scripted failure 500"):
            await read(client)
        assert await read(client) == ["Three."]
        assert [await read(client) for _ in range(2)] == [["Again."]] * 2


async def test_request_after_the_end_of_the_script_gets_an_error() -> None:
    async with ScriptedModel() as model, sdk(model) as client:
        with pytest.raises(APIStatusError, match="script is over"):
            await read(client)


async def test_server_leaves_secrets_out_of_the_recorded_requests() -> None:
    async with ScriptedModel(default=Reply(["Hello."])) as model, sdk(model) as client:
        await read(client, temperature=0.3, extra_body={"min_p": 0.1}, extra_headers={"X-Title": "Test"})
        (seen,) = model.requests
    assert (seen.body["messages"], seen.body["temperature"], seen.body["min_p"]) == (HI, 0.3, 0.1)
    assert (seen.headers["x-title"], seen.headers["authorization"]) == ("Test", "…")
    assert "very-secret" not in repr(model.requests)


@pytest.mark.parametrize("status", [401, 402, 404, 500])
async def test_server_can_fail_with_any_status(status: int) -> None:
    async with ScriptedModel([Fail(status)]) as model, sdk(model) as client:
        with pytest.raises(APIStatusError) as caught:
            await read(client)
        assert caught.value.status_code == status


async def test_server_can_fail_with_given_headers_and_body() -> None:
    fail = Fail(429, "slow down", {"Retry-After": "7"})
    async with ScriptedModel([fail]) as model, sdk(model) as client:
        with pytest.raises(RateLimitError) as caught:
            await read(client)
    assert (caught.value.response.headers["retry-after"], caught.value.response.text) == ("7", "slow down")


async def test_server_can_break_the_connection_in_mid_reply() -> None:
    async with ScriptedModel([Break(after_tokens=2)]) as model, sdk(model) as client:
        texts: list[str] = []
        with pytest.raises((APIConnectionError, httpx2.TransportError)):
            await read(client, texts)
        assert texts == ["One. ", "Two. "]


async def test_server_can_send_an_error_in_the_stream() -> None:
    async with (
        ScriptedModel([ErrorInStream(1, {"code": 502, "message": "Provider gone"})]) as model,
        sdk(model) as client,
    ):
        texts: list[str] = []
        with pytest.raises(APIError, match="Provider gone"):
            await read(client, texts)
        assert texts == ["One. "]


async def test_server_can_send_comments_and_empty_chunks() -> None:
    reply = Reply(["Hello."], keep_alives=2, empty_choices=True, null_content=True, usage=True)
    async with ScriptedModel([reply, reply]) as model, sdk(model) as client:
        assert await read(client) == ["Hello."]
        url = f"{model.base_url}/chat/completions"
        async with aiohttp.ClientSession() as http, http.post(url, json={"stream": True}) as response:
            raw = await response.read()
    assert raw.startswith(b": OPENROUTER PROCESSING\n\n" * 2 + b"data: ")
    assert raw.count(b'"choices":[]') == 2
    assert raw.count(b'"content":null') == 1
    assert raw.endswith(b'"total_tokens":2}}\n\ndata: [DONE]\n\n')


async def test_server_can_pause_in_mid_reply_until_it_is_released() -> None:
    hold = Hold(after_tokens=1)
    async with ScriptedModel([Reply(["One. ", "Two."], hold=hold)]) as model, sdk(model) as client:
        texts: list[str] = []
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read(client, texts))
            await hold.reached.wait()
            assert not reading.done()
            assert texts in ([], ["One. "])
            hold.event.set()
        assert texts == ["One. ", "Two."]


async def test_server_notices_a_client_that_disconnects() -> None:
    hold = Hold(after_tokens=0)
    async with ScriptedModel([Reply(["Never."], hold=hold)]) as model, sdk(model) as client:
        chunks = await client.chat.completions.create(model="m", messages=HI, stream=True)
        await model.until_asked(1)
        await hold.reached.wait()
        await chunks.close()
        await model.until_broken_off(1)
        assert model.broken_off == 1


async def test_server_sends_the_whole_reply_if_streaming_is_off() -> None:
    async with ScriptedModel([Reply(["One. ", "Two."])]) as model, sdk(model) as client:
        reply = await client.chat.completions.create(model="m", messages=HI)
    assert reply.choices[0].message.content == "One. Two."


@pytest.mark.parametrize(("count", "sentences"), [(1, 1), (3, 3), (5, 5), (60, 5), (63, 5)])
def test_reply_of_the_instant_model_has_five_sentences(count: int, sentences: int) -> None:
    tokens = instant_tokens(count)
    assert len(tokens) == count
    assert "".join(tokens).count(".") == sentences


@pytest.fixture
def instant_url() -> Iterator[str]:
    """The URL of the instant model, which runs as the process that the benchmark starts."""
    command = [sys.executable, "-m", "tests.fakes.model_server", "--instant", "--tokens", "60", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate()
            assert (process.returncode, err) == (0, "")
        finally:
            process.kill()


async def test_instant_model_answers_a_request_of_the_sdk(instant_url: str) -> None:
    async with AsyncOpenAI(base_url=instant_url, api_key="x", max_retries=0) as client:
        assert [await read(client) for _ in range(3)] == [instant_tokens(60)] * 3


async def test_instant_model_keeps_the_connection_open(instant_url: str) -> None:
    opened = 0

    async def count(*_: object) -> None:
        nonlocal opened
        opened += 1

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(count)
    async with aiohttp.ClientSession(trace_configs=[trace]) as http:
        for _ in range(3):
            # larger than one read, so the server must find the end of the request
            async with http.post(f"{instant_url}/chat/completions", json={"long": "x" * 300_000}) as response:
                # head, 60 tokens, finish, usage, end
                assert (await response.read()).count(b"data: ") == 64
    assert opened == 1

"""The demo model over HTTP: requests of the SDK that the worker uses, and invalid ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import httpx2
import pytest
from openai import APIConnectionError, AsyncOpenAI, BadRequestError, NotFoundError, RateLimitError
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from tertulia_llm.demo.scene import Message
from tertulia_llm.demo.script import next_words
from tertulia_llm.demo.server import DemoSettings, demo_server, paced
from tertulia_llm.demo.wire import MODEL

AT_ONCE = DemoSettings(tokens_per_second=0)
STORY: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "You are Luna, a warm stargazer."},
    {"role": "user", "content": "Tell me a story about the sea"},
]
WHOLE = next_words(
    [Message("system", "You are Luna, a warm stargazer."), Message("user", "Tell me a story about the sea")], seed=0
)


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    async with demo_server(AT_ONCE) as url:
        yield url


@pytest.fixture
async def client(base_url: str) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=base_url, api_key="x", max_retries=0) as openai:
        yield openai


@pytest.fixture
async def http(base_url: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url.removesuffix("/v1")) as session:
        yield session


async def stream(
    client: AsyncOpenAI, messages: Sequence[ChatCompletionMessageParam] = STORY, **settings: Any
) -> list[ChatCompletionChunk]:
    chunks = await client.chat.completions.create(model=MODEL, messages=messages, stream=True, **settings)
    return [chunk async for chunk in chunks]


def text_of(chunks: Sequence[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def test_server_streams_a_reply_as_openai_does(client: AsyncOpenAI) -> None:
    chunks = await stream(client, stream_options={"include_usage": True})
    assert text_of(chunks) == WHOLE
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks[-3:-1]] == [None, "stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == len(chunks) - 3 > 60
    assert len({chunk.id for chunk in chunks}) == 1


async def test_server_sends_usage_only_on_request(client: AsyncOpenAI) -> None:
    chunks = await stream(client)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks)


async def test_server_sends_the_whole_reply_if_streaming_is_off(client: AsyncOpenAI) -> None:
    reply = await client.chat.completions.create(model=MODEL, messages=STORY)
    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == (WHOLE, "stop")
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


async def test_reply_stops_at_max_tokens_with_reason_length(client: AsyncOpenAI) -> None:
    chunks = await stream(client, max_tokens=10)
    assert len(chunks) == 12
    assert WHOLE.startswith(text_of(chunks))
    assert chunks[-1].choices[0].finish_reason == "length"


async def test_reply_stops_before_a_stop_sequence(client: AsyncOpenAI) -> None:
    chunks = await stream(client, stop=["never there", ". "])
    assert text_of(chunks) == WHOLE.split(". ", 1)[0]
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_reply_depends_on_the_seed(client: AsyncOpenAI) -> None:
    hello: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello"}]
    first, again = [[text_of(await stream(client, hello, seed=seed)) for seed in range(6)] for _ in range(2)]
    assert first == again
    assert len(set(first)) > 1


async def test_server_sends_the_rest_of_a_begun_reply(client: AsyncOpenAI) -> None:
    begun = text_of(await stream(client, max_tokens=25))
    rest = await stream(client, [*STORY, {"role": "assistant", "content": f"<Luna>{begun}"}])
    assert begun + text_of(rest) == WHOLE


async def test_server_adds_nothing_to_a_begun_reply_that_is_complete(client: AsyncOpenAI) -> None:
    chunks = await stream(client, [*STORY, {"role": "assistant", "content": f"<Luna>{WHOLE}"}])
    assert text_of(chunks) == ""
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_server_lists_its_model(client: AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == [MODEL]


async def test_sdk_raises_the_servers_error(client: AsyncOpenAI) -> None:
    with pytest.raises(BadRequestError, match="from 0 to 2"):
        await stream(client, temperature=5)
    with pytest.raises(NotFoundError, match=MODEL):
        await client.chat.completions.create(model="gpt-none", messages=STORY)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"model": '])
async def test_request_body_that_is_not_json_is_refused(http: aiohttp.ClientSession, raw: bytes) -> None:
    async with http.post("/v1/chat/completions", data=raw) as response:
        assert response.status == 400
        assert "not valid JSON" in (await response.json())["error"]["message"]


async def test_lone_surrogates_in_a_request_are_accepted(http: aiohttp.ClientSession) -> None:
    body = b'{"model": "%s", "messages": [{"role": "user", "content": "Tell me about \\ud800."}]}' % MODEL.encode()
    async with http.post("/v1/chat/completions", data=body) as response:
        assert response.status == 200


async def test_request_body_that_is_too_large_is_refused() -> None:
    settings = DemoSettings(tokens_per_second=0, max_body_bytes=1000)
    async with demo_server(settings) as url, aiohttp.ClientSession() as http:
        for body, status in ((b" " * 1000, 400), (b" " * 1001, 413)):
            async with http.post(f"{url}/chat/completions", data=body) as response:
                assert response.status == status
                error = (await response.json())["error"]
        assert (error["code"], "1000 bytes" in error["message"]) == ("request_too_large", True)


async def test_error_for_an_unknown_path_or_method_lists_the_endpoints(http: aiohttp.ClientSession) -> None:
    for method, path, status in (("GET", "/", 404), ("GET", "/v1/chat/completions", 405), ("POST", "/healthz", 405)):
        async with http.request(method, path) as response:
            assert response.status == status
            assert "/v1/models" in (await response.json())["error"]["message"]


async def test_health_check_of_the_demo_server_answers(http: aiohttp.ClientSession) -> None:
    async with http.get("/healthz") as response:
        assert await response.json() == {"status": "ok"}


async def test_replies_above_the_limit_are_refused_until_one_ends() -> None:
    settings = DemoSettings(tokens_per_second=0.001, first_token_ms=0, max_replies=1)
    async with demo_server(settings) as url, AsyncOpenAI(base_url=url, api_key="x", max_retries=0) as client:
        first = await client.chat.completions.create(model=MODEL, messages=STORY, stream=True)
        with pytest.raises(RateLimitError) as caught:
            await stream(client)
        assert caught.value.response.headers["retry-after"] == "1"
        await first.close()
        # the client has disconnected, but the server has not noticed it yet
        while True:
            try:
                second = await client.chat.completions.create(model=MODEL, messages=STORY, stream=True)
            except RateLimitError:
                continue
            await second.close()
            break


async def test_slow_reply_is_aborted_when_the_server_stops() -> None:
    async with AsyncOpenAI(api_key="x", base_url="http://unused", max_retries=0) as client:
        async with demo_server(DemoSettings(tokens_per_second=0.001, first_token_ms=0)) as url:
            client.base_url = url
            chunks = await client.chat.completions.create(model=MODEL, messages=STORY, stream=True)
            assert (await anext(chunks)).choices[0].delta.role == "assistant"
        with pytest.raises((APIConnectionError, httpx2.TransportError)):
            async for _ in chunks:
                pass


class Clock:
    """A clock that advances only in `sleep`."""

    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    async def sleep(self, delay_s: float) -> None:
        self.now += max(0.0, delay_s)


def pace(clock: Clock, *, tokens_per_second: float, first_token_ms: float) -> AsyncIterator[Sequence[str]]:
    return paced(
        "abcde", tokens_per_second=tokens_per_second, first_token_ms=first_token_ms, now=clock.time, sleep=clock.sleep
    )


async def test_pieces_are_sent_at_the_set_rate() -> None:
    clock = Clock()
    sent = [(round(clock.now, 6), due) async for due in pace(clock, tokens_per_second=10, first_token_ms=500)]
    assert sent == [(100.5, "a"), (100.6, "b"), (100.7, "c"), (100.8, "d"), (100.9, "e")]


async def test_pieces_that_are_late_are_sent_together() -> None:
    clock = Clock()
    sent: list[Sequence[str]] = []
    async for due in pace(clock, tokens_per_second=10, first_token_ms=0):
        sent.append(due)
        clock.now += 0.25
    assert sent == ["a", "bc", "de"]


async def test_at_zero_tokens_per_second_the_reply_is_sent_at_once_in_one_piece() -> None:
    clock = Clock()
    assert [due async for due in pace(clock, tokens_per_second=0, first_token_ms=500)] == ["abcde"]
    assert clock.now == 100.0


@pytest.mark.parametrize(
    "settings",
    [{"port": -1}, {"port": 70000}, {"tokens_per_second": -1.0}, {"first_token_ms": float("nan")}, {"max_replies": 0}],
)
def test_invalid_settings_of_the_demo_server_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        DemoSettings(**settings)


async def test_streamed_response_has_the_format_of_server_sent_events(http: aiohttp.ClientSession) -> None:
    body = {"model": MODEL, "messages": STORY, "stream": True}
    async with http.post("/v1/chat/completions", json=body) as response:
        assert response.content_type == "text/event-stream"
        events = (await response.read()).split(b"\n\n")
    assert events[-2:] == [b"data: [DONE]", b""]
    assert all(json.loads(event.removeprefix(b"data: ")) for event in events[:-2])


async def test_server_answers_many_concurrent_requests(client: AsyncOpenAI) -> None:
    replies = await asyncio.gather(*(stream(client) for _ in range(16)))
    assert {text_of(chunks) for chunks in replies} == {WHOLE}

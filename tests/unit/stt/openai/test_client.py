"""The client of a transcription server: what it sends, what it repeats, and how it reports a failure."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from tertulia_stt.engines.openai import client as openai
from tertulia_stt.engines.openai.client import TranscriptionClient, TranscriptionServer
from tertulia_stt.engines.openai.failures import RequestFailed
from tertulia_stt.engines.openai.forms import Question
from tests.fakes import transcription_server
from tests.fakes.transcription_server import Act, Answer, Break, Hang, Kind, Refuse
from tests.harness.full_port import full_port

PROMPT = "Luna, Rex, Sage."
VERBOSE_REFUSED = Kind(refused={"response_format": "verbose_json"})


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "FIRST_BACKOFF_S", 0.001)


def speech(words: int) -> bytes:
    """Sound for which the scripted server writes this many words."""
    samples = words * transcription_server.FRAMES_PER_WORD * transcription_server.FRAME_SAMPLES
    return (np.ones(samples) * 3000).astype("<i2").tobytes()


@asynccontextmanager
async def client_of(
    *acts: Act, kind: Kind | None = None, key: str = "", sent_key: str | None = None, timeout_s: float = 20,
    retries: int = 3, language: str = "en",
) -> AsyncGenerator[tuple[TranscriptionClient, transcription_server.TranscriptionServer]]:  # fmt: skip
    async with transcription_server.TranscriptionServer(acts, kind=kind, key=key) as server:
        question = Question("whisper-1", language)
        sent_key = key if sent_key is None else sent_key
        async with TranscriptionClient(
            TranscriptionServer(server.base_url, sent_key, question, timeout_s, retries)
        ) as client:
            yield client, server


async def test_final_request_has_the_sound_the_language_and_the_names() -> None:
    async with client_of() as (client, server):
        transcript = await client.final(speech(4), PROMPT)
    assert transcript.text == "Tell me a story."
    assert transcript.confidence == pytest.approx(-0.2)
    assert transcript.no_speech == pytest.approx(0.01)
    assert server.requests == [
        {
            "model": "whisper-1", "response_format": "verbose_json", "language": "en", "temperature": "0",
            "prompt": PROMPT,
        }
    ]  # fmt: skip
    assert server.sounds == [speech(4)]


async def test_language_and_prompt_are_left_out_if_they_are_not_set() -> None:
    async with client_of(language="") as (client, server):
        await client.final(speech(1))
    assert not {"language", "prompt"} & server.requests[0].keys()


async def test_server_that_refuses_verbose_json_is_asked_for_logprobs_and_asked_so_from_then_on() -> None:
    async with client_of(kind=VERBOSE_REFUSED) as (client, server):
        first, second = await client.final(speech(4)), await client.final(speech(2))
    assert (first.text, first.confidence) == ("Tell me a story.", pytest.approx(-0.2))
    assert second.text == "Tell me."
    assert [request.get("include[]", "") for request in server.requests] == ["", "logprobs", "logprobs"]


@pytest.mark.parametrize(
    "refused",
    [
        {"response_format": "verbose_json", "include[]": "*"},
        {"response_format": "verbose_json", "include[]": "*", "prompt": "*"},
    ],
)
async def test_server_that_refuses_more_fields_gets_a_plainer_request(refused: dict[str, str]) -> None:
    async with client_of(kind=Kind(refused=refused)) as (client, server):
        assert (await client.final(speech(4), PROMPT)).text == "Tell me a story."
        await client.final(speech(4), PROMPT)
    assert not refused.keys() - {"response_format"} & server.requests[-1].keys()
    assert server.requests[-1] == server.requests[-2]


async def test_refusal_of_one_piece_does_not_change_the_next_requests() -> None:
    too_short = Refuse(400, '{"error": "Audio is too short"}')
    async with client_of(too_short, too_short, too_short, too_short) as (client, server):
        with pytest.raises(RequestFailed, match="too short"):
            await client.final(speech(1))
        await client.final(speech(1))
    assert server.requests[-1]["response_format"] == "verbose_json"


@pytest.mark.parametrize("act", [Refuse(429, headers={"Retry-After": "0"}), Refuse(503), Refuse(500), Break()])
async def test_request_that_fails_for_a_passing_reason_is_repeated(act: Act) -> None:
    async with client_of(act, act) as (client, server):
        assert (await client.final(speech(4))).text == "Tell me a story."
    assert len(server.requests) == 3


async def test_server_that_does_not_answer_in_time_is_asked_again() -> None:
    hang = Hang()
    async with client_of(hang, timeout_s=0.3, retries=10) as (client, server):
        assert (await client.final(speech(4))).text == "Tell me a story."
        assert hang.gone.is_set()
    assert len(server.requests) >= 2


async def test_client_waits_as_long_as_the_server_asks() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    acts = Refuse(429, headers={"Retry-After": "7"}), Refuse(429, headers={"retry-after-ms": "40"})
    async with transcription_server.TranscriptionServer(acts) as server:
        asked = TranscriptionServer(server.base_url, "", Question("whisper-1", "en"))
        async with TranscriptionClient(asked, sleep=sleep) as client:
            await client.final(speech(1))
    assert waits == [7.0, 0.04]


async def test_server_that_asks_for_a_long_wait_is_not_asked_again() -> None:
    async with client_of(Refuse(429, headers={"Retry-After": "3600"})) as (client, server):
        with pytest.raises(RequestFailed, match="429") as caught:
            await client.final(speech(1))
    assert caught.value.retryable
    assert len(server.requests) == 1


async def test_account_without_credit_is_not_asked_again() -> None:
    body = '{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}'
    async with client_of(Refuse(429, body)) as (client, server):
        with pytest.raises(RequestFailed, match="without credit") as caught:
            await client.final(speech(1))
    assert not caught.value.retryable
    assert len(server.requests) == 1


async def test_request_that_fails_at_every_attempt_reports_the_last_failure() -> None:
    async with client_of(*[Refuse(503)] * 4) as (client, server):
        with pytest.raises(RequestFailed, match="503") as caught:
            await client.final(speech(1))
    assert caught.value.retryable
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (Refuse(401), "TERTULIA_STT_OPENAI_KEY"),
        (Refuse(403), "TERTULIA_STT_OPENAI_KEY"),
        (Refuse(404), "TERTULIA_STT_OPENAI_BASE_URL.*TERTULIA_STT_OPENAI_MODEL"),
        (Refuse(405), "TERTULIA_STT_OPENAI_BASE_URL"),
        (Refuse(413), "length"),
        (Answer(b"<html>", "text/html"), "a web page.*TERTULIA_STT_OPENAI_BASE_URL"),
        (Answer(b'{"error": "Unexpected endpoint"}'), "Unexpected endpoint"),
        (Answer(b'{"text": "half of a'), "half of a"),
        (Answer(b'data: {"error": {"message": "out of memory"}}\n\n', "text/event-stream"), "out of memory"),
    ],
)
async def test_lasting_failure_is_reported_at_once_with_its_remedy(act: Act, message: str) -> None:
    async with client_of(act) as (client, server):
        with pytest.raises(RequestFailed, match=message) as caught:
            await client.final(speech(1))
    assert not caught.value.retryable
    assert len(server.requests) == 1


async def test_error_does_not_contain_the_key() -> None:
    async with client_of(Refuse(401, "wrong key: sk-secret"), sent_key="sk-secret") as (client, _):
        with pytest.raises(RequestFailed) as caught:
            await client.final(speech(1))
    assert "sk-secret" not in str(caught.value)
    assert "***" in str(caught.value)


async def test_server_that_cannot_be_reached_is_named() -> None:
    async with client_of(retries=1) as (client, server):
        await server.__aexit__(None, None, None)
        with pytest.raises(RequestFailed, match=r"cannot be reached.*TERTULIA_STT_OPENAI_BASE_URL") as caught:
            await client.final(speech(1))
    assert caught.value.retryable


async def test_address_without_an_answer_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "CONNECT_S", 0.05)
    with full_port() as port:
        server = TranscriptionServer(f"http://127.0.0.1:{port}/v1", "", Question("whisper-1", "en"), retries=0)
        async with TranscriptionClient(server) as client:
            with pytest.raises(RequestFailed, match=r"cannot be reached \(no connection within 0.05 s\)") as caught:
                await client.final(speech(1))
    assert caught.value.retryable


@pytest.mark.parametrize("events", ["openai", "vllm", "speaches"])
async def test_partial_text_grows_with_the_events(events: str) -> None:
    texts: list[str] = []
    async with client_of(kind=Kind(events)) as (client, server):
        assert await client.partial(speech(4), PROMPT, texts.append) == "Tell me a story."
    assert texts[-1] == "Tell me a story."
    assert all(after.startswith(before) for before, after in itertools.pairwise(texts))
    assert server.requests[0]["stream"] == "true"
    assert server.requests[0]["response_format"] == "json"


async def test_partial_text_comes_at_once_if_the_server_ignores_stream() -> None:
    async with client_of(kind=Kind(events="")) as (client, server):
        assert await client.partial(speech(4), PROMPT, _unused) == "Tell me a story."
    assert len(server.requests) == 1


async def test_server_that_refuses_events_is_not_asked_for_them_again() -> None:
    async with client_of(kind=Kind(refused={"stream": "*"})) as (client, server):
        for _ in range(2):
            assert await client.partial(speech(4), PROMPT, _unused) == "Tell me a story."
    assert [request.get("stream") for request in server.requests] == ["true", None, None]


@pytest.mark.parametrize("act", [Refuse(429), Break(), Break(events=2), Hang()])
async def test_failed_request_for_a_partial_text_is_not_repeated(act: Act) -> None:
    async with client_of(act, timeout_s=0.3 if isinstance(act, Hang) else 20) as (client, server):
        with pytest.raises(RequestFailed):
            await client.partial(speech(4), PROMPT, lambda _: None)
    assert len(server.requests) == 1


async def test_connection_is_opened_before_it_is_needed() -> None:
    async with client_of() as (client, server):
        opening = client.warm()
        assert opening is not None
        await opening
        assert client.warm() is None, "the connection is open"
        await client.final(speech(1))
        assert server.connections == 1


async def test_connection_that_cannot_be_opened_early_is_no_error() -> None:
    async with client_of() as (client, server):
        await server.__aexit__(None, None, None)
        opening = client.warm()
        assert opening is not None
        await opening


async def test_models_of_the_server_are_listed() -> None:
    async with client_of() as (client, _):
        assert await client.models() == ["whisper-1", "whisper-large-v3"]


def _unused(_: str) -> None:
    pass

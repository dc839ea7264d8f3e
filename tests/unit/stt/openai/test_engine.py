"""The engine `openai` with a scripted server: its start, its sessions while the server is slow or fails."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tertulia_stt.engine import (
    EngineUnavailable,
    RecognitionEngine,
    RecognitionFailed,
    RecognitionSession,
    STTEvent,
    TranscriptionFinished,
    TranscriptionUpdate,
)
from tertulia_stt.engines import load_engine
from tertulia_stt.engines.openai import client
from tertulia_stt.engines.openai.settings import OpenAISTTSettings
from tests.fakes.transcription_server import Act, Answer, Break, Hang, Heard, Kind, Refuse, TranscriptionServer, text_of
from tests.harness.settings_of import settings_of

FIXTURES = Path(__file__).parents[3] / "fixtures"


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_BACKOFF_S", 0.001)


@asynccontextmanager
async def engine_of(
    *acts: Act, kind: Kind | None = None, **settings: object
) -> AsyncGenerator[tuple[RecognitionEngine, TranscriptionServer]]:
    """A started engine and its server. The server handles the request of the start normally, and each following request
    as the next of `acts` says.
    """
    async with TranscriptionServer(kind=kind) as server:
        given = {"stt_openai_base_url": server.base_url, "stt_openai_partials": "off", **settings}
        engine = load_engine("openai", settings_of(OpenAISTTSettings, **given))
        await engine.start()
        server.play(*acts)
        yield engine, server
        await engine.close()


def pcm(name: str) -> bytes:
    with wave.open(str(FIXTURES / f"{name}.wav")) as audio:
        return audio.readframes(audio.getnframes())


async def hear(session: RecognitionSession, audio: bytes) -> list[STTEvent]:
    async def feed() -> None:
        await session.feed(audio)
        await session.finish()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed())
        events = [event async for event in session.events()]
    await session.close()
    return events


async def read_into(seen: list[STTEvent], session: RecognitionSession) -> None:
    async for event in session.events():
        seen.append(event)  # noqa: PERF401 - the events before a failure count


def finals(events: Sequence[STTEvent]) -> list[TranscriptionFinished]:
    return [event for event in events if isinstance(event, TranscriptionFinished)]


async def test_each_piece_is_one_request_with_its_sound() -> None:
    audio = pcm("two_utterances")
    async with engine_of() as (engine, server):
        heard = finals(await hear(await engine.open(), audio))
    assert len(heard) == 2
    assert server.sounds[1:] == [audio[2 * final.start_sample : 2 * final.end_sample] for final in heard]
    assert [final.text for final in heard] == [text_of(sound) for sound in server.sounds[1:]]


@pytest.mark.parametrize(
    "act", [Refuse(429, headers={"Retry-After": "0"}), Refuse(502), Break()], ids=["429", "502", "break"]
)
async def test_failure_that_passes_loses_no_text(act: Act) -> None:
    async with engine_of() as (engine, _):
        expected = finals(await hear(await engine.open(), pcm("question_rex")))
    async with engine_of(act, act) as (engine, _):
        assert finals(await hear(await engine.open(), pcm("question_rex"))) == expected


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (Refuse(401), "TERTULIA_STT_OPENAI_KEY"),
        (Refuse(404), "TERTULIA_STT_OPENAI_MODEL"),
        (Answer(b"<html>", "text/html"), "a web page"),
        (Answer(b"{"), "not with a transcription"),
    ],
)
async def test_lasting_failure_fails_the_session_and_a_new_session_repeats_the_piece(act: Act, message: str) -> None:
    audio = pcm("two_utterances")
    async with engine_of() as (engine, _):
        first, second = finals(await hear(await engine.open(), audio))
    async with engine_of(Heard(first.text), act) as (engine, _):
        session = await engine.open()
        await session.feed(audio)
        await session.finish()
        seen: list[STTEvent] = []
        with pytest.raises(RecognitionFailed, match=message):
            await read_into(seen, session)
        await session.close()
        assert finals(seen) == [first]
        resumed = await engine.open(first_sample=first.end_sample)
        (again,) = finals(await hear(resumed, audio[2 * first.end_sample :]))
    assert again.text == second.text


async def test_closing_a_session_ends_its_request() -> None:
    hang = Hang()
    async with engine_of(hang) as (engine, _):
        session = await engine.open()
        await session.feed(pcm("question_rex"))
        await session.finish()
        await hang.came.wait()
        await session.close()
        await hang.gone.wait()


async def test_slow_answer_of_one_session_does_not_delay_another() -> None:
    hang = Hang()
    async with engine_of(hang) as (engine, _):
        slow = await engine.open()
        await slow.feed(pcm("question_rex"))
        await slow.finish()
        await hang.came.wait()
        assert len(finals(await hear(await engine.open(), pcm("question_rex")))) == 1


async def test_partial_texts_that_fail_do_not_affect_the_final_text() -> None:
    async with engine_of(Refuse(500), stt_openai_partials="on") as (engine, server):
        events = await hear(await engine.open(), pcm("question_rex"))
    assert len(finals(events)) == 1
    assert finals(events)[0].text == text_of(server.sounds[-1])


async def test_partial_texts_come_while_the_user_speaks() -> None:
    async with engine_of(stt_openai_partials="on", stt_openai_partial_ms=200) as (engine, _):
        session, shown = await engine.open(), asyncio.Event()

        async def read() -> list[STTEvent]:
            events: list[STTEvent] = []
            async for event in session.events():
                events.append(event)
                if isinstance(event, TranscriptionUpdate):
                    shown.set()
            return events

        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read())
            await session.feed(pcm("hello_luna")[: 2 * 32_000])
            await shown.wait()
            await session.finish()
        await session.close()
    updates = [event for event in reading.result() if isinstance(event, TranscriptionUpdate)]
    (final,) = finals(reading.result())
    assert final.text.startswith(updates[0].text)


@pytest.mark.parametrize(
    ("partials", "key", "asks"),
    [("auto", "", True), ("auto", "sk-key", False), ("on", "sk-key", True), ("off", "", False)],
)
def test_partial_texts_are_on_by_default_only_without_a_key(partials: str, key: str, asks: bool) -> None:  # noqa: FBT001
    settings = settings_of(OpenAISTTSettings, stt_openai_partials=partials, stt_openai_key=key)
    assert settings.has_partials is asks


async def test_engine_says_how_it_writes() -> None:
    async with engine_of(stt_language="de", stt_words="Luna, Rex") as (engine, server):
        assert engine.writing.is_punctuated
        assert engine.writing.language == "de"
        assert list(engine.writing.names) == ["Luna", "Rex"]
    assert server.requests[0]["language"] == "de"
    assert server.requests[0]["prompt"] == "Luna, Rex."


async def test_prompt_of_each_request_has_the_words_that_are_expected_then() -> None:
    async with engine_of(stt_words="Luna") as (engine, server):
        session, other = await engine.open(), await engine.open()
        session.expect(["Ivy", "Luna"])
        await hear(session, pcm("question_rex"))
        await hear(other, pcm("question_rex"))
    assert [request["prompt"] for request in server.requests] == ["Luna.", "Ivy, Luna.", "Luna."]


async def start(base_url: str, **settings: object) -> None:
    engine = load_engine("openai", settings_of(OpenAISTTSettings, stt_openai_base_url=base_url, **settings))
    try:
        await engine.start()
    finally:
        await engine.close()


@pytest.mark.parametrize(("words", "text"), [("Luna", "Luna."), ("Luna, Rex", "")])
async def test_only_name_of_the_settings_is_heard_and_a_list_of_names_is_invented(words: str, text: str) -> None:
    said = ", ".join(name.strip() for name in words.split(",")) + "."
    async with engine_of(Heard(said), stt_words=words) as (engine, _):
        heard = finals(await hear(await engine.open(), pcm("stop")))
    assert [final.text for final in heard] == [text]


async def test_start_with_a_wrong_key_names_the_setting() -> None:
    async with TranscriptionServer(key="right") as server:
        with pytest.raises(EngineUnavailable, match="TERTULIA_STT_OPENAI_KEY") as caught:
            await start(server.base_url, stt_openai_key="wrong-key")
        assert "wrong-key" not in str(caught.value)
        await start(server.base_url, stt_openai_key="right")


async def test_start_with_an_unknown_model_lists_the_models_of_the_server() -> None:
    async with TranscriptionServer([Refuse(404, '{"error": "no such model"}')]) as server:
        with pytest.raises(EngineUnavailable, match=r"no such model.*its models: whisper-1, whisper-large-v3"):
            await start(server.base_url)


async def test_start_with_a_wrong_address_names_the_setting() -> None:
    async with TranscriptionServer() as server:
        with pytest.raises(EngineUnavailable, match=r"404.*TERTULIA_STT_OPENAI_BASE_URL|BASE_URL.*404"):
            await start(server.base_url.removesuffix("/v1"))
        base_url = server.base_url
    with pytest.raises(EngineUnavailable, match=r"cannot be reached.*TERTULIA_STT_OPENAI_BASE_URL"):
        await start(base_url, stt_openai_retries=0)


def test_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="http://"):
        settings_of(OpenAISTTSettings, stt_openai_base_url="localhost:8000/v1")

"""The engine whisper with its real weights (`tertulia fetch-models`)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence

import pytest

from tertulia_shared.weights import MODELS
from tertulia_stt.engine import RecognitionEngine, STTEvent, TranscriptionFinished
from tertulia_stt.engines import load_engine
from tertulia_stt.engines.whisper.settings import WhisperSettings
from tertulia_stt.engines.whisper.vocabulary import read_vocabulary
from tests.harness.noises import NOISES
from tests.harness.real_models import REAL_MODELS, needs_models
from tests.harness.settings_of import settings_of
from tests.harness.sound import recording

NAMES = ("whisper-base", "whisper-tiny.en")
MANY_NAMES = ("Anouk", "Ilse", "Ivy", "Luna", "Maeve", "Rex", "Sage", "Théo")
NOISE_S = 150
"""The four noises together last ten minutes."""
NAME_MS = 950
"""The recordings of questions begin with a name, which ends before."""
REFERENCE = [27355, 11, 35678, 11, 33812, 13]
"""What the library tokenizers 0.23 makes of the names."""

pytestmark = [
    pytest.mark.timeout(600, method="signal"),
    needs_models(*NAMES),
]


@pytest.fixture(params=["en", ""], ids=["english", "detected"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[RecognitionEngine]:
    engine = load_engine(
        "whisper", settings_of(WhisperSettings, models_dir=REAL_MODELS, stt_language=request.param)
    )  # fmt: skip
    await engine.start()
    yield engine
    await engine.close()


async def events_of(engine: RecognitionEngine, pcm: bytes, expected: Sequence[str] = ()) -> list[STTEvent]:
    session = await engine.open()
    if expected:
        session.expect(expected)

    async def feed() -> None:
        for start in range(0, len(pcm), 6400):
            await session.feed(pcm[start : start + 6400])
        await session.finish()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed())
        events = [event async for event in session.events()]
    await session.close()
    return events


async def texts_of(engine: RecognitionEngine, pcm: bytes, expected: Sequence[str] = ()) -> list[str]:
    finals = [event for event in await events_of(engine, pcm, expected) if isinstance(event, TranscriptionFinished)]
    return [final.text for final in finals if final.text]


@pytest.mark.parametrize("name", NAMES)
def test_weights_have_the_published_hashes(name: str) -> None:
    for file in MODELS[name].files:
        content = (REAL_MODELS / name / file.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hello_luna", ["hello luna tell me a story about the ocean"]),
        ("question_rex", ["rex what do you think about the weather today"]),
        ("question_sage", ["sage what is the meaning of life"]),
        ("two_utterances", ["good morning", "luna tell me a story"]),
        ("stop", ["stop"]),
        ("silence_noise", []),
    ],
)
async def test_whisper_transcribes_the_recordings(engine: RecognitionEngine, name: str, expected: list[str]) -> None:
    texts = await texts_of(engine, recording(f"{name}.wav"))
    assert ["".join(c for c in text.lower() if c.isalpha() or c == " ") for text in texts] == expected


@pytest.mark.parametrize(("recorded", "name"), [("story_ilse", "Ilse"), ("story_maeve", "Maeve")])
async def test_unusual_name_is_written_correctly_only_if_it_is_expected(
    engine: RecognitionEngine, recorded: str, name: str
) -> None:
    audio = recording(f"{recorded}.wav")
    (without,) = await texts_of(engine, audio)
    assert name not in without
    (text,) = await texts_of(engine, audio, ["Luna", "Rex", "Sage", name])
    assert text.replace(",", "") == f"{name} tell me a story."


@pytest.mark.parametrize("engine", ["en"], indirect=True)
@pytest.mark.parametrize(("recorded", "expected"), [("question_rex", "Rex."), ("question_sage", "Sage.")])
async def test_name_alone_is_heard_although_it_is_a_hint(
    engine: RecognitionEngine, recorded: str, expected: str
) -> None:
    begin = recording(f"{recorded}.wav")[: NAME_MS * 32]
    assert await texts_of(engine, begin + bytes(32_000), ["Luna", "Rex", "Sage"]) == [expected]


@pytest.mark.parametrize("engine", ["en"], indirect=True)
async def test_sessions_that_expect_different_words_run_at_the_same_time(engine: RecognitionEngine) -> None:
    together = await asyncio.gather(
        texts_of(engine, recording("story_ilse.wav"), ["Luna", "Ilse"]),
        texts_of(engine, recording("story_maeve.wav"), ["Luna", "Rex", "Maeve"]),
    )
    assert [text.replace(",", "") for (text,) in together] == ["Ilse tell me a story.", "Maeve tell me a story."]


@pytest.mark.parametrize("engine", ["en"], indirect=True)
@pytest.mark.parametrize("noise", sorted(NOISES))
async def test_noise_has_no_text(engine: RecognitionEngine, noise: str) -> None:
    assert await texts_of(engine, NOISES[noise](NOISE_S), MANY_NAMES) == []


@pytest.mark.parametrize("engine", ["en"], indirect=True)
async def test_sessions_at_the_same_time_hear_what_each_hears_alone(engine: RecognitionEngine) -> None:
    names = ("hello_luna", "question_rex", "question_sage", "two_utterances")
    alone = [await texts_of(engine, recording(f"{name}.wav")) for name in names]
    together = await asyncio.gather(*(texts_of(engine, recording(f"{name}.wav")) for name in names))
    assert together == alone


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", [" Luna, Rex, Sage.", " Jörg Müller, 北京, O'Neil, GPT4", " Anne-Marie, Владимир."])
def test_tokens_of_a_text_have_the_same_text(name: str, text: str) -> None:
    vocabulary = read_vocabulary(REAL_MODELS / name)
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_names_have_the_tokens_of_the_reference_tokenizer() -> None:
    assert read_vocabulary(REAL_MODELS / "whisper-base").encode(" Luna, Rex, Sage.") == REFERENCE

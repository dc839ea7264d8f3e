"""A spoken question in each language, from the microphone to the voice: whisper and kokoro on their real weights.

One of Kokoro's voices asks a character by name, in real processes. A scripted model server answers in the language.
The sound of the reply is heard by whisper again.
"""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import numpy as np
import pytest
import soxr

from tertulia_shared.entries import SAMPLE_RATE_IN, SAMPLE_RATE_OUT
from tertulia_stt.engine import RecognitionEngine, TranscriptionFinished
from tertulia_stt.engines import load_engine as load_recognizer
from tertulia_stt.engines.whisper.settings import WhisperSettings
from tertulia_tts.engine import SpeechEngine
from tertulia_tts.engines import load_engine as load_voice
from tertulia_tts.engines.kokoro.settings import KokoroSettings
from tests.engines.languages.spoken_languages import LANGUAGES, SpokenLanguage
from tests.fakes.model_server import Reply, ScriptedModel, model_at, reserved_port
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.real_models import REAL_MODELS, needs_models
from tests.harness.settings_of import settings_of
from tests.harness.sound import loudness, silence
from tests.harness.stack import Stack
from tests.harness.word_errors import word_errors, words

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.slow,
    needs_models("whisper-base", "whisper-tiny.en", "kokoro"),
]

MOST_ERRORS = 0.34
"""Of the words. A text of another language has more than 0.8."""
SENTENCES = 3
NAMES = ", ".join(language.name for language in LANGUAGES)


@pytest.fixture(scope="module")
def model_port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, model_port: int) -> Iterator[Stack]:
    """A stack with one character of each language. Nobody answers a question that names no character."""
    env = {
        **model_at(model_port),
        "TERTULIA_MODELS_DIR": str(REAL_MODELS.resolve()),
        "TERTULIA_STT_ENGINE": "whisper",
        "TERTULIA_STT_LANGUAGE": "auto",
        "TERTULIA_STT_SILENCE_MS": "480",  # one of the voices pauses for 230 ms after a few words
        "TERTULIA_STT_WORDS": NAMES,
        "TERTULIA_TTS_ENGINE": "kokoro",
        "TERTULIA_WHO_ANSWERS": "named",
    }
    with Stack(tmp_path_factory.mktemp("languages") / "stack", env=env) as stack:
        for language in LANGUAGES:
            post(stack, "/api/characters", {"name": language.name, "voice": language.voice})
        yield stack


@pytest.fixture
async def kokoro() -> AsyncGenerator[SpeechEngine]:
    engine = load_voice("kokoro", settings_of(KokoroSettings, models_dir=REAL_MODELS))
    await engine.start()
    yield engine
    await engine.close()


@pytest.fixture
async def judge(language: SpokenLanguage) -> AsyncGenerator[RecognitionEngine]:
    """The engine whisper, which knows the language."""
    engine = load_recognizer(
        "whisper", settings_of(WhisperSettings, models_dir=REAL_MODELS, stt_language=language.code, stt_words=NAMES)
    )  # fmt: skip
    await engine.start()
    yield engine
    await engine.close()


def post(stack: Stack, path: str, body: object) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the stack's own address
        stack.http(path), data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.loads(answer.read())


def for_microphone(pcm: bytes) -> bytes:
    """PCM of a voice at the rate of a microphone, with a short silence before it."""
    sound = soxr.resample(np.frombuffer(pcm, "<i2"), SAMPLE_RATE_OUT, SAMPLE_RATE_IN)
    return silence(200) + sound.astype("<i2").tobytes()


async def heard_by(engine: RecognitionEngine, pcm: bytes) -> str:
    session = await engine.open()

    async def feed() -> None:
        await session.feed(for_microphone(pcm) + silence(1000))
        await session.finish()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed())
        finals = [event.text async for event in session.events() if isinstance(event, TranscriptionFinished)]
    await session.close()
    return " ".join(finals)


async def until_spoken(client: TalkClient, turn_id: str) -> None:
    """Wait for the whole reply, sentence by sentence, because a slow machine needs long for each."""
    for count in range(1, SENTENCES + 1):
        await client.until(
            lambda count=count: (
                client.record.turn_is_done(turn_id)
                or any(len(answer.pcm) >= count for answer in client.record.of_turn(turn_id))
            ),
            f"the sound of sentence {count}",
        )
    await client.until_done(turn_id)


def assert_heard(language: SpokenLanguage, said: str, heard: str) -> None:
    expected = words(said, language.code)
    assert word_errors(expected, words(heard, language.code)) <= MOST_ERRORS * len(expected), heard


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
async def test_spoken_question_is_answered_aloud_in_its_language_by_the_named_character(
    table: Stack, model_port: int, kokoro: SpeechEngine, judge: RecognitionEngine, language: SpokenLanguage
) -> None:
    question = b"".join([pcm async for pcm in kokoro.synthesize(language.question, language.asker, 1)])
    await eventually(lambda: language.name in table.active_character_names(), "the character at the llm worker")
    tokens = re.findall(r"\S+\s*", language.reply)
    async with ScriptedModel(default=Reply(tokens), port=model_port) as model, talk(*table.urls) as client:
        await client.speak_pcm(for_microphone(question))
        accepted = await client.until_event("turn_accepted")
        assert_heard(language, language.question, accepted["text"])
        await until_spoken(client, accepted["turn_id"])
        answers = client.record.of_turn(accepted["turn_id"])
        assert [answer.name for answer in answers] == [language.name], accepted["text"]
        (answer,) = answers
        assert (answer.status, answer.text) == ("complete", language.reply)
        assert accepted["text"] in json.dumps(model.requests[0].body, ensure_ascii=False)
        assert sorted(answer.pcm) == list(range(SENTENCES))
        assert all(loudness(pcm) > 0.01 for pcm in answer.pcm.values())
        assert client.record.of("error") == []
        assert client.record.of("warning") == []
        table.unsaid |= client.record.words()
    reply = b"".join(bytes(answer.pcm[sentence]) for sentence in sorted(answer.pcm))
    assert_heard(language, language.reply_heard, await heard_by(judge, reply))

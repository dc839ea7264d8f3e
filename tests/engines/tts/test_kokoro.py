"""The engine kokoro with its published weights (`tertulia fetch-models`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tertulia_tts.engine import SAMPLE_RATE, SpeechEngine
from tertulia_tts.engines import load_engine
from tertulia_tts.engines.kokoro.settings import KokoroSettings
from tests.harness.pcm_analysis import level_dbfs, pitch_hz
from tests.harness.real_models import REAL_MODELS, needs_models
from tests.harness.settings_of import settings_of

pytestmark = [pytest.mark.timeout(600), needs_models("kokoro")]
SENTENCE = "I was just thinking about lunch, and what we could cook together."


def settings(**changed: Any) -> KokoroSettings:
    return settings_of(KokoroSettings, models_dir=REAL_MODELS, **changed)


@pytest.fixture
async def published() -> AsyncGenerator[SpeechEngine]:
    engine = load_engine("kokoro", settings())
    await engine.start()
    yield engine
    await engine.close()


async def spoken(engine: SpeechEngine, voice: str) -> bytes:
    return b"".join([pcm async for pcm in engine.synthesize(SENTENCE, voice, 1)])


async def test_same_sentence_gives_the_same_pcm_with_any_number_of_threads(published: SpeechEngine) -> None:
    first = await spoken(published, "luna")
    assert await spoken(published, "luna") == first
    for threads in (1, 3):
        peer = load_engine("kokoro", settings(tts_kokoro_threads=threads))
        await peer.start()
        assert await spoken(peer, "luna") == first, threads
        await peer.close()


async def test_voices_of_the_default_characters_are_equally_loud_and_differ_in_pitch(published: SpeechEngine) -> None:
    made = {voice: await spoken(published, voice) for voice in ("luna", "rex", "sage")}
    for voice, pcm in made.items():
        assert level_dbfs(pcm) == pytest.approx(-21, abs=2), voice
        assert 10 < len(SENTENCE) / (len(pcm) / 2 / SAMPLE_RATE) < 25, voice
    pitches = sorted(map(pitch_hz, made.values()))
    assert pitches[1] / pitches[0] > 1.3  # by more than four semitones
    assert pitches[2] / pitches[1] > 1.3

"""Kokoro with its published weights (`make test-engines`, where `tertulia fetch-models kokoro` has put them)."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tertulia_shared.settings import load
from tertulia_shared.weights import folder_of
from tertulia_tts.engine import SAMPLE_RATE, SpeechEngine
from tertulia_tts.engines import load_engine
from tertulia_tts.engines.kokoro.settings import KokoroSettings
from tests.harness.pcm_analysis import level_dbfs, pitch_hz

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        folder_of("kokoro", load(KokoroSettings).models_folder) is None,
        reason="the weights are missing: tertulia fetch-models kokoro",
    ),
]
SENTENCE = "I was just thinking about lunch, and what we could cook together."


@pytest.fixture
async def published() -> AsyncGenerator[SpeechEngine]:
    engine = load_engine("kokoro", load(KokoroSettings))
    await engine.start()
    yield engine
    await engine.close()


async def spoken(engine: SpeechEngine, voice: str) -> bytes:
    return b"".join([pcm async for pcm in engine.synthesize(SENTENCE, voice, 1)])


async def test_same_sentence_gives_the_same_pcm_with_any_number_of_threads(published: SpeechEngine) -> None:
    first = await spoken(published, "luna")
    assert await spoken(published, "luna") == first
    for threads in (1, 3):
        peer = load_engine("kokoro", load(KokoroSettings).model_copy(update={"tts_kokoro_threads": threads}))
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

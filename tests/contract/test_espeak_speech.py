"""Properties of the default engine that the contract of the speech port does not require."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np
import pytest

from tertulia_tts.engine import SAMPLE_RATE, SpeechEngine, SpeechRequest, SynthesisFailed
from tertulia_tts.engines.espeak.engine import SENTENCE_GAP_MS, EspeakEngine
from tertulia_tts.engines.espeak.voices import ESPEAK_VOICES
from tests.harness.pcm_analysis import level_dbfs, pitch_hz, samples

SENTENCE = "I was just thinking about lunch, and what we could cook together."
LONG = " ".join(f"This is sentence number {n}, and it says that {n} is a number." for n in range(170))
SEED = 0x1234_5678_9ABC_DEF0  # in the same range as the worker's seeds


@pytest.fixture
async def espeak_engine() -> AsyncGenerator[EspeakEngine]:
    made = EspeakEngine()
    await made.start()
    yield made
    await made.close()


async def pieces_of(engine: SpeechEngine, text: str, voice: str = "luna") -> list[bytes]:
    return [pcm async for pcm in engine.synthesize(text, voice, SEED)]


async def spoken(engine: SpeechEngine, text: str, voice: str = "luna") -> bytes:
    return b"".join(await pieces_of(engine, text, voice))


async def test_espeak_speaks_at_a_natural_pace(espeak_engine: SpeechEngine) -> None:
    for voice in espeak_engine.voices():
        seconds = len(await spoken(espeak_engine, SENTENCE, voice.id)) / 2 / SAMPLE_RATE
        assert 10 < len(SENTENCE) / seconds < 25, voice.id


async def test_espeak_voices_are_about_equally_loud_and_do_not_clip(espeak_engine: SpeechEngine) -> None:
    for voice in espeak_engine.voices():
        pcm = await spoken(espeak_engine, SENTENCE, voice.id)
        assert level_dbfs(pcm) == pytest.approx(-21, abs=2), voice.id
        assert np.abs(samples(pcm)).max() < 32767, voice.id


@pytest.mark.parametrize("text", ["Hi.", "Is it you?", "Stop!", "Well, I think so"])
async def test_espeak_ends_every_sentence_with_equal_silence(espeak_engine: SpeechEngine, text: str) -> None:
    for voice in espeak_engine.voices():
        sounding = np.flatnonzero(np.abs(samples(await spoken(espeak_engine, text, voice.id))) > 24)
        audio = len(await spoken(espeak_engine, text, voice.id)) // 2
        assert (audio - 1 - int(sounding[-1])) * 1000 // SAMPLE_RATE == SENTENCE_GAP_MS, voice.id
        assert sounding[0] * 1000 / SAMPLE_RATE <= 5, voice.id


async def test_espeak_gives_no_audio_for_a_text_of_dots(espeak_engine: SpeechEngine) -> None:
    assert await pieces_of(espeak_engine, "...") == []


async def test_espeak_skips_control_characters_in_a_text(espeak_engine: SpeechEngine) -> None:
    assert await spoken(espeak_engine, "*hello*\0 \x07there.") == await spoken(espeak_engine, "hello there.")


async def test_running_syntheses_fail_when_espeak_is_closed(espeak_engine: SpeechEngine) -> None:
    async with aclosing(espeak_engine.synthesize(LONG, "luna", SEED)) as pieces:
        assert await anext(pieces)
        await espeak_engine.close()
        with pytest.raises(SynthesisFailed) as caught:
            await anext(pieces)
    assert caught.value.retryable


async def test_espeak_refuses_to_speak_before_it_is_started(espeak_engine: SpeechEngine) -> None:
    with pytest.raises(SynthesisFailed, match="start"):
        await pieces_of(EspeakEngine(), SENTENCE)


def test_espeak_voices_have_unique_ids() -> None:
    ids = [known.voice.id for known in ESPEAK_VOICES]
    assert ids[:3] == ["luna", "rex", "sage"]
    assert len(set(ids)) == len(ids) >= 8


@pytest.mark.parametrize("voice", ["luna", "ada", "greta"])
async def test_espeak_changes_speed_and_pitch_of_a_voice(espeak_engine: EspeakEngine, voice: str) -> None:
    async def speech(speed: float = 1.0, pitch: float = 0.0) -> bytes:
        request = SpeechRequest(SENTENCE, voice, SEED, speed=speed, pitch=pitch)
        return b"".join([pcm async for pcm in espeak_engine.speak(request)])

    normal = await speech()
    assert normal == await spoken(espeak_engine, SENTENCE, voice)
    assert len(await speech(speed=0.5)) > 1.6 * len(normal)
    assert len(await speech(speed=2)) < 0.65 * len(normal)
    assert pitch_hz(await speech(pitch=6)) == pytest.approx(pitch_hz(normal) * 2 ** (6 / 12), rel=0.1)
    assert pitch_hz(await speech(pitch=-6)) < pitch_hz(normal) * 0.95


def test_espeak_parameters_stay_in_the_range_of_the_library() -> None:
    for voice in ESPEAK_VOICES:
        for speed, pitch in ((0.5, -6.0), (2.0, 6.0)):
            adjusted = voice.adjusted(speed, pitch)
            assert 80 <= adjusted.rate <= 450
            assert 0 <= adjusted.pitch <= 99

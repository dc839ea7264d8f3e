"""The contract of the speech port, tested with every installed engine whose libraries are installed.

Engines are found by their entry points. `higgs` has an environment of its own, in which `make test-engines` runs these
tests; its weights are random and tiny.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest

from tertulia_tts.engine import PITCH, SAMPLE_RATE, SPEED, SpeechEngine, SpeechRequest, TakesRequest
from tests.harness.available_speech_engines import MARKS, WITHOUT_PITCH, Make, engine_maker, runnable_engines
from tests.harness.pcm_analysis import level_dbfs, pitch_hz, samples

SENTENCE = "I was just thinking about lunch, and what we could cook together."
LONG = " ".join(f"This is sentence number {n}, and it says that {n} is a number." for n in range(170))
SEED = 0x1234_5678_9ABC_DEF0  # in the same range as the worker's seeds

ODD_TEXTS = {
    "control characters": "hello\x01\x02\x1b[31m\x7f there",
    "NUL": "before\0after",
    "lone surrogate": "half \ud83d of a pair",
    "Chinese": "你好，世界。",
    "Arabic": "مرحبا بالعالم",
    "emoji": "😀 👩‍👩‍👧 🇪🇸",
    "markup": '<b>bold</b> <break time="9s"/> &amp; & <',
    "phoneme brackets": "[[h@l'oU]] [[",
    "format string": "%s %n %d {0}",
    "punctuation": "!?.,;:" * 50,
    "no spaces": "a" * 2_000,
    "digits": "1234567890" * 30,
    "combining marks": "e\u0301\u0302\u0303" * 100,
    "direction marks": "\u202eabc\u202c \ufeff\ufffe",
    "last code point": "\U0010ffff end",
}


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in runnable_engines()])
async def make(request: pytest.FixtureRequest) -> AsyncGenerator[Make]:
    name: str = request.param
    async with engine_maker(name) as made:
        yield made


@pytest.fixture
async def engine(make: Make) -> AsyncGenerator[SpeechEngine]:
    made = make()
    await made.start()
    yield made
    await made.close()


def default_voice(engine: SpeechEngine) -> str:
    return engine.voices()[0].id


async def pieces_of(engine: SpeechEngine, text: str, voice: str | None = None, seed: int = SEED) -> list[bytes]:
    return [pcm async for pcm in engine.synthesize(text, voice or default_voice(engine), seed)]


async def spoken(engine: SpeechEngine, text: str, voice: str | None = None, seed: int = SEED) -> bytes:
    return b"".join(await pieces_of(engine, text, voice, seed))


# -- the PCM


async def test_pieces_of_speech_have_whole_samples_and_are_never_empty(engine: SpeechEngine) -> None:
    pieces = await pieces_of(engine, SENTENCE)
    assert pieces
    assert all(pcm and len(pcm) % 2 == 0 for pcm in pieces)


async def test_speech_is_audible_and_does_not_clip(engine: SpeechEngine) -> None:
    pcm = await spoken(engine, SENTENCE)
    assert -40 < level_dbfs(pcm) < -12
    assert np.abs(samples(pcm)).max() < 32767


async def test_two_syntheses_of_a_text_give_the_same_pcm(engine: SpeechEngine) -> None:
    for voice in engine.voices():
        first = await spoken(engine, SENTENCE, voice.id)
        await spoken(engine, "Something else entirely!", engine.voices()[-1].id, seed=1)
        assert await spoken(engine, SENTENCE, voice.id) == first, voice.id


async def test_second_instance_of_an_engine_gives_the_same_pcm(engine: SpeechEngine, make: Make) -> None:
    peer = make()
    await peer.start()
    try:
        await spoken(peer, "Something else entirely!")
        assert await spoken(peer, SENTENCE) == await spoken(engine, SENTENCE)
    finally:
        await peer.close()


async def test_sentence_that_is_synthesized_again_has_the_same_pcm(engine: SpeechEngine) -> None:
    assert await spoken(engine, SENTENCE) == await spoken(engine, SENTENCE)


async def test_speech_engine_accepts_seeds_of_any_size(engine: SpeechEngine) -> None:
    for seed in (0, 1, 2**31, 2**64 - 1):
        assert await spoken(engine, "Yes.", seed=seed)


# -- voices


async def test_voices_of_an_engine_sound_different_from_each_other(engine: SpeechEngine) -> None:
    voices = engine.voices()
    assert len({voice.id for voice in voices}) == len(voices)
    assert {"luna", "rex", "sage"} <= {voice.id for voice in voices}
    made = [await spoken(engine, SENTENCE, voice.id) for voice in voices]
    assert len(set(made)) == len(voices)


async def test_voices_of_the_default_characters_differ_in_pitch(engine: SpeechEngine) -> None:
    if engine.name in WITHOUT_PITCH:
        pytest.skip("random weights have no pitch")
    pitches = sorted([pitch_hz(await spoken(engine, SENTENCE, voice)) for voice in ("luna", "rex", "sage")])
    assert pitches[1] / pitches[0] > 1.3  # by more than four semitones
    assert pitches[2] / pitches[1] > 1.3


async def test_engine_with_adjustable_voices_takes_a_speed_and_a_pitch(engine: SpeechEngine) -> None:
    adjustable = {name for voice in engine.voices() for name in voice.adjustable}
    assert adjustable <= {SPEED, PITCH}
    if not adjustable:
        pytest.skip("its voices are not adjustable")
    assert isinstance(engine, TakesRequest)
    normal = await spoken(engine, SENTENCE)
    usual = SpeechRequest(SENTENCE, default_voice(engine), SEED)
    assert b"".join([pcm async for pcm in engine.speak(usual)]) == normal
    changed = replace(usual, speed=1.5, pitch=3.0)
    twice = [b"".join([pcm async for pcm in engine.speak(changed)]) for _ in range(2)]
    assert twice[0] == twice[1] != b""


async def test_unknown_voice_is_replaced_by_the_default_voice(engine: SpeechEngine) -> None:
    assert await spoken(engine, SENTENCE, "unknown") == await spoken(engine, SENTENCE, default_voice(engine))


# -- texts


@pytest.mark.parametrize("text", ["", " ", "\n\t  "])
async def test_blank_text_gives_no_speech(engine: SpeechEngine, text: str) -> None:
    assert await pieces_of(engine, text) == []


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
async def test_unusual_text_does_not_change_later_syntheses(engine: SpeechEngine, text: str) -> None:
    before = await spoken(engine, SENTENCE)
    odd = await spoken(engine, text)
    assert len(odd) % 2 == 0
    assert await spoken(engine, SENTENCE) == before


@pytest.mark.timeout(600)  # a large model on a busy CPU
async def test_very_long_text_is_spoken_completely(engine: SpeechEngine) -> None:
    assert len(LONG) > 10_000
    longest = 0
    total = 0
    async with aclosing(engine.synthesize(LONG, default_voice(engine), SEED)) as pieces:
        async for pcm in pieces:
            longest = max(longest, len(pcm))
            total += len(pcm)
    assert total > 0
    assert longest < 60 * SAMPLE_RATE * 2  # the PCM that is in memory at one time is far less than all of it


# -- concurrent, cancelled and closed syntheses


async def test_concurrent_syntheses_give_the_same_pcm_as_single_syntheses(engine: SpeechEngine) -> None:
    jobs = [(f"Sentence number {n}, of several.", voice.id) for n, voice in enumerate(engine.voices())]
    alone = [await spoken(engine, text, voice) for text, voice in jobs]
    together = await asyncio.gather(*(spoken(engine, text, voice) for text, voice in jobs))
    assert together == alone


async def test_synthesis_that_is_closed_early_does_not_affect_later_ones(engine: SpeechEngine) -> None:
    whole = await spoken(engine, SENTENCE)
    for _ in range(5):
        async with aclosing(engine.synthesize(LONG, default_voice(engine), SEED)) as pieces:
            assert await anext(pieces)
    assert await spoken(engine, SENTENCE) == whole


async def test_engine_can_be_used_after_a_synthesis_was_cancelled(engine: SpeechEngine) -> None:
    whole = await spoken(engine, SENTENCE)
    began = asyncio.Event()

    async def consume_and_hang() -> None:
        async with aclosing(engine.synthesize(LONG, default_voice(engine), SEED)) as pieces:
            async for _ in pieces:
                began.set()
                await asyncio.Event().wait()

    consumer = asyncio.create_task(consume_and_hang())
    await began.wait()
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert await spoken(engine, SENTENCE) == whole


async def test_consumer_that_stops_reading_does_not_block_other_syntheses(engine: SpeechEngine) -> None:
    async with aclosing(engine.synthesize(LONG, default_voice(engine), SEED)) as stalled:
        assert await anext(stalled)
        assert await spoken(engine, SENTENCE)
        assert await anext(stalled)


async def test_closing_a_speech_engine_stops_its_threads(make: Make) -> None:
    before = set(threading.enumerate())
    made = make()
    await made.start()
    await spoken(made, SENTENCE)
    await made.close()
    await made.close()
    assert set(threading.enumerate()) <= before


async def test_speech_engine_can_be_started_again_after_it_was_closed(engine: SpeechEngine) -> None:
    before = await spoken(engine, SENTENCE)
    await engine.close()
    await engine.start()
    assert await spoken(engine, SENTENCE) == before

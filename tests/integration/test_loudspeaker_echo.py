"""The microphone records the characters' voices, because the client plays them over loudspeakers."""

from __future__ import annotations

import itertools
import os
import random
import wave
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tertulia_stt.engines.pocketsphinx.engine import PocketSphinxEngine
from tertulia_tts.engines.espeak.engine import EspeakEngine
from tests.harness.loopback import LOOPBACK_MINUTES, LoopbackTalk, Message
from tests.harness.room import Room, Samples
from tests.harness.sound import FIXTURES
from tests.harness.vocal_sounds import cough, hum, laughter, noise

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MINUTES = float(os.environ.get(LOOPBACK_MINUTES, "0.5"))
"""The number of minutes for which the characters speak in each room."""

LOUDSPEAKER, HEADPHONES = Room(), Room(echo_db=-200)

SENTENCES = """
The old lighthouse stands at the edge of the bay. | Nobody has lived there for years.
I think that trains are nicer. | You can look out of the window all day.
My grandmother told me a story about a fox. | It could not stop laughing at the moon.
You should try the soup with a little bit of lemon. | No, I do not agree with you at all.
But wait, there is more to say. | The moon is far away from the earth. | What do you think about that?
Sorry, I was somewhere else in my thoughts. | Every winter the river freezes over.
The children skate on it until the sun goes down. | Enough about me, let us talk about music.
A good book is worth more than a fast car. | Luna told us about the stars last night.
Rex does not believe a word of it. | The market opens at seven in the morning.
They sell fish, bread and old clocks. | Hold on to your hat when the wind blows.
We walked for hours and saw only one bus stop. | Quiet places are hard to find in the city.
Never mind the rain, it will be over soon.
"""
VOICES = ("luna", "rex", "sage")
STOP_IN_TIME = 16_000 * 300 // 1000


@pytest.fixture
async def recognizer() -> AsyncIterator[PocketSphinxEngine]:
    engine = PocketSphinxEngine(words=("Luna", "Rex", "Sage"))
    await engine.start()
    yield engine
    await engine.close()


@pytest.fixture
async def speech() -> AsyncIterator[EspeakEngine]:
    engine = EspeakEngine()
    await engine.start()
    yield engine
    await engine.close()


def stop() -> tuple[Samples, int]:
    """A "stop" in another voice, and the sample after its last sound."""
    with wave.open(str(FIXTURES / "stop.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(32768)
    return sound, int(np.flatnonzero(np.abs(sound) > 0.01)[-1]) + 1


async def replies(talk: LoopbackTalk, sentences: int, seed: int) -> list[Message]:
    """One reply of each character. `sentences`: the number of sentences of each reply."""
    texts = [text.strip() for text in SENTENCES.replace("\n", "|").split("|") if text.strip()]
    rng = random.Random(seed)
    return [await talk.make(rng.sample(texts, sentences), voice) for voice in VOICES]


async def assert_no_self_interruption(talk: LoopbackTalk, minutes: float) -> None:
    job = await talk.start()
    for seed in itertools.count():
        if talk.position >= minutes * 60 * 16_000:
            break
        await talk.turn(*await replies(talk, 4, seed))
        await talk.silence(1.0)
    await talk.stop(job)
    assert talk.interruptions == []
    assert await talk.turns() == []


@pytest.mark.timeout(300 + 180 * MINUTES)  # the recognizer needs about as long as the sound
@pytest.mark.parametrize(
    "room", [LOUDSPEAKER, Room(echo_db=0, noise_db=-30, delay_ms=420, reverberation_s=0.4, seed=2)]
)
async def test_characters_do_not_interrupt_themselves(
    recognizer: PocketSphinxEngine, speech: EspeakEngine, room: Room
) -> None:
    await assert_no_self_interruption(LoopbackTalk(recognizer, speech, room), MINUTES)


MM_HM = np.concatenate((hum(130, 220), np.zeros(800), hum(160, 320)))
SOUNDS = [cough(), MM_HM, noise(400), hum(140, 700), np.concatenate((cough(7), cough(9)))]


@pytest.mark.parametrize(
    ("room", "sounds"),
    [(LOUDSPEAKER, SOUNDS), (HEADPHONES, [*SOUNDS, laughter(6)])],
    ids=["loudspeaker", "headphones"],
)
async def test_cough_hum_or_laughter_does_not_interrupt(
    recognizer: PocketSphinxEngine, speech: EspeakEngine, room: Room, sounds: Sequence[NDArray[np.float64]]
) -> None:
    said = [(5 + 3.5 * number, sound.astype(np.float32)) for number, sound in enumerate(sounds)]
    talk = LoopbackTalk(recognizer, speech, room)
    job = await talk.start()
    await talk.turn(*await replies(talk, 4, seed=0), user=said)
    await talk.stop(job)
    assert talk.interruptions == []
    assert await talk.turns() == []


@pytest.mark.parametrize(
    ("room", "at_s", "speaking"),
    [(LOUDSPEAKER, 5.0, 1), (LOUDSPEAKER, 9.0, 2), (HEADPHONES, 0.6, 1), (HEADPHONES, 5.0, 1)],
)
async def test_stop_over_a_reply_interrupts_within_300_ms_of_its_end(
    recognizer: PocketSphinxEngine, speech: EspeakEngine, room: Room, at_s: float, speaking: int
) -> None:
    """`speaking`: the number of replies that have begun by then. Each takes 9 s, and what follows is not decoded."""
    talk = LoopbackTalk(recognizer, speech, room)
    job = await talk.start()
    said, length = stop()
    begun = await talk.turn(*(await replies(talk, 4, seed=0))[:speaking], user=[(at_s, said)])
    await talk.stop(job)
    interruption, *_ = talk.interruptions
    first = begun + int(at_s * 16_000)
    assert first < interruption.sample <= first + length + STOP_IN_TIME

"""The engine `pocketsphinx` transcribes the recordings in tests/fixtures."""

from __future__ import annotations

import asyncio
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tertulia_stt.endpointing import EndpointSettings
from tertulia_stt.engine import STTEvent, TranscriptionFinished
from tertulia_stt.engines.pocketsphinx.engine import PocketSphinxRecognizer
from tertulia_stt.engines.pocketsphinx.library import Decoder

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = {"luna": "Luna", "rex": "Rex", "sage": "Sage"}


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(NAMES)
    yield decoder
    decoder.close()


def finals(decoder: Decoder, audio: bytes) -> list[TranscriptionFinished]:
    recognizer = PocketSphinxRecognizer(decoder, EndpointSettings(), first_sample=0, on_close=lambda _: None)
    events: list[STTEvent] = [*recognizer.begin(), *recognizer.accept(audio), *recognizer.finish()]
    recognizer.close()
    return [event for event in events if isinstance(event, TranscriptionFinished)]


def pcm(name: str) -> bytes:
    with wave.open(str(FIXTURES / f"{name}.wav")) as audio:
        return audio.readframes(audio.getnframes())


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("hello_luna", ["Hello Luna tell me a story about the ocean"]),
        ("question_rex", ["Rex what do you think about the weather today"]),
        ("question_sage", ["Sage what is the meaning of life"]),
        ("two_utterances", ["Good morning", "Luna tell me a story"]),
        ("silence_noise", []),
    ],
)
def test_pocketsphinx_transcribes_the_recordings(decoder: Decoder, name: str, texts: list[str]) -> None:
    assert [final.text for final in finals(decoder, pcm(name))] == texts


def test_utterance_includes_its_first_sound_and_ends_soon_after_the_last_word(decoder: Decoder) -> None:
    (final,) = finals(decoder, pcm("hello_luna"))
    # The recording has speech from about 0.5 s to 3.6 s. The pre-roll adds 0.3 s before, and the hangover 0.26 s after
    # it.
    assert 0.1 < final.start_sample / 16_000 < 0.5
    assert 3.5 < final.speech_end / 16_000 < 3.7
    assert 3.7 < final.end_sample / 16_000 < 4.0


def test_name_that_is_a_hint_is_recognized(decoder: Decoder) -> None:
    # the name is not in the dictionary, so its pronunciation is guessed from its parts or letters
    decoder_with_other_names = Decoder({"lunah": "Lunah"})
    try:
        (final,) = finals(decoder_with_other_names, pcm("hello_luna"))
    finally:
        decoder_with_other_names.close()
    assert "Lunah" in final.text


async def test_decoding_releases_the_interpreter_lock(decoder: Decoder) -> None:
    """The event loop can run during a call of the library, so the call does not hold the interpreter's lock (GIL)."""
    audio = pcm("hello_luna")
    decoder.forget_speaker()
    decoder.start()
    inside = threading.Event()

    def process() -> None:
        inside.set()
        decoder.process(audio)
        inside.clear()

    decoding = asyncio.ensure_future(asyncio.to_thread(process))
    turns = 0
    while not decoding.done():
        await asyncio.sleep(0)
        turns += inside.is_set()
    await decoding
    decoder.end()
    assert turns > 100

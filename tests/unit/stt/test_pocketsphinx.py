"""The engine `pocketsphinx` transcribes the recordings in tests/fixtures."""

from __future__ import annotations

import asyncio
import threading
import wave
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tertulia_stt.endpointing import EndpointSettings
from tertulia_stt.engine import (
    BYTES_PER_SAMPLE,
    SAMPLE_RATE,
    SpeechContinues,
    STTEvent,
    TranscriptionDraft,
    TranscriptionFinished,
    TranscriptionUpdate,
)
from tertulia_stt.engines.pocketsphinx.engine import PocketSphinxRecognizer
from tertulia_stt.engines.pocketsphinx.library import Decoder
from tertulia_stt.engines.pocketsphinx.utterance import MOST_DECODED_AGAIN_BYTES

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = {"luna": "Luna", "rex": "Rex", "sage": "Sage"}


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(NAMES)
    yield decoder
    decoder.close()


def recognized(decoder: Decoder, audio: bytes, settings: EndpointSettings | None = None) -> list[STTEvent]:
    recognizer = PocketSphinxRecognizer(
        decoder, settings or EndpointSettings(), first_sample=0, on_close=lambda _: None
    )
    events = [*recognizer.begin(), *recognizer.accept(audio), *recognizer.finish()]
    recognizer.close()
    return events


def finals(decoder: Decoder, audio: bytes) -> list[TranscriptionFinished]:
    return [event for event in recognized(decoder, audio) if isinstance(event, TranscriptionFinished)]


def with_pause(audio: bytes, at_s: float, pause_s: float) -> bytes:
    """The recording with a pause that is inserted at this second."""
    at = round(at_s * SAMPLE_RATE) * BYTES_PER_SAMPLE
    return audio[:at] + bytes(round(pause_s * SAMPLE_RATE) * BYTES_PER_SAMPLE) + audio[at:]


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


def test_text_is_the_same_if_speech_goes_on_after_a_draft(decoder: Decoder) -> None:
    audio = with_pause(pcm("hello_luna"), 1.36, 0.2)
    events = recognized(decoder, audio, EndpointSettings(hangover_ms=320))
    drafts = [event for event in events if isinstance(event, TranscriptionDraft | SpeechContinues)]
    first, continues, last = drafts
    assert isinstance(first, TranscriptionDraft)
    assert first.text == "Hello Luna"
    assert isinstance(continues, SpeechContinues)
    assert isinstance(last, TranscriptionDraft)
    without_drafts = recognized(decoder, audio, EndpointSettings(hangover_ms=320, draft_ms=0))
    (final,), (other,) = (
        [event for event in some if isinstance(event, TranscriptionFinished)] for some in (events, without_drafts)
    )
    assert (final.text, final.start_sample, final.end_sample) == (other.text, other.start_sample, other.end_sample)


@pytest.mark.timeout(300)  # decodes 20 s of sound several times
def test_sound_that_is_decoded_again_after_drafts_is_bounded(decoder: Decoder) -> None:
    """A decoder that made a draft at each short pause of long speech would fall behind."""
    begin, end = (round(at_s * SAMPLE_RATE) * BYTES_PER_SAMPLE for at_s in (0.5, 1.36))
    audio = bytes(16_000) + with_pause(pcm("hello_luna")[begin:end], 0.86, 0.2) * 8
    events = recognized(decoder, audio, EndpointSettings(hangover_ms=480))
    assert len([event for event in events if isinstance(event, TranscriptionFinished)]) == 1
    lengths = [
        (draft.at_sample - draft.start_sample) * BYTES_PER_SAMPLE
        for draft, following in pairwise(event for event in events if not isinstance(event, TranscriptionUpdate))
        if isinstance(draft, TranscriptionDraft) and isinstance(following, SpeechContinues)
    ]
    assert len(lengths) > 1
    assert max(lengths) <= MOST_DECODED_AGAIN_BYTES
    assert sum(lengths[:-1]) <= MOST_DECODED_AGAIN_BYTES, "the last draft may exceed the bound"


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

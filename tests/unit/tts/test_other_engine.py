"""Another engine takes a message over: after a time, at a sentence's start, with a warning."""

from __future__ import annotations

import asyncio
from itertools import count, groupby

import pytest

from tertulia_shared.chosen_work import SpeechPresence
from tertulia_shared.codec import decode_event
from tertulia_shared.entries import AudioChunk
from tertulia_shared.events import Warn
from tertulia_shared.keys import Keys
from tertulia_shared.speech_workers import SpeechWorker
from tertulia_shared.work import ForAnother
from tertulia_tts.settings import TTSSettings
from tertulia_tts.speech_handler import SpeechHandler, seed_of
from tertulia_tts.stand_in import engine_changed
from tests.fakes.scripted_speech import ScriptedSpeech, VaryingSpeech
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, virtual_time
from tests.unit.tts.spoken_message import SENTENCES, SpokenMessage

LEASE_S = 3.0
BEGUN = 2
"""After so many writes, a part of the first sentence is spoken."""


def other_handler(message: SpokenMessage, engine: ScriptedSpeech, *, chooses: bool = False) -> SpeechHandler:
    presence = SpeechPresence(message.bus, lambda: SpeechWorker("", engine.name), claim_after_s=1) if chooses else None
    return SpeechHandler(message.bus, engine, settings_of(TTSSettings, lease_s=LEASE_S), presence=presence)


async def warnings(message: SpokenMessage) -> list[str]:
    entries = await message.bus.read(Keys("test").events(message.conversation_id))
    return [event.code for entry in entries if isinstance(event := decode_event(entry.fields), Warn)]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("kokoro", "espeak", "(kokoro) is busy or away: espeak speaks instead, so a voice may sound different."),
        ("espeak", "espeak", "speech worker is busy or away: another one speaks (espeak)."),
    ],
)
def test_warning_names_both_engines_only_if_they_differ(before: str, after: str, text: str) -> None:
    warning = engine_changed(before, after)
    assert (warning.code, warning.message[-len(text) :]) == ("engine_changed", text)


def parts(audio: list[AudioChunk], sentence: int) -> list[tuple[str, bytes]]:
    """The engine and the sound of each run of chunks of a sentence."""
    own = [chunk for chunk in audio if chunk.sentence_index == sentence and not chunk.is_final]
    assert [chunk.chunk_index for chunk in own] == list(range(len(own)))
    runs = groupby(own, lambda chunk: chunk.engine)
    return [(engine, b"".join(chunk.audio for chunk in run)) for engine, run in runs]


@virtual_time
async def test_other_engine_repeats_at_most_the_sentence_that_was_cut_off_and_leaves_no_word_out() -> None:
    seen = set[int]()
    for writes in count(1):
        message = SpokenMessage()
        await message.post_sentences()
        if not await message.speak_until_write(writes):
            break
        before = [chunk for _, chunk in await message.audio()]
        other = ScriptedSpeech(ms_per_char=17, name="other")
        message.handler = other_handler(message, other)
        await message.speak()
        audio = [chunk for _, chunk in await message.audio()]
        assert audio[-1].is_final
        for index, text in enumerate(SENTENCES):
            seed = seed_of(message.message_id, index)
            whole = {engine.name: engine.pcm(text, seed) for engine in (message.engine, other)}
            *cut_off, (engine, pcm) = parts(audio, index)
            assert pcm == whole[engine], "the last rendition is whole"
            assert len(cut_off) <= (index == before[-1].sentence_index if before else 0)
            for by, part in cut_off:
                assert whole[by].startswith(part)
            seen.add(len(cut_off))
        is_changed = any(chunk.engine == "other" for chunk in audio if not chunk.is_final)
        assert await warnings(message) == (["engine_changed"] if before and is_changed else [])
    assert seen == {0, 1}


@virtual_time
async def test_other_engine_that_is_taken_over_itself_is_continued_at_the_same_sample() -> None:
    for writes in count(1):
        message = SpokenMessage()
        await message.post_sentences()
        assert await message.speak_until_write(BEGUN)
        other = ScriptedSpeech(ms_per_char=17, name="other")
        message.handler = other_handler(message, other)
        is_cut_off = await message.speak_until_write(writes)
        if is_cut_off:
            await message.speak()
        audio = [chunk for _, chunk in await message.audio()]
        for index, text in enumerate(SENTENCES):
            assert parts(audio, index)[-1] == ("other", other.pcm(text, seed_of(message.message_id, index)))
        if not is_cut_off:
            break


@virtual_time
async def test_other_engine_without_equal_sound_begins_the_sentence_again() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    assert await message.speak_until_write(BEGUN)
    other = VaryingSpeech(name="other")
    message.handler = other_handler(message, other)
    await message.speak()
    assert [text for text, _ in other.renditions] == list(SENTENCES)


@virtual_time
async def test_message_is_left_to_the_engine_that_began_it_for_one_lease() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    assert await message.speak_until_write(BEGUN)
    handler = other_handler(message, ScriptedSpeech(name="other"), chooses=True)
    for wait_s in (0.0, LEASE_S - 0.1):
        await asyncio.sleep(wait_s)
        claim = await message.claim_work()
        with pytest.raises(ForAnother):
            await handler.handle(claim)
        await message.bus.nack(claim, "worker")
    await asyncio.sleep(0.2)
    await handler.handle(await message.claim_work())
    audio = [chunk for _, chunk in await message.audio()]
    assert audio[-1].is_final


@virtual_time
async def test_message_that_nobody_began_is_spoken_at_once_by_any_engine() -> None:
    message = SpokenMessage()
    await message.post_sentences()
    began = now()
    await other_handler(message, ScriptedSpeech(name="other", piece_s=0), chooses=True).handle(
        await message.claim_work()
    )
    assert now() - began < LEASE_S
    assert await warnings(message) == []

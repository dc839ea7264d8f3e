"""Speech over a character: it interrupts the reply, or is ignored as echo or backchannel."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tertulia_shared.events import (
    TranscriptionFinished,
)
from tertulia_stt.overlapping_speech import END_SILENCE_SAMPLES
from tests.fakes.recognition_engine import Utterance
from tests.harness.virtual_time import virtual_time
from tests.unit.stt.listening_session import STORY, Ear, over


@virtual_time
async def test_words_over_a_character_interrupt_it_once_before_their_final_text() -> None:
    ear = Ear(over("Stop, tell me another.", [(5_000, "stop"), (12_000, "stop tell"), (20_000, "stop tell me")]))
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(10_000)
    assert await ear.interruptions() == 0, "0.1 s may be a cough"
    await ear.speak(13_000)
    assert await ear.interruptions() == 1
    assert await ear.epoch() == 1
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 1
    assert [turn.text for turn in await ear.turns()] == ["Stop, tell me another."]
    assert await ear.epoch() == 2
    assert ear.results == {"turn": 1, "broke_in": 1}


@virtual_time
async def test_length_of_speech_does_not_include_the_silence_after_it() -> None:
    ear = Ear(
        Utterance(3_000, 3_000 + 3_200 + END_SILENCE_SAMPLES, "Hot.")
    )  # 0.2 s of speech, and the silence after it
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 0
    assert await ear.turns() == []


@virtual_time
async def test_final_text_interrupts_if_no_partial_did() -> None:
    ear = Ear(over("Rex?", []))
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 1
    assert len(await ear.turns()) == 1
    assert ear.results == {"turn": 1, "broke_in": 1}


@pytest.mark.parametrize(
    ("text", "partials"),
    [
        ("Mhm, yeah.", [(20_000, "mhm"), (30_000, "mhm yeah")]),
        ("The edge of the bay.", [(20_000, "the edge"), (30_000, "the edge of the")]),
        ("", [(20_000, "uh")]),
    ],
)
@virtual_time
async def test_backchannel_and_echo_do_not_interrupt(text: str, partials: Sequence[tuple[int, str]]) -> None:
    ear = Ear(over(text, partials))
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 0
    assert await ear.turns() == []
    assert await ear.epoch() == 0
    assert ear.results == {"ignored" if text else "no_words": 1}
    assert [e.turn_id for e in await ear.events() if isinstance(e, TranscriptionFinished)] == [""]


@virtual_time
async def test_echo_of_a_later_sentence_is_ignored() -> None:
    ear = Ear(over("Nobody has lived there for years.", [(20_000, "nobody has"), (30_000, "nobody has lived there")]))
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(10_000)
    await ear.character_speaks("Nobody has lived there for years.")
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 0
    assert await ear.turns() == []


@virtual_time
async def test_echo_of_the_last_words_is_ignored_after_the_reply_ended() -> None:
    ear = Ear(over("At the edge of the bay.", [(20_000, "at the edge")]))
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(30_000)
    await ear.character_falls_silent()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.turns() == []


@virtual_time
async def test_answer_that_begins_before_the_reply_ends_becomes_a_turn() -> None:
    ear = Ear(over("Yes.", [(20_000, "yes")]))
    await ear.character_speaks("Do you like lighthouses?")
    job = await ear.begin()
    await ear.speak(30_000)
    await ear.character_falls_silent()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert [turn.text for turn in await ear.turns()] == ["Yes."]
    assert await ear.interruptions() == 0


@virtual_time
async def test_same_words_in_silence_become_a_turn() -> None:
    ear = Ear(over("At the edge of the bay.", [(20_000, "at the edge")]))
    await ear.character_speaks(STORY)
    await ear.character_falls_silent()
    job = await ear.begin()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert len(await ear.turns()) == 1
    assert await ear.interruptions() == 0
    assert ear.results == {"turn": 1}


@virtual_time
async def test_disabled_barge_in_ignores_speech_over_a_character() -> None:
    ear = Ear(over("Stop it now please.", [(20_000, "stop it now")]), stt_barge_in=False)
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 0
    assert await ear.turns() == []

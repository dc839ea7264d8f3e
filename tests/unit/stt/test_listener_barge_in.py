"""The user speaks while a character speaks: this interrupts the reply, or is ignored as echo or backchannel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tertulia_shared.events import TranscriptionFinished
from tests.fakes.scripted_recognition import HANGOVER, Utterance
from tests.harness.virtual_time import virtual_time
from tests.unit.stt.listening_session import STORY, ListeningSession, speech

END = 41_000
"""A sample after the end of `speech`."""


async def heard_over_a_character(utterance: Utterance) -> ListeningSession:
    """A session in which the user said this while a character spoke."""
    session = ListeningSession(utterance)
    await session.character_speaks(STORY)
    await session.serve_audio(END)
    return session


@virtual_time
async def test_partial_text_interrupts_the_character_once() -> None:
    session = ListeningSession(
        speech("Now tell me another.", (5_000, "now tell"), (12_000, "now tell me"), (20_000, "now tell me"))
    )
    await session.character_speaks(STORY)
    job = await session.start()
    await session.send_audio(10_000)
    assert await session.count_interruptions() == 0, "speech of 0.1 s may be a cough"
    await session.send_audio(13_000)
    assert await session.count_interruptions() == 1
    assert await session.epoch() == 1
    await session.send_audio(END)
    await session.stop()
    await job
    assert await session.count_interruptions() == 1
    assert [turn.text for turn in await session.turns()] == ["Now tell me another."]
    assert await session.epoch() == 2
    assert session.results == {"turn": 1, "broke_in": 1}


@pytest.mark.parametrize(
    "utterance",
    [
        Utterance(3_000, 3_000 + 4_000 + HANGOVER, "Stop."),
        Utterance(3_000, 3_000 + 4_000 + HANGOVER, "Stop.", [(6_000, "stop")]),
        speech("Okay Luna, please be quiet.", (20_000, "okay Luna please be quiet")),
    ],
    ids=["final text of 0.25 s", "partial text", "with politeness and a name"],
)
@virtual_time
async def test_plain_stop_interrupts_the_character_and_is_not_answered(utterance: Utterance) -> None:
    session = await heard_over_a_character(utterance)
    assert await session.count_interruptions() == 1
    assert await session.turns() == []
    assert [e.turn_id for e in await session.events() if isinstance(e, TranscriptionFinished)] == [""]
    assert session.results == {"stop": 1, "broke_in": 1}


@virtual_time
async def test_plain_stop_is_not_answered_even_if_no_character_speaks() -> None:
    session = ListeningSession(speech("Never mind.", (20_000, "never mind")))
    await session.serve_audio(END)
    assert await session.count_interruptions() == 0
    assert await session.turns() == []
    assert session.results == {"stop": 1}


@pytest.mark.parametrize(
    "utterance",
    [
        Utterance(3_000, 3_000 + 4_000 + HANGOVER, "No."),
        Utterance(3_000, 3_000 + 4_000 + HANGOVER, "Luna?"),
        speech("Stop the story and tell me about trains.", (6_000, "stop"), (20_000, "stop the story and")),
    ],
    ids=["no", "name", "stop phrase before a request"],
)
@virtual_time
async def test_short_interruption_that_asks_for_something_becomes_a_turn(utterance: Utterance) -> None:
    session = await heard_over_a_character(utterance)
    assert await session.count_interruptions() == 1
    assert [turn.text for turn in await session.turns()] == [utterance.text]


@virtual_time
async def test_final_text_interrupts_the_character_if_no_partial_text_did() -> None:
    session = await heard_over_a_character(speech("Rex?"))
    assert await session.count_interruptions() == 1
    assert len(await session.turns()) == 1
    assert session.results == {"turn": 1, "broke_in": 1}


@pytest.mark.parametrize(
    ("utterance", "settings"),
    [
        (speech("Mhm, yeah.", (20_000, "mhm"), (30_000, "mhm yeah")), {}),
        (speech("The edge of the bay.", (20_000, "the edge"), (30_000, "the edge of the")), {}),
        (speech("", (20_000, "uh")), {}),
        (Utterance(3_000, 3_000 + 3_200 + HANGOVER, "Hot."), {}),
        (speech("Stop it now please.", (20_000, "stop it now")), {"stt_barge_in": False}),
    ],
    ids=["backchannel", "echo", "no words", "0.2 s of speech before the silence", "barge-in is disabled"],
)
@virtual_time
async def test_backchannel_echo_and_short_sounds_over_a_character_are_ignored(
    utterance: Utterance, settings: Mapping[str, object]
) -> None:
    session = ListeningSession(utterance, **settings)
    await session.character_speaks(STORY)
    await session.serve_audio(END)
    assert await session.count_interruptions() == 0
    assert await session.turns() == []
    assert await session.epoch() == 0
    assert session.results == {"ignored" if utterance.text else "no_words": 1}
    assert [e.turn_id for e in await session.events() if isinstance(e, TranscriptionFinished)] == [""]


@virtual_time
async def test_echo_of_a_sentence_that_began_during_the_utterance_is_ignored() -> None:
    sentence = "Nobody has lived there for years."
    session = ListeningSession(speech(sentence, (20_000, "nobody has"), (30_000, "nobody has lived there")))
    await session.character_speaks(STORY)
    job = await session.start()
    await session.send_audio(10_000)
    await session.character_speaks(sentence)
    await session.send_audio(END)
    await session.stop()
    await job
    assert await session.count_interruptions() == 0
    assert await session.turns() == []


@pytest.mark.parametrize(
    ("sentence", "utterance", "turns"),
    [
        (STORY, speech("At the edge of the bay.", (20_000, "at the edge")), []),
        ("Do you like lighthouses?", speech("Yes.", (20_000, "yes")), ["Yes."]),
    ],
    ids=["echo is ignored", "answer becomes a turn"],
)
@virtual_time
async def test_utterance_that_outlasts_the_reply_becomes_a_turn_unless_it_is_an_echo(
    sentence: str, utterance: Utterance, turns: Sequence[str]
) -> None:
    session = ListeningSession(utterance)
    await session.character_speaks(sentence)
    job = await session.start()
    await session.send_audio(30_000)
    await session.character_falls_silent()
    await session.send_audio(END)
    await session.stop()
    await job
    assert [turn.text for turn in await session.turns()] == turns
    assert await session.count_interruptions() == 0


@virtual_time
async def test_sentence_of_the_character_becomes_a_turn_if_the_user_says_it_after_the_reply() -> None:
    session = ListeningSession(speech("At the edge of the bay.", (20_000, "at the edge")))
    await session.character_speaks(STORY)
    await session.character_falls_silent()
    await session.serve_audio(END)
    assert len(await session.turns()) == 1
    assert await session.count_interruptions() == 0
    assert session.results == {"turn": 1}

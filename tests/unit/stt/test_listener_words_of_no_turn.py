"""Words that become no part of a turn: the user takes them back, or the recognizer wrote them for a noise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.scripted_recognition import Utterance
from tests.harness.virtual_time import virtual_time
from tests.harness.vocal_sounds import RATE, Samples, hum, laughter, noise
from tests.unit.stt.listening_session import ListeningSession
from tests.unit.stt.spoken_pieces import ASKED, QUESTION, drafted, heard, piece


@virtual_time
async def test_text_that_takes_itself_back_becomes_no_turn() -> None:
    session = await heard(ListeningSession(piece("Tell me a story. Stop.", 0.2, 1.6)), 4)
    assert await session.final_turns() == []
    assert session.results == {"stop": 1}


@pytest.mark.parametrize(
    ("text", "sound", "whole"),
    [
        ("Whew.", hum(130, 200), QUESTION),
        ("(sighs)", hum(130, 200), QUESTION),
        ("The game.", noise(200), QUESTION),
        ("Two.", hum(130, 200), QUESTION),
        ("Ta ta ta ta.", laughter(4), QUESTION),
        ("No no no.", laughter(3), f"{QUESTION} No no no."),
        ("You?", hum(130, 200), f"{QUESTION} You?"),
        ("Oh, in Paris I mean.", noise(200), f"{QUESTION} Oh, in Paris I mean."),
    ],
    ids=[
        "hum",
        "described sound",
        "noise",
        "word for a hum",
        "laughter",
        "repeated word",
        "word that sounds like a hum",
        "several words",
    ],
)
@virtual_time
async def test_noise_after_the_end_of_a_turn_adds_no_words_to_it(text: str, sound: Samples, whole: str) -> None:
    after = piece(text, 2.0, 2.0 + len(sound) / RATE)
    session = ListeningSession(ASKED, after, think_ahead="off")
    session.sounds[after.start] = sound
    await heard(session, 5)
    first, second = await session.turns()
    assert (first.turn_id, second.version) == (second.turn_id, 1)
    assert second.text == whole


@virtual_time
async def test_word_that_sounds_like_a_hum_continues_a_sentence_that_may_be_unfinished() -> None:
    session = ListeningSession(piece("Good morning.", 0.2, 1.0), after := piece("Two.", 2.0, 2.2), think_ahead="off")
    session.sounds[after.start] = hum(130, 200)
    await heard(session, 5)
    assert (await session.turns())[-1].text == "Good morning. Two."


@virtual_time
async def test_hum_after_the_end_of_a_turn_is_not_guessed() -> None:
    session = ListeningSession(ASKED, after := drafted(piece("Two.", 2.0, 2.2)))
    session.sounds[after.start] = hum(130, 200)
    await heard(session, 5)
    assert {turn.text for turn in await session.turns()} == {QUESTION}
    assert len(await session.final_turns()) == 1


@pytest.mark.parametrize(
    "pieces",
    [(ASKED, piece("Never mind.", 2.0, 2.8)), (piece("Stop.", 0.2, 1.0),)],
    ids=["after a question", "alone"],
)
@virtual_time
async def test_stop_phrase_is_obeyed_if_its_draft_was_another_text(pieces: tuple[Utterance, ...]) -> None:
    last = replace(pieces[-1], drafts=[(pieces[-1].speech_end, "Never again.")])
    session = await heard(ListeningSession(*pieces[:-1], last), 5)
    assert await session.final_turns() == []
    assert await session.tentative() is None

"""Thinking ahead at drafts: a turn is guessed with a piece that may go on."""

from __future__ import annotations

from tests.harness.virtual_time import virtual_time
from tests.unit.stt.listening_session import ListeningSession
from tests.unit.stt.spoken_pieces import (
    DRAFTED,
    DRAFTED_NOISE,
    DRAFTED_QUESTION,
    QUESTION,
    at,
    drafted,
    heard,
    piece,
    types,
)


@virtual_time
async def test_turn_is_guessed_at_a_draft_and_ends_when_it_would_end_without_a_guess() -> None:
    session = ListeningSession(DRAFTED_QUESTION)
    job = await session.start()
    await session.send_audio(at(1.13))
    (guess,) = await session.turns()
    assert (guess.text, guess.tentative) == (QUESTION, True)
    assert "turn_confirmed" not in types(await session.events())
    await session.send_audio(DRAFTED_QUESTION.end)
    assert "turn_confirmed" in types(await session.events())
    await session.stop()
    await job
    assert await session.turns() == [guess]
    assert session.results == {"turn": 1}
    assert session.second_thoughts == {"kept": 1}


@virtual_time
async def test_turn_guessed_at_a_draft_is_withdrawn_if_the_speech_goes_on() -> None:
    session = ListeningSession(DRAFTED)
    job = await session.start()
    await session.send_audio(at(1.11))
    assert [turn.text for turn in await session.turns()] == ["Hello Luna."]
    await session.send_audio(at(1.3))
    assert await session.tentative() is None
    assert await session.final_turns() == []
    await session.send_audio(at(3))
    await session.stop()
    await job
    assert [(turn.text, turn.version) for turn in await session.final_turns()] == [("Hello Luna, how are you?", 1)]
    assert session.second_thoughts == {"withdrawn": 1, "kept": 1}
    assert types(await session.events()).count("transcription_finished") == 1


@virtual_time
async def test_draft_of_sound_without_words_leaves_no_turn() -> None:
    session = await heard(ListeningSession(DRAFTED_NOISE), 3)
    assert await session.final_turns() == []
    assert await session.tentative() is None
    assert types(await session.events()).count("transcription_finished") == 1


@virtual_time
async def test_typed_message_withdraws_a_turn_guessed_at_a_draft() -> None:
    session = ListeningSession(DRAFTED)
    job = await session.start()
    await session.send_audio(at(1.11))
    await session.type_message("Wait.")
    await session.send_audio(at(3))
    await session.stop()
    await job
    assert [turn.text for turn in await session.final_turns()] == ["Wait.", "Hello Luna, how are you?"]


@virtual_time
async def test_draft_that_is_only_a_stop_phrase_is_not_guessed() -> None:
    session = await heard(ListeningSession(drafted(piece("Stop.", 0.2, 1.0))), 3)
    assert await session.turns() == []
    assert session.results == {"stop": 1}

"""Pieces of speech become turns: the end of a turn, reopening, and thinking ahead, with a scripted recognizer."""

from __future__ import annotations

import itertools

import pytest

from tertulia_shared.entries import UserTurn
from tertulia_shared.events import RecordingStart, TranscriptionFinished, TranscriptionUpdate
from tertulia_shared.ids import spoken_turn_id
from tests.fakes.scripted_recognition import Utterance
from tests.harness.virtual_time import virtual_time
from tests.unit.stt.listening_session import ListeningSession
from tests.unit.stt.spoken_pieces import (
    ASKED,
    GREETED,
    HOW_ARE_YOU,
    MARKET,
    MORE,
    NOISE,
    QUESTION,
    WENT,
    at,
    heard,
    piece,
    types,
)


@virtual_time
async def test_pause_within_a_sentence_does_not_end_the_turn() -> None:
    session = await heard(ListeningSession(WENT, MARKET, think_ahead="off"), 4)
    turn_id = spoken_turn_id(session.session_id, WENT.start)
    whole = "I went to the market and I bought apples."
    assert await session.turns() == [UserTurn(turn_id, session.conversation_id, whole, "spoken")]
    events = await session.events()
    assert [event for event in events if isinstance(event, TranscriptionFinished)] == [
        TranscriptionFinished(session.session_id, whole, turn_id)
    ]
    assert types(events).count("recording_start") == 1
    assert types(events).count("vad_start") == 2
    assert [event.text for event in events if isinstance(event, TranscriptionUpdate)][-2:] == [
        "I went to the market a",
        whole,
    ]


@pytest.mark.parametrize(("text", "bound_s"), [(QUESTION, 0.224), ("Hello Luna.", 0.64), ("I went to the", 2.0)])
@virtual_time
async def test_turn_ends_after_the_silence_that_its_text_needs(text: str, bound_s: float) -> None:
    session = ListeningSession(piece(text, 0.2, 1.0), think_ahead="off")
    job = await session.start()
    await session.send_audio(at(1.0 + bound_s) - 640)
    assert await session.turns() == []
    await session.send_audio(at(1.0 + bound_s) + 640)
    assert [turn.text for turn in await session.turns()] == [text]
    await session.stop()
    await job


@virtual_time
async def test_turn_is_reopened_if_the_user_continues_before_a_reply_is_heard() -> None:
    session = await heard(ListeningSession(ASKED, MORE, think_ahead="off"), 4)
    first, second = await session.turns()
    assert (first.turn_id, first.version) == (second.turn_id, 0)
    assert second.version == 1
    assert second.text == f"{QUESTION} I mean in Paris."
    assert await session.final_turns() == [second]
    events = await session.events()
    assert [kind for kind in types(events) if kind.startswith("turn_")] == [
        "turn_accepted",
        "turn_reopened",
        "turn_accepted",
    ]
    assert types(events).index("turn_reopened") < types(events).index("vad_start", types(events).index("turn_accepted"))
    assert sum(isinstance(event, RecordingStart) for event in events) == 2
    assert session.results == {"turn": 1}
    assert session.second_thoughts == {"reopened": 1}


@virtual_time
async def test_reopened_turn_is_accepted_again_if_no_words_follow() -> None:
    session = await heard(ListeningSession(ASKED, NOISE, think_ahead="off"), 4)
    assert [(turn.text, turn.version) for turn in await session.turns()] == [(QUESTION, 0), (QUESTION, 1)]
    assert len(await session.final_turns()) == 1
    assert session.results == {"turn": 1, "no_words": 1}


@pytest.mark.parametrize(
    ("first", "start_s", "think_ahead", "thoughts"),
    [
        (piece("Hello there.", 0.2, 1.0), 1.4, "off", {}),
        (piece("Hello there.", 0.2, 1.0), 1.4, "on", {"withdrawn": 1}),
        (ASKED, 2.0, "off", {"reopened": 1}),
    ],
    ids=["turn that has not ended", "tentative turn", "turn that has ended and was not heard"],
)
@virtual_time
async def test_never_mind_cancels_the_turn(
    first: Utterance, start_s: float, think_ahead: str, thoughts: dict[str, float]
) -> None:
    session = ListeningSession(first, piece("Never mind.", start_s, start_s + 0.4), think_ahead=think_ahead)
    await heard(session, 5)
    assert await session.final_turns() == []
    assert not await session.tentative()
    assert session.results["stop"] == 1
    assert session.second_thoughts == thoughts
    finished = [event for event in await session.events() if isinstance(event, TranscriptionFinished)]
    assert (finished[-1].text, finished[-1].turn_id) == ("Never mind.", "")


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("I told her to", "Stop.", "I told her to stop."),
        ("Hello there.", "Wait.", "Hello there. Wait."),
        ("Hello there.", "And then stop.", "Hello there. And then stop."),
    ],
    ids=["unfinished sentence", "request to wait", "more than a stop phrase"],
)
@virtual_time
async def test_stop_phrase_that_does_not_cancel_the_turn_is_a_part_of_it(first: str, second: str, whole: str) -> None:
    session = ListeningSession(piece(first, 0.2, 1.0), piece(second, 1.4, 1.8), think_ahead="off")
    await heard(session, 5)
    assert [turn.text for turn in await session.final_turns()] == [whole]


@virtual_time
async def test_speech_after_a_reply_was_heard_is_a_turn_of_its_own() -> None:
    session = ListeningSession(ASKED, MORE, think_ahead="off")
    job = await session.start()
    await session.send_audio(at(1.8))
    await session.reply_sounds()
    await session.send_audio(at(4))
    await session.stop()
    await job
    first, second = await session.final_turns()
    assert (first.text, second.text) == (QUESTION, "I mean in Paris.")
    assert first.turn_id != second.turn_id
    assert session.results == {"turn": 2, "broke_in": 1}


@virtual_time
async def test_speech_after_a_typed_message_is_a_turn_of_its_own() -> None:
    session = ListeningSession(ASKED, MORE, think_ahead="off")
    job = await session.start()
    await session.send_audio(at(1.8))
    await session.type_message()
    await session.send_audio(at(4))
    await session.stop()
    await job
    assert [turn.text for turn in await session.final_turns()] == [QUESTION, "Hello.", "I mean in Paris."]


@virtual_time
async def test_guess_is_written_at_a_pause_and_confirmed_after_the_silence() -> None:
    session = ListeningSession(GREETED)
    job = await session.start()
    await session.send_audio(at(1.4))
    (guess,) = await session.turns()
    assert (guess.text, guess.tentative) == ("Hello Luna.", True)
    assert await session.tentative() == guess.ref.encode()
    assert "transcription_finished" not in types(await session.events())
    await session.send_audio(at(2))
    assert types(await session.events())[-3:] == ["recording_stop", "transcription_finished", "turn_confirmed"]
    await session.stop()
    await job
    assert await session.turns() == [guess]
    assert await session.tentative() is None
    assert session.results == {"turn": 1}
    assert session.second_thoughts == {"kept": 1}


@virtual_time
async def test_guessed_turn_is_withdrawn_if_the_user_continues() -> None:
    session = await heard(ListeningSession(GREETED, HOW_ARE_YOU), 3)
    (turn,) = await session.final_turns()
    assert (turn.text, turn.version) == ("Hello Luna. How are you?", 1)
    assert session.second_thoughts == {"withdrawn": 1}, "a finished text needs no guess"
    assert types(await session.events()).count("transcription_finished") == 1


@virtual_time
async def test_turn_whose_guess_was_withdrawn_by_a_typed_message_is_accepted_in_its_next_version() -> None:
    session = ListeningSession(GREETED)
    job = await session.start()
    await session.send_audio(at(1.4))
    await session.type_message("Wait.")
    await session.send_audio(at(2))
    await session.stop()
    await job
    assert [(turn.text, turn.version) for turn in await session.final_turns()] == [("Wait.", 0), ("Hello Luna.", 1)]
    assert session.second_thoughts == {"withdrawn": 1}


@virtual_time
async def test_no_guess_is_written_while_a_reply_is_being_made() -> None:
    session = ListeningSession(GREETED)
    job = await session.start()
    await session.send_audio(at(0.5))
    await session.type_message()
    await session.send_audio(at(1.4))
    assert await session.tentative() is None
    assert [turn.text for turn in await session.turns()] == ["Hello."]
    await session.send_audio(at(2))
    await session.stop()
    await job
    assert [turn.text for turn in await session.final_turns()] == ["Hello.", "Hello Luna."]
    assert session.second_thoughts == {}


@virtual_time
async def test_no_turn_is_guessed_if_thinking_ahead_is_off() -> None:
    session = ListeningSession(GREETED, think_ahead="off")
    job = await session.start()
    await session.send_audio(at(1.4))
    assert await session.turns() == []
    await session.send_audio(at(2))
    await session.stop()
    await job
    assert [turn.tentative for turn in await session.turns()] == [False]


@pytest.mark.parametrize("spoken", [WENT, GREETED], ids=["growing turn", "tentative turn"])
@virtual_time
async def test_turn_ends_if_the_microphone_sends_nothing_more(spoken: Utterance) -> None:
    session = ListeningSession(spoken)
    job = await session.start()
    await session.send_audio(spoken.end + 320)
    assert "transcription_finished" not in types(await session.events())
    await session.wait(3)
    assert types(await session.events()).count("transcription_finished") == 1
    assert not job.done()
    await session.stop()
    await job
    assert len(await session.final_turns()) == 1


@virtual_time
async def test_microphone_that_pauses_in_the_middle_of_a_word_does_not_end_the_turn() -> None:
    session = ListeningSession(WENT, MARKET)
    job = await session.start()
    await session.send_audio(at(2.5))
    await session.wait(10)
    assert await session.turns() == []
    await session.send_audio(at(4))
    await session.stop()
    await job
    assert [turn.text for turn in await session.turns()] == ["I went to the market and I bought apples."]


@virtual_time
async def test_end_of_the_session_ends_the_turn_at_once_without_a_guess() -> None:
    session = await heard(ListeningSession(GREETED), 0.9)
    assert [(turn.text, turn.tentative) for turn in await session.turns()] == [("Hello Luna.", False)]


@virtual_time
async def test_two_minutes_of_speech_without_a_pause_become_one_turn() -> None:
    """The recognizer cuts two minutes of speech into pieces, and the checkpoint moves with each piece."""
    bounds = [at(0.2), *(at(24.0 * number) for number in range(1, 6))]
    pieces = [
        Utterance(start, end, f"Part {number} of it.", is_cut=True)
        for number, (start, end) in enumerate(itertools.pairwise(bounds), 1)
    ]
    session = ListeningSession(*pieces, think_ahead="off")
    job = await session.start()
    await session.send_audio(at(125))
    await session.stop()
    await job
    (turn,) = await session.turns()
    assert turn.text == "Part 1 of it part 2 of it part 3 of it part 4 of it part 5 of it."

"""The decisions of `TurnTaking`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_stt.turn import Phase, Piece
from tertulia_stt.turn_taking import MAX_GUESSES, MAX_TURN_CHARS, Act
from tests.unit.stt.turn_decisions import AN_UNCLEAR_TEXT, FINISHED, OPEN, act, guessed, ms, say, taking


@pytest.mark.parametrize(("text", "bound_ms"), [(FINISHED, 320), (AN_UNCLEAR_TEXT, 640), (OPEN, 2000)])
def test_turn_ends_after_the_silence_that_its_text_needs(text: str, bound_ms: int) -> None:
    turns = taking()
    say(turns, text, 1000)
    assert turns.due(ms(1000 + bound_ms) - 1) is None
    assert act(turns, turns.due(ms(1000 + bound_ms))) is Act.ACCEPT
    assert turns.turn.phase is Phase.ENDED
    assert turns.due(ms(60_000)) is None


def test_speech_before_the_end_of_the_silence_continues_the_turn() -> None:
    turns = taking()
    say(turns, OPEN, 1000)
    say(turns, "Market and I bought apples.", 3000)
    step = turns.due(ms(3320))
    assert act(turns, step) is Act.ACCEPT
    assert step is not None
    assert step.turn.text == "I went to the market and I bought apples."
    assert (step.turn.start_sample, step.turn.version) == (ms(800), 0)


def test_turn_does_not_end_while_the_user_speaks() -> None:
    turns = taking()
    say(turns, FINISHED, 1000)
    turns.speech_began(ms(1300))
    assert turns.due(ms(60_000)) is None
    turns.noise_finished()
    assert act(turns, turns.due(ms(1700))) is Act.ACCEPT, "noise does not lengthen the silence"


def test_ended_turn_is_reopened_if_the_user_continues_within_the_time_for_it() -> None:
    turns = taking()
    say(turns, FINISHED, 1000)
    assert act(turns, turns.due(ms(1320))) is Act.ACCEPT
    assert act(turns, turns.speech_began(ms(3320))) is Act.REOPEN
    turns.piece_finished(Piece("And the sea?", ms(3300), ms(4000)))
    step = turns.due(ms(4700))
    assert act(turns, step) is Act.ACCEPT
    assert step is not None
    assert (step.turn.version, step.turn.text) == (1, f"{FINISHED} And the sea?")
    assert step.turn.start_sample == ms(800), "the turn keeps its id"


def test_turn_reopened_by_noise_is_accepted_again_with_the_same_text() -> None:
    turns = taking()
    say(turns, FINISHED, 1000)
    act(turns, turns.due(ms(1320)))
    act(turns, turns.speech_began(ms(2000)))
    turns.noise_finished()
    step = turns.due(ms(2300))
    assert act(turns, step) is Act.ACCEPT
    assert step is not None
    assert (step.turn.version, step.turn.text) == (1, FINISHED)


def test_noise_does_not_prolong_the_time_in_which_a_turn_is_reopened() -> None:
    turns = taking(reopen_ms=2000)
    say(turns, FINISHED, 1000)
    act(turns, turns.due(ms(1320)))
    for began_ms in (2000, 3000):
        assert act(turns, turns.speech_began(ms(began_ms))) is Act.REOPEN
        turns.noise_finished()
        assert act(turns, turns.due(ms(began_ms + 300))) is Act.ACCEPT
    assert turns.speech_began(ms(3500)) is None, "the reply is not withdrawn again"


def test_words_after_a_reopening_restart_the_time_for_reopening() -> None:
    turns = taking(reopen_ms=2000)
    say(turns, FINISHED, 1000)
    act(turns, turns.due(ms(1320)))
    assert act(turns, turns.speech_began(ms(2800))) is Act.REOPEN
    turns.piece_finished(Piece("And where do you live?", ms(2700), ms(3700)))
    assert act(turns, turns.due(ms(4020))) is Act.ACCEPT
    assert act(turns, turns.speech_began(ms(5900))) is Act.REOPEN


def test_speech_becomes_a_new_turn_if_redis_refuses_to_reopen_the_last_turn() -> None:
    turns = taking()
    say(turns, FINISHED, 1000)
    act(turns, turns.due(ms(1320)))
    assert act(turns, turns.speech_began(ms(2000)), is_applied=False) is Act.REOPEN
    turns.piece_finished(Piece("Stop.", ms(1900), ms(2400)))
    assert (turns.turn.text, turns.turn.version, turns.turn.start_sample) == ("Stop.", 0, ms(1900))


@pytest.mark.parametrize(("reopen_ms", "began_ms"), [(2000, 3400), (0, 1400)])
def test_turn_is_not_reopened_after_the_time_for_reopening(reopen_ms: int, began_ms: int) -> None:
    turns = taking(reopen_ms=reopen_ms)
    say(turns, FINISHED, 1000)
    act(turns, turns.due(ms(1320)))
    assert turns.speech_began(ms(began_ms)) is None
    assert turns.turn.phase is Phase.NONE


def test_guessed_turn_is_confirmed_after_the_silence_that_its_text_needs() -> None:
    turns = guessed()
    assert turns.due(ms(1300)) is None
    assert act(turns, turns.due(ms(1640))) is Act.CONFIRM


def test_guessed_turn_is_withdrawn_if_the_user_continues() -> None:
    turns = guessed()
    assert act(turns, turns.speech_began(ms(1400))) is Act.REOPEN
    turns.piece_finished(Piece("How are you?", ms(1400), ms(2000)))
    step = turns.due(ms(2256))
    assert act(turns, step) is Act.GUESS
    assert step is not None
    assert (step.applied.version, step.applied.text) == (1, "Hello Luna. How are you?")


def test_turn_with_an_unfinished_or_cut_text_is_not_guessed() -> None:
    turns = taking(think_ahead=True)
    say(turns, OPEN, 1000)
    assert turns.due(ms(1256)) is None
    say(turns, "Market.", 2000, is_cut=True)
    assert turns.due(ms(2000)) is None


def test_number_of_guesses_of_a_turn_is_bounded() -> None:
    turns = taking(think_ahead=True)
    guesses = 0
    for number in range(1, 9):
        act(turns, turns.speech_began(ms(1000 * number)))
        turns.piece_finished(Piece("Hello Luna.", ms(1000 * number), ms(1000 * number + 300)))
        guesses += act(turns, turns.due(ms(1000 * number + 556))) is Act.GUESS
    assert guesses == MAX_GUESSES


def test_guess_that_redis_refuses_is_not_repeated_for_the_same_text() -> None:
    turns = guessed(is_applied=False)
    assert turns.due(ms(1300)) is None
    assert act(turns, turns.due(ms(1640))) is Act.ACCEPT


def test_guessed_turn_that_redis_refuses_to_confirm_is_accepted_in_its_next_version() -> None:
    turns = guessed()
    assert act(turns, turns.due(ms(1640)), is_applied=False) is Act.CONFIRM
    step = turns.due(ms(1700))
    assert act(turns, step) is Act.ACCEPT
    assert step is not None
    assert step.turn.version == 1


def test_turn_ends_before_a_piece_that_would_make_its_text_too_long() -> None:
    turns = taking()
    say(turns, "a" * (MAX_TURN_CHARS - 10) + ",", 1000)
    assert not turns.is_too_long_with(Piece("ends.", ms(1100), ms(1300)))
    piece = Piece("Words after that.", ms(1100), ms(1300))
    assert turns.is_too_long_with(piece)
    assert act(turns, turns.end(ms(1300))) is Act.ACCEPT
    turns.piece_finished(piece)
    assert turns.turn.text == "Words after that."


def test_partial_text_continues_the_text_of_the_turn() -> None:
    turns = taking()
    assert turns.with_partial("I went") == "I went"
    say(turns, OPEN, 1000)
    assert turns.with_partial("Market and") == "I went to the market and"


@given(st.data())
def test_turn_taking_that_continues_a_stored_turn_makes_the_same_decisions(data: st.DataObject) -> None:
    """Another worker continues with the stored turn after any sequence of events."""
    turns, at = taking(think_ahead=True), 0
    for _ in range(data.draw(st.integers(1, 12))):
        at += data.draw(st.integers(1, 40)) * 512
        match data.draw(st.sampled_from(["speech", "draft", "noise", "silence", "end"])):
            case "speech":
                act(turns, turns.speech_began(at), is_applied=data.draw(st.booleans()))
                piece = Piece(data.draw(st.sampled_from([FINISHED, OPEN, AN_UNCLEAR_TEXT])), at, at + 512)
                turns.piece_finished(piece)
            case "draft":
                act(turns, turns.speech_began(at), is_applied=data.draw(st.booleans()))
                piece = Piece(data.draw(st.sampled_from([FINISHED, OPEN, AN_UNCLEAR_TEXT])), at, at + 512)
                act(turns, turns.piece_drafted(piece), is_applied=data.draw(st.booleans()))
                if data.draw(st.booleans()):
                    act(turns, turns.draft_dropped(), is_applied=data.draw(st.booleans()))
            case "noise":
                act(turns, turns.speech_began(at), is_applied=data.draw(st.booleans()))
                turns.noise_finished()
            case "silence":
                act(turns, turns.due(at), is_applied=data.draw(st.booleans()))
            case _:
                act(turns, turns.end(at), is_applied=data.draw(st.booleans()))
    successor = taking(think_ahead=True, turn=turns.turn)
    assert successor.turn == turns.turn
    late = at + ms(5000)
    step, expected = successor.end(late), turns.end(late)
    assert step == expected
    assert successor.speech_began(late) == turns.speech_began(late)


def test_piece_without_a_reported_beginning_continues_a_guessed_turn_in_its_next_version() -> None:
    turns = guessed()
    turns.piece_finished(Piece("How are you?", ms(1400), ms(2000)))
    step = turns.due(ms(4000))
    assert act(turns, step) is Act.ACCEPT
    assert step is not None
    assert (step.turn.version, step.turn.text) == (1, "Hello Luna. How are you?")

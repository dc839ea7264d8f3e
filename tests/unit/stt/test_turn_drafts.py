"""The decisions of `TurnTaking` about drafts: the recognizer has made the text of a piece that may go on."""

from __future__ import annotations

import pytest

from tertulia_stt.turn import NO_TURN, Phase, Piece
from tertulia_stt.turn_taking import MAX_GUESSES, Act, TurnTaking
from tests.unit.stt.turn_decisions import AN_UNCLEAR_TEXT, FINISHED, OPEN, act, ms, say, taking


def drafted(text: str = AN_UNCLEAR_TEXT, turns: TurnTaking | None = None) -> TurnTaking:
    """Turn-taking after a guess with a draft of a piece, from 0.8 s to 1 s."""
    turns = turns or taking(think_ahead=True)
    turns.speech_began(ms(900))
    assert act(turns, turns.piece_drafted(Piece(text, ms(800), ms(1000)))) is Act.GUESS
    return turns


def test_turn_is_guessed_at_a_draft_and_confirmed_after_the_silence() -> None:
    turns = drafted()
    assert turns.turn.phase is Phase.TENTATIVE
    assert turns.due(ms(60_000)) is None, "the piece is not finished"
    turns.piece_finished(Piece(AN_UNCLEAR_TEXT, ms(800), ms(1000)))
    assert turns.due(ms(1639)) is None
    step = turns.due(ms(1640))
    assert act(turns, step) is Act.CONFIRM
    assert step is not None
    assert (step.applied.text, step.applied.version, step.applied.is_drafted) == (AN_UNCLEAR_TEXT, 0, False)


def test_turn_guessed_at_a_draft_is_withdrawn_if_the_speech_goes_on() -> None:
    turns = drafted()
    assert act(turns, turns.draft_dropped()) is Act.REOPEN
    assert turns.draft_dropped() is None
    assert not turns.is_open, "the turn has no words"
    turns.piece_finished(Piece("Hello Luna, how are you?", ms(800), ms(2000)))
    step = turns.due(ms(2320))
    assert act(turns, step) is Act.ACCEPT
    assert step is not None
    assert (step.turn.text, step.turn.version, step.turn.start_sample) == ("Hello Luna, how are you?", 1, ms(800))


def test_words_before_a_dropped_draft_stay_in_the_turn() -> None:
    turns = taking(think_ahead=True)
    say(turns, OPEN, 500)
    drafted("Market.", turns)
    assert turns.turn.text == "I went to the market."
    act(turns, turns.draft_dropped())
    assert (turns.turn.text, turns.turn.end_sample) == (OPEN, ms(500))
    turns.noise_finished()
    assert act(turns, turns.due(ms(2500))) is Act.ACCEPT


def test_turn_whose_only_piece_was_a_dropped_draft_is_forgotten_if_the_piece_is_noise() -> None:
    turns = drafted()
    act(turns, turns.draft_dropped())
    turns.noise_finished()
    assert turns.turn == NO_TURN
    assert turns.end(ms(9000)) is None


def test_piece_that_differs_from_its_draft_is_not_confirmed() -> None:
    turns = drafted("Hello Lune.")
    piece = Piece("Hello Luna.", ms(800), ms(1000))
    assert not turns.is_draft_of(piece)
    act(turns, turns.draft_dropped())
    turns.piece_finished(piece)
    assert (turns.turn.text, turns.turn.version, turns.turn.phase) == ("Hello Luna.", 1, Phase.GROWING)


@pytest.mark.parametrize("text", [OPEN, "I want to"])
def test_draft_of_an_unfinished_text_is_not_guessed(text: str) -> None:
    turns = taking(think_ahead=True)
    turns.speech_began(ms(900))
    assert turns.piece_drafted(Piece(text, ms(800), ms(1000))) is None


def test_draft_is_not_guessed_if_thinking_ahead_is_off() -> None:
    turns = taking()
    turns.speech_began(ms(900))
    assert turns.piece_drafted(Piece(FINISHED, ms(800), ms(1000))) is None
    turns.piece_finished(Piece(FINISHED, ms(800), ms(1000)))
    assert act(turns, turns.due(ms(1320))) is Act.ACCEPT


def test_guess_at_a_draft_that_redis_refuses_changes_nothing() -> None:
    turns = taking(think_ahead=True)
    turns.speech_began(ms(900))
    piece = Piece(AN_UNCLEAR_TEXT, ms(800), ms(1000))
    assert act(turns, turns.piece_drafted(piece), is_applied=False) is Act.GUESS
    assert turns.turn == NO_TURN
    assert turns.draft_dropped() is None
    turns.piece_finished(piece)
    assert act(turns, turns.due(ms(1256))) is Act.GUESS


def test_number_of_guesses_at_drafts_is_bounded() -> None:
    turns = taking(think_ahead=True)
    turns.speech_began(ms(900))
    guesses = 0
    for end_ms in range(1000, 9000, 1000):
        guesses += act(turns, turns.piece_drafted(Piece("Hello Luna.", ms(800), ms(end_ms)))) is Act.GUESS
        act(turns, turns.draft_dropped())
    assert guesses == MAX_GUESSES


def test_successor_withdraws_the_draft_when_it_hears_the_piece_again() -> None:
    turns = taking(think_ahead=True, turn=drafted().turn)
    assert act(turns, turns.speech_began(ms(900))) is Act.REOPEN
    turns.piece_finished(Piece(AN_UNCLEAR_TEXT, ms(800), ms(1000)))
    assert turns.turn.text == AN_UNCLEAR_TEXT, "its words are not doubled"

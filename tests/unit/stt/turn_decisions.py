"""A `TurnTaking` that a test drives step by step."""

from __future__ import annotations

from tertulia_stt.engine import SAMPLE_RATE, Writing
from tertulia_stt.turn import Piece, Turn
from tertulia_stt.turn_end import SilenceBounds
from tertulia_stt.turn_taking import Act, Step, TurnRules, TurnTaking

BOUNDS = SilenceBounds(finished_ms=320, unclear_ms=640, open_ms=2000)
WRITING = Writing(is_punctuated=True, language="en", names=("Luna", "Rex"))
FINISHED, OPEN = "What do you think about the weather?", "I went to the"
AN_UNCLEAR_TEXT = "Hello Luna."


def ms(duration: int) -> int:
    return duration * SAMPLE_RATE // 1000


def taking(*, think_ahead: bool = False, reopen_ms: int = 2000, turn: Turn | None = None) -> TurnTaking:
    rules = TurnRules(BOUNDS, reopen_ms, think_ahead, WRITING)
    return TurnTaking(rules) if turn is None else TurnTaking(rules, turn)


def say(turns: TurnTaking, text: str, end_ms: int, *, is_cut: bool = False) -> None:
    turns.speech_began(ms(end_ms - 200))
    turns.piece_finished(Piece(text, ms(end_ms - 200), ms(end_ms), is_cut))


def act(turns: TurnTaking, step: Step | None, *, is_applied: bool = True) -> Act | None:
    """Record that a step was written or refused. Returns its act."""
    if step is None:
        return None
    turns.settle(step, is_applied=is_applied)
    return step.act


def guessed(*, is_applied: bool = True) -> TurnTaking:
    """Turn-taking after a guess at an unclear text. `is_applied`: whether Redis accepted the guess."""
    turns = taking(think_ahead=True)
    say(turns, AN_UNCLEAR_TEXT, 1000)
    assert act(turns, turns.due(ms(1256)), is_applied=is_applied) is Act.GUESS
    return turns

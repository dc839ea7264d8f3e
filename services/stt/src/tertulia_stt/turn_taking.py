"""Decides when the pieces of speech become a turn, and when a turn is reopened. Pure: no I/O, no clock.

A *piece* is speech between two pauses, with its final text. A *turn* is made of one or more pieces. It ends after a
silence whose length depends on its text. Before that, at a pause that may be the end, the turn is *guessed*: accepted
tentatively, so that the reply is made ahead. If the user goes on after a guess, or soon after the end, the turn is
*reopened*: what was accepted is withdrawn, and the next version has the whole text.

    NONE ── piece ──► GROWING ── guess ──► TENTATIVE
                        ▲ │                  │  │
                        │ └─ silence ─► ENDED ◄─┘ silence
                        └──── speech ─────┴──── speech (from both)

Time is counted in samples of the input, so a worker that takes the session over decides the same.

Each decision is a `Step`. The caller carries it out, and stores the turn as it is afterwards in the same transaction.
Then it calls `settle`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from typing import Final

from tertulia_stt.engine import SAMPLE_RATE, Writing
from tertulia_stt.joining import join_pieces
from tertulia_stt.turn_end import Completeness, SilenceBounds, completeness, silence_bound_ms

MAX_TURN_CHARS: Final = 8_000
"""Maximum length of a turn's text, the same as for typed text."""
MAX_GUESSES: Final = 3
"""A turn is guessed at most this often, because each wrong guess costs a request to the model."""

MID_SPEECH_MS: Final = 160
"""If a connection is lost with less silence than this after the last piece, the user was speaking: pauses between words
are shorter.
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """Speech between two pauses. Its speech ended at `end_sample`; `is_cut`: it was cut off because of its length."""

    text: str
    start_sample: int
    end_sample: int
    is_cut: bool = False


class Phase(StrEnum):
    """The state of a turn: which of its writes have been made."""

    NONE = "none"
    """There is no turn: no piece was spoken since the last turn."""
    GROWING = "growing"
    """Nothing of this version was written."""
    TENTATIVE = "tentative"
    """This version was accepted tentatively."""
    ENDED = "ended"
    """This version was accepted or confirmed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn that is spoken, or the last one that was spoken. It is stored with the checkpoint."""

    phase: Phase = Phase.NONE
    text: str = ""
    start_sample: int = 0
    """The first sample of the first piece."""
    end_sample: int = 0
    """The sample at which the speech of the last piece ended."""
    is_cut: bool = False
    """Whether the last piece was cut off because of its length."""
    version: int = 0
    guesses: int = 0
    ended_at: int = 0
    """The sample at which the turn ended with this text; 0 if it has not ended."""
    was_ended: bool = False
    """Whether the turn had ended before and was reopened."""
    session_id: str = ""
    """The session in which the turn began; "" for the session that is served. Then `start_sample` is of that session,
    but all other samples are of the session that is served.
    """

    def grown(self, piece: Piece, writing: Writing) -> Turn:
        """The turn with another piece; a new turn if this one has ended."""
        is_new = self.phase in (Phase.NONE, Phase.ENDED)
        before = Turn(start_sample=piece.start_sample) if is_new else self
        if before.phase is Phase.TENTATIVE:  # the recognizer has not reported the beginning of this piece
            before = before.reopened()
        text = join_pieces(before.text, piece.text, writing, is_cut=before.is_cut)
        return replace(
            before, phase=Phase.GROWING, text=text, end_sample=piece.end_sample, is_cut=piece.is_cut, ended_at=0
        )

    @property
    def is_broken_off(self) -> bool:
        """True if the connection was lost while the user spoke, and no piece has come since."""
        return self.is_cut and self.session_id != ""

    def carried_over(self, session_id: str, position: int) -> Turn:
        """The turn for another session, whose sound follows the sample `position` of this session."""
        is_mid_speech = self.phase is Phase.GROWING and position - self.end_sample < _samples(MID_SPEECH_MS)
        return replace(
            self,
            session_id=self.session_id or session_id,
            end_sample=0,
            is_cut=self.is_cut or is_mid_speech,
            ended_at=min(-1, self.ended_at - position) if self.ended_at else 0,
        )

    def reopened(self) -> Turn:
        """The turn in its next version."""
        was_ended = self.was_ended or self.phase is Phase.ENDED
        return replace(self, phase=Phase.GROWING, version=self.version + 1, was_ended=was_ended)


NO_TURN: Final = Turn()


class Act(Enum):
    """The kind of a step."""

    GUESS = "accept the turn tentatively"
    ACCEPT = "accept the turn"
    CONFIRM = "confirm the tentative turn"
    REOPEN = "withdraw the version of the turn"


@dataclass(frozen=True, slots=True)
class Step:
    """A change that the caller must write. `turn` is the turn before the step. After it, the turn is `applied`, or
    `refused` if Redis refuses the write.
    """

    act: Act
    turn: Turn
    applied: Turn
    refused: Turn


@dataclass(frozen=True, slots=True)
class TurnRules:
    """The settings of turn-taking. `writing`: how the recognizer writes texts."""

    bounds: SilenceBounds
    reopen_ms: int
    think_ahead: bool
    writing: Writing


class TurnTaking:
    """Decides about the turns of one session. `turn`: the turn at the checkpoint from which the session continues."""

    def __init__(self, rules: TurnRules, turn: Turn = NO_TURN) -> None:
        self._rules = rules
        self._turn = turn
        self._is_speaking = False
        self._may_guess = False
        self._opinion: float | None = None
        self._bound: int | None = None

    @property
    def turn(self) -> Turn:
        """The turn that is spoken, or the last one that was spoken."""
        return self._turn

    @property
    def is_open(self) -> bool:
        """True if the turn has words and has not ended."""
        return self._turn.phase in (Phase.GROWING, Phase.TENTATIVE)

    def carried_over(self, session_id: str, position: int) -> Turn:
        """The turn that another session may continue (see `Turn.carried_over`); an empty turn if there is none."""
        turn = self._turn
        is_recent = position - turn.ended_at <= _samples(self._rules.reopen_ms)
        if self.is_open or (turn.phase is Phase.ENDED and is_recent):
            return turn.carried_over(session_id, position)
        return NO_TURN

    @property
    def is_speaking(self) -> bool:
        """True while the user speaks."""
        return self._is_speaking

    def with_partial(self, text: str) -> str:
        """The text of the turn so far, with a partial text of the piece being spoken."""
        if not self.is_open:
            return text
        return join_pieces(self._turn.text, text, self._rules.writing, is_cut=self._turn.is_cut)

    def speech_began(self, at_sample: int) -> Step | None:
        """Note that the user begins to speak. Returns the step that reopens the turn; None if it is not reopened."""
        self._is_speaking = True
        turn = self._turn
        match turn.phase:
            case Phase.TENTATIVE:
                # a tentative turn that cannot be reopened was withdrawn by something else, such as a typed turn
                return Step(Act.REOPEN, turn, turn.reopened(), turn.reopened())
            case Phase.ENDED if at_sample - turn.ended_at <= _samples(self._rules.reopen_ms):
                return Step(Act.REOPEN, turn, turn.reopened(), NO_TURN)
            case Phase.ENDED:
                self._turn = NO_TURN
            case _:
                pass
        return None

    def is_too_long_with(self, piece: Piece) -> bool:
        """True if the turn must end before this piece, because its text would be too long."""
        return self.is_open and len(self._turn.text) + 1 + len(piece.text) > MAX_TURN_CHARS

    def is_unclear_with(self, piece: Piece) -> bool:
        """True if a second opinion can change how long the silence after this piece must be."""
        return self._completeness(self._turn.grown(piece, self._rules.writing).text) is Completeness.UNCLEAR

    def piece_finished(self, piece: Piece, opinion: float | None = None) -> None:
        """Add a piece that has words to the turn. `opinion`: see `second_opinion` of `silence_bound_ms`."""
        self._is_speaking = False
        self._opinion = opinion
        self._turn = self._turn.grown(piece, self._rules.writing)
        self._may_guess = True
        self._bound = None

    @property
    def may_be_complete(self) -> bool:
        """True if the turn is open, and its text is not unfinished. Then a "never mind" cancels it, and a hum does not
        belong to it.
        """
        is_growing = self._turn.phase is Phase.GROWING  # the recognizer may not report that speech began
        return is_growing and self._completeness(self._turn.text) is not Completeness.OPEN

    @property
    def is_finished(self) -> bool:
        """True if the turn is open, and its text is a finished sentence or question."""
        is_growing = self._turn.phase is Phase.GROWING
        return is_growing and self._completeness(self._turn.text) is Completeness.FINISHED

    def take_back(self) -> None:
        """Drop the turn, because the user has cancelled it. Earlier versions of it are withdrawn already."""
        self._is_speaking = False
        self._turn = NO_TURN

    def noise_finished(self) -> None:
        """Note that a piece has no words or is ignored."""
        self._is_speaking = False

    def due(self, at_sample: int) -> Step | None:
        """The step that is due at this sample; None while the user speaks or if no step is due."""
        if not self.is_open or self._is_speaking:
            return None
        silence = at_sample - self._turn.end_sample
        if silence >= self._silence_bound():
            return self.end(at_sample)
        return self._guess()

    def end(self, at_sample: int) -> Step | None:
        """The step that ends the turn now, even if the silence is still too short; None if no turn is open."""
        if not self.is_open:
            return None
        turn = self._turn
        # noise does not prolong the time for reopening: otherwise, repeated noise would withdraw every reply
        ended = replace(turn, phase=Phase.ENDED, ended_at=turn.ended_at or at_sample)
        if turn.phase is Phase.TENTATIVE:
            return Step(Act.CONFIRM, turn, ended, turn.reopened())
        return Step(Act.ACCEPT, turn, ended, turn)

    def settle(self, step: Step, *, is_applied: bool) -> None:
        """Record the result of a step."""
        self._turn = step.applied if is_applied else step.refused

    def _guess(self) -> Step | None:
        turn = self._turn
        is_possible = self._rules.think_ahead and self._may_guess and turn.phase is Phase.GROWING
        if not is_possible or turn.is_cut or turn.guesses >= MAX_GUESSES:
            return None
        self._may_guess = False  # guess once for each text, even if Redis refuses the guess
        if self._completeness(turn.text) is Completeness.OPEN:
            return None
        guessed = replace(turn, guesses=turn.guesses + 1)
        return Step(Act.GUESS, turn, replace(guessed, phase=Phase.TENTATIVE), guessed)

    def _completeness(self, text: str) -> Completeness:
        writing = self._rules.writing
        return completeness(text, punctuated=writing.is_punctuated, names=writing.names, language=writing.language)

    def _silence_bound(self) -> int:
        if self._turn.is_broken_off:
            return _samples(self._rules.bounds.open_ms)
        if self._bound is None:
            writing = self._rules.writing
            bound_ms = silence_bound_ms(
                self._turn.text,
                self._rules.bounds,
                punctuated=writing.is_punctuated,
                names=writing.names,
                language=writing.language,
                second_opinion=self._opinion,
            )
            self._bound = _samples(bound_ms)
        return self._bound


def _samples(ms: int) -> int:
    return ms * SAMPLE_RATE // 1000

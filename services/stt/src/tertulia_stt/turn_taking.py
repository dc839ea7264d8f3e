"""Decides when the pieces of speech become a turn, and when a turn is reopened. Pure: no I/O, no clock.

A *piece* is speech between two pauses, with its final text. A *turn* is made of one or more pieces. It ends after a
silence whose length depends on its text. Before that, at a pause that may be the end, the turn is *guessed*: accepted
tentatively, so that the reply is made ahead. The recognizer's draft of the last piece is enough for a guess. If the
user goes on after a guess, or soon after the end, the turn is *reopened*: what was accepted is withdrawn, and the next
version has the whole text.

    NONE ── piece ──► GROWING ── guess ──► TENTATIVE
                        ▲ │                  │  │
                        │ └─ silence ─► ENDED ◄─┘ silence
                        └──── speech ─────┴──── speech (from both)

Time is counted in samples of the input, so a worker that takes the session over decides the same.

Each decision is a `Step`. The caller carries it out, and stores the turn as it is afterwards in the same transaction.
Then it calls `settle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from tertulia_stt.engine import Writing
from tertulia_stt.joining import join_pieces
from tertulia_stt.turn import NO_TURN, Phase, Piece, Turn, samples
from tertulia_stt.turn_end import Completeness, SilenceBounds, completeness, silence_bound_ms

MAX_TURN_CHARS: Final = 8_000
"""Maximum length of a turn's text, the same as for typed text."""
MAX_GUESSES: Final = 3
"""A turn is guessed at most this often, because each wrong guess costs a request to the model."""


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

    def expect(self, names: Sequence[str]) -> None:
        """Set the names and other words that the user may say, in their correct spelling."""
        self._rules = replace(self._rules, writing=replace(self._rules.writing, names=names))
        self._bound = None

    @property
    def turn(self) -> Turn:
        """The turn that is spoken, or the last one that was spoken."""
        return self._turn

    @property
    def is_open(self) -> bool:
        """True if the turn has words and has not ended."""
        return self._turn.phase in (Phase.GROWING, Phase.TENTATIVE) and self._turn.text != ""

    def carried_over(self, session_id: str, position: int) -> Turn:
        """The turn that another session may continue (see `Turn.carried_over`); an empty turn if there is none."""
        turn = self._turn
        is_recent = position - turn.ended_at <= samples(self._rules.reopen_ms)
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
            case Phase.ENDED if at_sample - turn.ended_at <= samples(self._rules.reopen_ms):
                return Step(Act.REOPEN, turn, turn.reopened(), NO_TURN)
            case Phase.ENDED:
                self._turn = NO_TURN
            case _:
                pass
        return None

    def is_too_long_with(self, piece: Piece) -> bool:
        """True if the turn must end before this piece, because its text would be too long."""
        return self.is_open and len(self._turn.without_draft().text) + 1 + len(piece.text) > MAX_TURN_CHARS

    def is_unclear_with(self, piece: Piece) -> bool:
        """True if a second opinion can change how long the silence after this piece must be."""
        return self._completeness(self._turn.grown(piece, self._rules.writing).text) is Completeness.UNCLEAR

    def piece_drafted(self, piece: Piece) -> Step | None:
        """The step that guesses the turn with a piece which the recognizer has not finished; None if it must not be
        guessed.
        """
        turn = self._turn
        if turn.phase is Phase.TENTATIVE or self.is_too_long_with(piece) or not self._may_guess_with(turn.guesses):
            return None
        drafted = turn.drafted(piece, self._rules.writing)
        if self._completeness(drafted.text) is Completeness.OPEN:
            return None
        applied = replace(drafted, phase=Phase.TENTATIVE, guesses=drafted.guesses + 1)
        return Step(Act.GUESS, turn, applied, turn)

    def draft_dropped(self) -> Step | None:
        """The step that withdraws a turn with a draft; None if there is no such turn."""
        turn = self._turn
        return Step(Act.REOPEN, turn, turn.reopened(), turn.reopened()) if turn.is_drafted else None

    def is_draft_of(self, piece: Piece) -> bool:
        """True if the turn has a draft with the same text as this finished piece."""
        turn = self._turn
        return turn.is_drafted and turn.reopened().grown(piece, self._rules.writing).text == turn.text

    def piece_finished(self, piece: Piece, opinion: float | None = None) -> None:
        """Add a piece that has words to the turn. `opinion`: see `second_opinion` of `silence_bound_ms`."""
        self._is_speaking = False
        self._opinion = opinion
        self._bound = None
        if self.is_draft_of(piece):
            self._turn = replace(self._turn.with_draft_finished(), end_sample=piece.end_sample, is_cut=piece.is_cut)
            self._may_guess = False
            return
        self._turn = self._turn.grown(piece, self._rules.writing)
        self._may_guess = True

    @property
    def turn_before_draft(self) -> Turn:
        """The turn without its draft, to which a piece that is finished now may be added."""
        return self._turn.reopened() if self._turn.is_drafted else self._turn

    @property
    def may_be_complete(self) -> bool:
        """True if the turn is open, and its text without a draft is not unfinished. Then a "never mind" cancels it, and
        a hum does not belong to it.
        """
        return self._completeness_before_draft() not in (None, Completeness.OPEN)

    @property
    def is_finished(self) -> bool:
        """True if the turn is open, and its text without a draft is a finished sentence or question."""
        return self._completeness_before_draft() is Completeness.FINISHED

    def _completeness_before_draft(self) -> Completeness | None:
        turn = self.turn_before_draft
        is_growing = turn.phase is Phase.GROWING  # the recognizer may not report that speech began
        return self._completeness(turn.text) if is_growing and turn.text else None

    def take_back(self) -> None:
        """Drop the turn, because the user has cancelled it. Earlier versions of it are withdrawn already."""
        self._is_speaking = False
        self._turn = NO_TURN

    def noise_finished(self) -> None:
        """Note that a piece has no words or is ignored."""
        self._is_speaking = False
        if self._turn.phase is Phase.GROWING and not self.is_open:  # its draft had words
            self._turn = NO_TURN

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
        turn = self._turn.with_draft_finished()  # no more sound of this piece comes
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
        is_possible = self._may_guess and turn.phase is Phase.GROWING and not turn.is_cut
        if not is_possible or not self._may_guess_with(turn.guesses):
            return None
        self._may_guess = False  # guess once for each text, even if Redis refuses the guess
        if self._completeness(turn.text) is Completeness.OPEN:
            return None
        guessed = replace(turn, guesses=turn.guesses + 1)
        return Step(Act.GUESS, turn, replace(guessed, phase=Phase.TENTATIVE), guessed)

    def _may_guess_with(self, guesses: int) -> bool:
        """True if a turn that was guessed this often may be guessed again."""
        return self._rules.think_ahead and guesses < MAX_GUESSES

    def _completeness(self, text: str) -> Completeness:
        writing = self._rules.writing
        return completeness(text, punctuated=writing.is_punctuated, names=writing.names, language=writing.language)

    def _silence_bound(self) -> int:
        if self._turn.is_broken_off:
            return samples(self._rules.bounds.open_ms)
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
            self._bound = samples(bound_ms)
        return self._bound

"""A turn that is being spoken, and its pieces. Pure; `turn_taking` decides when a turn ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from tertulia_stt.engine import SAMPLE_RATE, Writing
from tertulia_stt.joining import join_pieces

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
class FinishedPieces:
    """The text of the finished pieces of a turn. `end_sample` and `is_cut` are those of the last piece."""

    text: str = ""
    end_sample: int = 0
    is_cut: bool = False


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
    is_drafted: bool = False
    """Whether the last piece is a draft: the recognizer has not finished this piece."""
    finished: FinishedPieces = field(default_factory=FinishedPieces)
    """The pieces before the draft. Empty if the last piece is not a draft."""

    def grown(self, piece: Piece, writing: Writing) -> Turn:
        """The turn with another piece; a new turn if this one has ended."""
        is_new = self.phase in (Phase.NONE, Phase.ENDED)
        before = Turn(start_sample=piece.start_sample) if is_new else self
        if before.phase is Phase.TENTATIVE:  # with a draft, or the recognizer has not reported that this piece began
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
        is_mid_speech = self.phase is Phase.GROWING and position - self.end_sample < samples(MID_SPEECH_MS)
        return replace(
            self.with_draft_finished(),
            session_id=self.session_id or session_id,
            end_sample=0,
            is_cut=self.is_cut or is_mid_speech,
            ended_at=min(-1, self.ended_at - position) if self.ended_at else 0,
        )

    def drafted(self, piece: Piece, writing: Writing) -> Turn:
        """The turn with a piece that the recognizer has not finished."""
        is_new = self.phase in (Phase.NONE, Phase.ENDED)
        finished = FinishedPieces() if is_new else FinishedPieces(self.text, self.end_sample, self.is_cut)
        return replace(self.grown(piece, writing), is_drafted=True, finished=finished)

    def without_draft(self) -> Turn:
        """The turn without the piece that the recognizer has not finished."""
        if not self.is_drafted:
            return self
        text, end_sample, is_cut = self.finished.text, self.finished.end_sample, self.finished.is_cut
        return replace(
            self, text=text, end_sample=end_sample, is_cut=is_cut, is_drafted=False, finished=FinishedPieces()
        )

    def with_draft_finished(self) -> Turn:
        """The turn whose last piece is no longer a draft, with the same text."""
        return replace(self, is_drafted=False, finished=FinishedPieces())

    def reopened(self) -> Turn:
        """The turn in its next version, without a draft."""
        was_ended = self.was_ended or self.phase is Phase.ENDED
        return replace(self.without_draft(), phase=Phase.GROWING, version=self.version + 1, was_ended=was_ended)


NO_TURN: Final = Turn()


def samples(ms: int) -> int:
    """The number of samples in a duration."""
    return ms * SAMPLE_RATE // 1000

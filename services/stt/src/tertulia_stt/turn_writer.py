"""Writes the turns of one listening session: carries out the steps that `turn_taking` decides.

One transaction writes a step, its events for the client and the checkpoint. So a worker that takes the session over
continues the same turn, no matter when its predecessor was killed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from tertulia_shared.bus import Append, Applied, Bus, Fence, Put, Write
from tertulia_shared.codec import BadEntry, decode, envelope
from tertulia_shared.conversation_writes import accept_turn, confirm_turn, reopen_turn
from tertulia_shared.entries import TURN_CHANGE_VERSION, UserTurn, Work
from tertulia_shared.events import (
    RecordingStop,
    TranscriptionFinished,
    TranscriptionStabilized,
    TranscriptionUpdate,
)
from tertulia_shared.ids import spoken_turn_id
from tertulia_stt.checkpoint import Checkpoint
from tertulia_stt.metrics import ListenerMetrics
from tertulia_stt.turn import Phase, Piece, Turn
from tertulia_stt.turn_taking import MAX_TURN_CHARS, Act, Step, TurnRules, TurnTaking

UNKNOWN_EPOCH = -1

log = logging.getLogger(__name__)


def user_turn(work: Work, turn: Turn) -> UserTurn:
    """The turn as an entry of `turns`."""
    return UserTurn(
        spoken_turn_id(turn.session_id or work.session_id, turn.start_sample),
        work.conversation_id,
        turn.text[:MAX_TURN_CHARS],
        "spoken",
        turn.version,
        tentative=turn.phase is Phase.TENTATIVE,
    )


def closing_events(bus: Bus, work: Work, text: str, turn_id: str = "") -> list[Write]:
    """The events for the client at the end of a turn, or of sound that becomes no turn."""
    events = bus.keys.events(work.conversation_id)
    return [
        Append(events, RecordingStop(work.session_id)),
        Append(events, TranscriptionFinished(work.session_id, text, turn_id)),
    ]


class TurnWriter:
    """Writes the turns of one session. `start`: the checkpoint from which the session continues."""

    def __init__(
        self, bus: Bus, work: Work, fence: Fence, *, rules: TurnRules, metrics: ListenerMetrics, start: Checkpoint
    ) -> None:  # fmt: skip
        self._bus = bus
        self._work = work
        self._fence = fence
        self._metrics = metrics
        self._thinks_ahead = rules.think_ahead
        self._turns = TurnTaking(rules, start.turn)
        self._checkpoint = start
        self._epoch = UNKNOWN_EPOCH
        self._is_recording = self._turns.is_open
        self.is_input_over = False
        """True if the microphone has sent its last chunk. Then no turn is guessed any more."""

    @property
    def waits(self) -> bool:
        """True if a turn is open and the user is silent, so that the turn may end."""
        return self._turns.is_open and not self._turns.is_speaking

    @property
    def thinks_ahead(self) -> bool:
        """True if turns are guessed."""
        return self._thinks_ahead and not self.is_input_over

    @property
    def is_open(self) -> bool:
        """True if the turn has words without its draft, and has not ended."""
        turn = self._turns.turn_before_draft
        return turn.phase in (Phase.GROWING, Phase.TENTATIVE) and turn.text != ""

    @property
    def may_be_complete(self) -> bool:
        """True if the turn is open, and its text is not unfinished."""
        return self._turns.may_be_complete

    @property
    def is_finished(self) -> bool:
        """True if the turn is open, and its text is a finished sentence or question."""
        return self._turns.is_finished

    def expect(self, names: Sequence[str]) -> None:
        """See `TurnTaking.expect`."""
        self._turns.expect(names)

    def with_partial(self, text: str) -> str:
        """The text of the turn so far, with a partial text of the piece being spoken."""
        return self._turns.with_partial(text)

    def recording_starts(self) -> bool:
        """Note that the recording of a piece starts. Returns True if the piece begins or reopens a turn."""
        was_recording, self._is_recording = self._is_recording, True
        return not was_recording

    async def speech_began(self, at_sample: int) -> None:
        """Reopen the turn if the user continues it with the speech that begins."""
        if (step := self._turns.speech_began(at_sample)) is not None:
            await self._write(step)

    def sound_to_judge(self, piece: Piece) -> int | None:
        """The first sample of the sound that a second opinion must judge after this piece; None if no opinion is
        needed.
        """
        if not self._turns.is_unclear_with(piece):
            return None
        turn = self._turns.turn
        is_here = self._turns.is_open and not turn.session_id  # the sound of another session is not there
        return turn.start_sample if is_here else piece.start_sample

    async def piece_drafted(self, piece: Piece) -> None:
        """Guess the turn with a piece that the recognizer has not finished."""
        if (step := self._turns.piece_drafted(piece)) is not None:
            await self._write(step)

    async def draft_dropped(self) -> None:
        """Withdraw the guess with the last draft, if there is one."""
        if (step := self._turns.draft_dropped()) is not None:
            await self._write(step)

    async def piece_finished(
        self, piece: Piece, at_sample: int, checkpoint: Checkpoint, opinion: float | None = None
    ) -> None:
        """Add a piece with words to the turn."""
        if not self._turns.is_draft_of(piece):
            await self.draft_dropped()
        if self._turns.is_too_long_with(piece):
            await self.end(at_sample)
        self._checkpoint = checkpoint
        self._turns.piece_finished(piece, opinion)
        await self._proceed(at_sample, before=self._text_so_far())

    async def noise_finished(self, text: str, at_sample: int, checkpoint: Checkpoint) -> None:
        """Note sound that has no words or is ignored. `text`: its text."""
        await self.draft_dropped()
        self._checkpoint = checkpoint
        self._turns.noise_finished()
        if self._turns.is_open:
            await self._proceed(at_sample)
        else:
            self._is_recording = False
            await self._store(closing_events(self._bus, self._work, text))

    async def take_back(self, text: str, at_sample: int, checkpoint: Checkpoint) -> None:
        """Drop the turn, because the user has cancelled it. `text`: the words that cancelled it."""
        await self.draft_dropped()
        self._turns.take_back()
        await self.noise_finished(text, at_sample, checkpoint)

    async def silence(self, at_sample: int) -> None:
        """Note silence up to this sample, and write the step that is due."""
        if (step := self._turns.due(at_sample)) is not None:
            await self._write(step)

    async def end(self, at_sample: int) -> None:
        """End the turn, because no more sound comes."""
        while (step := self._turns.end(at_sample)) is not None:
            await self._write(step)

    def carried_over(self, at_sample: int) -> Checkpoint:
        """The checkpoint with the turn that the conversation's next session may continue."""
        return replace(self._checkpoint, turn=self._turns.carried_over(self._work.session_id, at_sample))

    async def _proceed(self, at_sample: int, before: Sequence[Write] = ()) -> None:
        """Write the step that is due after a piece. If no step is due, write only the checkpoint."""
        step = self._turns.due(at_sample)
        if step is None or (self.is_input_over and step.act is Act.GUESS):
            await self._store(before)
        else:
            await self._write(step, before)

    async def _write(self, step: Step, before: Sequence[Write] = ()) -> None:
        applied = await self._carry_out(step, [*before, self._stored(step.applied)])
        self._turns.settle(step, is_applied=applied.new)
        if not applied.new:
            await self._store(before)
        elif step.act in (Act.GUESS, Act.ACCEPT):
            self._epoch = applied.epoch
        if step.act in (Act.ACCEPT, Act.CONFIRM) and applied.new:
            self._is_recording = False
            self._metrics.accepted(user_turn(self._work, step.applied).turn_id, step.applied)
        self._metrics.turn_step(step, is_applied=applied.new)

    async def _carry_out(self, step: Step, before: Sequence[Write]) -> Applied:
        turn, fence = user_turn(self._work, step.turn), self._fence
        closing = closing_events(self._bus, self._work, turn.text, turn.turn_id)
        match step.act:
            case Act.GUESS:
                turn = user_turn(self._work, step.applied)
                return await accept_turn(self._bus, turn, before=before, fence=fence, once=False)
            case Act.ACCEPT:
                return await accept_turn(self._bus, turn, before=[*before, *closing], fence=fence, once=False)
            case Act.CONFIRM:
                epoch = await self._epoch_of(turn)
                return await confirm_turn(self._bus, turn, epoch, before=[*before, *closing], fence=fence)
            case Act.REOPEN:
                return await reopen_turn(self._bus, turn, await self._epoch_of(turn), before=before, fence=fence)

    async def _epoch_of(self, turn: UserTurn) -> int:
        """The epoch of the accepted turn. After a takeover it is read from the turn's entry."""
        if self._epoch == UNKNOWN_EPOCH:
            self._epoch = await epoch_of(self._bus, turn)
        return self._epoch

    async def _store(self, events: Sequence[Write] = ()) -> None:
        """Write the checkpoint, with the current turn."""
        await self._bus.transact(
            self._work.conversation_id, [*events, self._stored(self._turns.turn)], fence=self._fence
        )

    def _text_so_far(self) -> list[Write]:
        """The events that tell the client the text of the finished pieces."""
        events, text = self._bus.keys.events(self._work.conversation_id), self._turns.with_partial("")
        return [
            Append(events, TranscriptionUpdate(self._work.session_id, text)),
            Append(events, TranscriptionStabilized(self._work.session_id, text)),
        ]

    def _stored(self, turn: Turn) -> Put:
        key = self._bus.keys.mic_progress(self._work.conversation_id, self._work.session_id)
        return Put(key, replace(self._checkpoint, turn=turn).fields())


async def epoch_of(bus: Bus, turn: UserTurn) -> int:
    """The epoch of an accepted turn; `UNKNOWN_EPOCH` if another turn came after it."""
    entry = await bus.last(bus.keys.turns(turn.conversation_id))
    try:
        if entry is not None and decode(UserTurn, entry.fields, newest=TURN_CHANGE_VERSION).ref == turn.ref:
            return envelope(entry.fields).epoch
    except BadEntry:
        log.warning("the last turn of the conversation cannot be read", extra={"conversation_id": turn.conversation_id})
    return UNKNOWN_EPOCH

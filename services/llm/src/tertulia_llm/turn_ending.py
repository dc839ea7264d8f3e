"""Ends turns that are not fully answered: the user interrupted, the model failed, or the work was given up."""

from __future__ import annotations

import logging

from tertulia_llm.history.changes import applied_cut
from tertulia_llm.history.withdrawal import TurnWithdrawal
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.plan import positions_of
from tertulia_llm.reply import Reply
from tertulia_llm.shown_text import unfinished_sentence
from tertulia_llm.spoken_commands import begins_with
from tertulia_llm.turn import Turn
from tertulia_llm.turn_replies import TurnReplies
from tertulia_llm.turn_rows import NO_USAGE, TurnRows
from tertulia_llm.turn_state import TurnState, read_state
from tertulia_shared.bus import Bus, BusUnavailable, NotOwner, Outlet, WritesPaused
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import Speaker
from tertulia_shared.events import Error, Event, MessageComplete

log = logging.getLogger(__name__)


class TurnEnding:
    """Ends turns: tells the client, and saves their rows."""

    def __init__(self, bus: Bus, rows: TurnRows, replies: TurnReplies, withdrawal: TurnWithdrawal) -> None:
        self._bus = bus
        self._withdrawal = withdrawal
        self._rows = rows
        self._replies = replies

    async def interrupted(self, turn: Turn) -> None:
        """End a turn that the user interrupted. The reply in progress is completed with the text that is in Redis.

        If the turn was withdrawn, retract it instead.
        """
        keys = self._bus.keys
        state = read_state(await self._bus.hash(keys.state(turn.conversation_id)))
        if turn.is_withdrawn or turn.user_turn.ref in state.withdrawn:
            await self._retract(turn, state)
            return
        turn.timer.set_result("interrupted")
        turn.is_tentative = False  # it was confirmed before the interruption
        self._rows.add_user_row(turn)
        progress = state.progress_of(turn.user_turn.ref)
        turn.is_ended = state.ended == turn.user_turn.ref
        # do not save a reply without text: the client has not seen it
        turn.unsaved = {id: row for id, row in turn.unsaved.items() if row.status != "streaming"}
        completions: list[Event] = []
        # do not change `started` and `complete`: another attempt must find the same replies unfinished
        for number, speaker in enumerate(turn.plan.speakers):
            message_id = turn.plan.message_id(number)
            ending = progress.ending_of(number)
            is_in_progress = number == progress.complete and progress.started > number
            if ending is None and not is_in_progress:
                turn.forget(message_id)  # Redis has refused what this worker wrote of the reply
                if turn.replaces_by(number):
                    self._rows.drop_version(turn, number)
                continue
            if ending is None:
                completions.append(await self._cut_off(turn, number, speaker))
            else:
                written = await self._replies.written(turn, message_id)
                known = turn.history.messages.get(message_id)  # with the usage, if this worker has completed the reply
                self._rows.add_reply_row(turn, number, written.text, ending, known.usage if known else NO_USAGE)
        is_edit = turn.user_turn.change == "edit" and bool(turn.plan.removed)
        if is_edit or progress.started:
            applied_cut(turn.history, turn.plan)
        # check only the owner: the turn's epoch is no longer the current one
        outlet = self._bus.outlet(turn.owned.fence())
        if not turn.is_ended:
            if not state.has_plan_of(turn.user_turn.ref):
                completions = [*begins_with(turn), *completions]  # else the client was told when the turn began
            for event in completions:
                outlet.append(keys.events(turn.conversation_id), event)
            turn.complete(keys, outlet)
        await outlet.flush()
        await self._rows.save(turn, outlet)
        await outlet.flush()  # saving may have queued a warning

    async def _cut_off(self, turn: Turn, number: int, speaker: Speaker) -> MessageComplete:
        """End a reply in progress: queue its row, and return the event. `number`: of the reply in the plan, from 0."""
        message_id = turn.plan.message_id(number)
        written = await self._replies.written(turn, message_id)
        # no sound was made of the unfinished sentence, but the client was shown it
        unheard = await unfinished_sentence(
            self._bus, turn.conversation_id, turn.plan.entry_id, message_id, written.text
        )
        self._rows.add_reply_row(turn, number, written.text, "interrupted", unheard=unheard)
        return MessageComplete(message_id, speaker.id, written.text, "interrupted", sentence_ends=written.sentence_ends)

    async def _retract(self, turn: Turn, state: TurnState) -> None:
        turn.timer.set_result("withdrawn")
        turn.unsaved.clear()
        if state.has_plan_of(turn.user_turn.ref):
            await self._withdrawal.retract(
                turn.owned, turn.conversation_id, turn.plan, turn.history, is_saved=turn.is_saved
            )
        else:  # Redis has nothing of this version, and neither has the store
            turn.history.remove(turn.plan.turn_id, positions_of(turn.plan.entry_id))

    def model_failed(self, turn: Turn, reply: Reply, outlet: Outlet, failure: ModelFailed) -> None:
        """Queue the end of a turn after the model failed to write a reply."""
        turn.timer.set_result("failed")
        keys = self._bus.keys
        events = keys.events(turn.conversation_id)
        is_shown = reply.announced or turn.progress.started > reply.number
        reply.end_speech()
        message_id = reply.message_id if is_shown else ""
        outlet.append(events, Error(failure.code, str(failure), turn.user_turn.turn_id, message_id))
        if is_shown:
            reply.complete("failed")
        state = keys.state(turn.conversation_id)
        outlet.put(state, {StateField.COMPLETE: len(turn.plan.speakers), StateField.FAILED: reply.number})
        turn.complete(keys, outlet)
        if turn.replaces_by(reply.number) and not is_shown:
            self._rows.drop_version(turn, reply.number)
        else:
            self._rows.add_reply_row(turn, reply.number, reply.written.text, "failed", reply.usage)

    async def given_up(self, turn: Turn, outlet: Outlet, error: Error) -> None:
        """Give up a turn: save its rows, then queue the end of the reply in progress and the end of the turn.

        Everything that the caller queues before its next `await` goes out in the same write.
        """
        turn.timer.set_result("failed")
        turn.is_tentative = False  # if it is withdrawn later, its rows are deleted
        self._rows.add_user_row(turn)
        in_progress: Reply | None = None
        for number in range(len(turn.plan.speakers)):
            reply = await self._replies.open(turn, number, outlet)
            if turn.is_resumed and number == turn.progress.complete:
                in_progress = reply
                if turn.replaces_by(number) and turn.progress.started <= number:
                    self._rows.drop_version(turn, number)
                else:
                    self._rows.add_reply_row(turn, number, reply.written.text, "failed")
        try:
            await self._rows.save(turn, outlet)
            await outlet.flush()
        except (BusUnavailable, WritesPaused, NotOwner):
            raise
        except Exception:  # end the turn even if its rows cannot be saved
            log.exception("a turn that was given up cannot be saved", extra={"turn_id": turn.user_turn.turn_id})
        if turn.is_ended:
            return
        if in_progress is not None:
            in_progress.end_speech()
            if turn.progress.started > in_progress.number:
                in_progress.complete("failed")
        outlet.append(self._bus.keys.events(turn.conversation_id), error)
        turn.complete(self._bus.keys, outlet)

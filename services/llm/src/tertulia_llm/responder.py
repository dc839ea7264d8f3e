"""Writes the replies of one turn, one after the other. Each character sees the replies before its own.

The row of a reply is inserted while the model is already writing. The client gets the reply's message id only after the
row is inserted. While the store is unavailable, the rows go to the outbox (`tertulia_shared.outbox`), and the turn
continues.
"""

from __future__ import annotations

import asyncio
import logging

from tertulia_llm.generation import ReplyGenerator
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.reply import Reply
from tertulia_llm.turn import Turn
from tertulia_llm.turn_ending import TurnEnding
from tertulia_llm.turn_replies import TurnReplies
from tertulia_llm.turn_rows import TurnRows
from tertulia_shared.bus import Bus, Outlet
from tertulia_shared.entries import Work
from tertulia_shared.events import Error
from tertulia_shared.store import Message

log = logging.getLogger(__name__)


class Responder:
    """Writes the replies of turns."""

    def __init__(
        self, bus: Bus, rows: TurnRows, replies: TurnReplies, generator: ReplyGenerator, ending: TurnEnding
    ) -> None:
        self._bus = bus
        self._rows = rows
        self._replies = replies
        self._generator = generator
        self._ending = ending

    async def respond(self, turn: Turn, outlet: Outlet) -> None:
        """Write all replies that are missing. Returns when everything is saved in Redis, and in the store or its
        outbox.

        Raises:
            Stale: the user interrupted.
        """
        self._rows.add_user_row(turn)
        keys = self._bus.keys
        speakers = turn.plan.speakers
        async with asyncio.TaskGroup() as background:
            for number in range(len(speakers)):
                reply = await self._replies.open(turn, number, outlet)
                if number >= turn.progress.complete and not await self._reply(turn, reply, outlet, background):
                    break
                if number == len(speakers) - 1 and turn.progress.complete < len(speakers):
                    turn.complete(keys, outlet)
            if not speakers and not turn.is_ended:
                if not turn.plan.others:
                    text = "No character is active: activate one, and say it again."
                    error = Error("no_characters", text, turn.user_turn.turn_id)
                    outlet.append(keys.events(turn.conversation_id), error)
                turn.complete(keys, outlet)
            await outlet.flush()
        await self._rows.save(turn, outlet)

    async def _reply(self, turn: Turn, reply: Reply, outlet: Outlet, background: asyncio.TaskGroup) -> bool:
        """Write one reply. Returns False if the model failed; the turn then has no further replies."""
        conversation_id, number = turn.conversation_id, reply.number
        work = Work(conversation_id, message_id=reply.message_id)
        background.create_task(self._bus.post("tts", work, epoch=turn.plan.epoch))
        self._rows.add_reply_row(turn, number, reply.written.text, "streaming")
        row_saved = background.create_task(self._rows.save(turn, outlet))
        try:
            if reply.written.is_final:  # the previous worker wrote the final entry, but not `message_complete`
                await row_saved
            else:
                await self._generator.generate(turn, reply, row_saved)
        except ModelFailed as failure:
            details = {"turn_id": turn.user_turn.turn_id, "code": failure.code}
            log.warning("the model failed: %s", failure.code, extra=details)
            await row_saved
            self._ending.model_failed(turn, reply, outlet, failure)
            return False
        if reply.written.sentences:
            turn.timer.sentence()
        reply.complete()
        # Add the reply to the history now, for the next character. The store gets it only after Redis has accepted it,
        # because Redis refuses it if the user interrupts before that.
        row = self._rows.reply_row(turn, number, reply.written.text, "complete", reply.usage)
        turn.history.add(row)
        background.create_task(self._save_after_flush(turn, row, outlet))
        return True

    async def _save_after_flush(self, turn: Turn, row: Message, outlet: Outlet) -> None:
        await outlet.flush()
        turn.unsaved[row.id] = row
        await self._rows.save(turn, outlet)

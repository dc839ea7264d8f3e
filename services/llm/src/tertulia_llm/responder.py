"""Writes the replies of one turn, one after the other. Each character sees the replies before its own.

If the characters talk among themselves, each reply is followed by the choice of the next speaker, until the discussion
is over.

The row of a reply is inserted while the model is already writing, unless the reply is short; neither the text nor the
sound waits for it. While the store is unavailable, the rows go to the outbox (`tertulia_shared.outbox`), and the turn
continues.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from tertulia_llm.absent_voices import AbsentVoices, PostedMessage
from tertulia_llm.discussions import Discussions
from tertulia_llm.generation import ReplyGenerator
from tertulia_llm.listening_pace import ListeningPace
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

NO_CHARACTER = "No character sits at the table: invite one, and say it again."
NOT_SEATED = "The character that you ask does not sit at the table: invite it, or ask another."

ROW_DELAY_S = 0.05
"""A reply that is written within this time is saved once, with its text, and not before."""

log = logging.getLogger(__name__)


class Responder:
    """Writes the replies of turns."""

    def __init__(
        self,
        bus: Bus,
        rows: TurnRows,
        replies: TurnReplies,
        generator: ReplyGenerator,
        ending: TurnEnding,
        *,
        discussions: Discussions,
        absent_voices: AbsentVoices,
    ) -> None:
        self._bus = bus
        self._rows = rows
        self._replies = replies
        self._generator = generator
        self._ending = ending
        self._discussions = discussions
        self._absent_voices = absent_voices

    async def respond(self, turn: Turn, outlet: Outlet) -> None:
        """Write all replies that are missing. Returns when everything is saved in Redis, and in the store or its
        outbox.

        Raises:
            Stale: the user interrupted.
        """
        self._rows.add_user_row(turn)
        keys = self._bus.keys
        pace = ListeningPace(self._bus, turn.conversation_id, turn.plan.entry_id)
        async with asyncio.TaskGroup() as background:
            number = 0
            while number < len(turn.plan.speakers):  # a discussion adds speakers
                reply = await self._replies.open(turn, number, outlet)
                if number >= turn.progress.complete:
                    if turn.plan.max_replies and number > 1:
                        await pace.until_begun(turn.plan.message_id(number - 1))
                    if not await self._reply(turn, reply, outlet, background):
                        break
                    if number == len(turn.plan.speakers) - 1:
                        turn.complete(keys, outlet)
                number += 1
            if not turn.plan.speakers and not turn.is_ended:
                if turn.user_turn.source == "request" or not turn.plan.others:
                    text = NOT_SEATED if turn.plan.others else NO_CHARACTER
                    error = Error("no_characters", text, turn.user_turn.turn_id)
                    outlet.append(keys.events(turn.conversation_id), error)
                turn.complete(keys, outlet)
            await outlet.flush()
        await self._rows.save(turn, outlet)
        await outlet.flush()  # saving may have queued a warning, and Redis refuses it once the turns are released

    async def _reply(self, turn: Turn, reply: Reply, outlet: Outlet, background: asyncio.TaskGroup) -> bool:
        """Write one reply. Returns False if the model failed; the turn then has no further replies."""
        conversation_id, number = turn.conversation_id, reply.number
        speaker, epoch = turn.plan.speakers[number], turn.plan.epoch
        work = Work(
            conversation_id, message_id=reply.message_id, voice_id=speaker.voice, turn_id=turn.user_turn.turn_id
        )
        posted = self._bus.post("tts", work, epoch=epoch)
        self._absent_voices.watch(PostedMessage(conversation_id, reply.message_id, speaker.voice, speaker.name, epoch))
        self._rows.add_reply_row(turn, number, reply.written.text, "streaming")
        written = asyncio.Event()
        background.create_task(self._save_row(turn, outlet, posted, written))
        await asyncio.sleep(0)  # let the writer send the plan and the post before the request to the model is built
        try:
            if not reply.written.is_final:  # else the previous worker wrote the final entry, but not `message_complete`
                await self._generator.generate(turn, reply)
        except ModelFailed as failure:
            details = {"turn_id": turn.user_turn.turn_id, "code": failure.code}
            log.warning("the model failed: %s", failure.code, extra=details)
            self._ending.model_failed(turn, reply, outlet, failure)
            return False
        finally:
            written.set()
        if reply.written.sentences:
            turn.timer.sentence()
        extended = await self._discussions.next_reply(turn, reply)
        reply.complete()
        if extended is not None:  # in the same write as the end of the reply: a takeover continues with this speaker
            self._discussions.extend(turn, extended, outlet)
        # Add the reply to the history now, for the next character. The store gets it only after Redis has accepted it,
        # because Redis refuses it if the user interrupts before that.
        row = self._rows.reply_row(turn, number, reply.written.text, "complete", reply.usage)
        turn.history.add(row)
        background.create_task(self._save_after_flush(turn, row, outlet))
        return True

    async def _save_row(self, turn: Turn, outlet: Outlet, posted: Awaitable[object], written: asyncio.Event) -> None:
        """Save the row of a reply that is in progress. One that is `written` at once is only saved as a whole."""
        await outlet.flush()
        await posted  # it was sent with the plan
        try:
            async with asyncio.timeout(ROW_DELAY_S):
                await written.wait()
        except TimeoutError:
            await self._rows.save(turn, outlet)

    async def _save_after_flush(self, turn: Turn, row: Message, outlet: Outlet) -> None:
        await outlet.flush()
        turn.unsaved[row.id] = row
        await self._rows.save(turn, outlet)

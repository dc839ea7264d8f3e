"""All replies of one turn, one after the other; each sees what was said before it.

The message's row is inserted while the model is being asked; nothing with its id reaches the client before both are
there. A store that is away does not stop the talk: then the rows are in the outbox (`tertulia_shared.outbox`).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from contextlib import aclosing

from tertulia_llm.metrics import Paces
from tertulia_llm.model.client import Model, ModelFailed, added, jitter, retry_delay_s
from tertulia_llm.reply import EmptyReply, Reply, Said, said_so_far
from tertulia_llm.settings import LLMSettings
from tertulia_llm.text.prompt import build_messages, fit
from tertulia_llm.turn import Turn
from tertulia_llm.turn_rows import Saving
from tertulia_llm.turn_state import read_state
from tertulia_shared.bus import Bus, BusUnavailable, NotOwner, Outlet, WritesPaused
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import Work
from tertulia_shared.events import Error, Event, MessageComplete, TurnComplete
from tertulia_shared.ids import reply_id
from tertulia_shared.metrics import Metrics
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import Message

MAX_ROUNDS = 4
"""So many times `llm_retries` + 1 requests are made for one reply at most, whatever each of them brings."""

log = logging.getLogger(__name__)


def reply_seed(message_id: str) -> int:
    """The seed a model is asked to use (31 bits): the same for whoever asks for this reply."""
    return int.from_bytes(hashlib.blake2b(message_id.encode(), digest_size=4).digest(), "big") >> 1


class Answerer:
    """Answers one turn."""

    def __init__(
        self, bus: Bus, outbox: Outbox, model: Model, settings: LLMSettings, paces: Paces | None = None
    ) -> None:
        self._bus = bus
        self._saving = Saving(bus, outbox, settings.user_name)
        self._model = model
        self._settings = settings
        self.paces = paces or Paces(Metrics(), "")

    async def answer(self, turn: Turn, outlet: Outlet) -> None:
        """Write all replies that aren't there yet; return when everything is durable.

        Raises:
            Stale: the user interrupted.
        """
        self._saving.user_row(turn)
        events = self._bus.keys.events(turn.conversation_id)
        speakers = turn.plan.speakers
        async with asyncio.TaskGroup() as background:
            for number in range(len(speakers)):
                reply = await self._open(turn, number, outlet)
                if number >= turn.progress.complete and not await self._reply(turn, reply, outlet, background):
                    break
                if number == len(speakers) - 1 and turn.progress.complete < len(speakers):
                    self._end(turn, outlet)
            if not speakers and not turn.is_ended:
                nobody = Error("no_characters", "Nobody is there to answer: activate a character.", turn.said.turn_id)
                outlet.append(events, nobody)
                self._end(turn, outlet)
            await outlet.flush()
        await self._saving.save(turn, outlet)

    async def cut_off(self, turn: Turn) -> None:
        """The user broke in: what was made of the turn is all there will be."""
        turn.pace.turned("interrupted")
        self._saving.user_row(turn)
        keys = self._bus.keys
        state = read_state(await self._bus.hash(keys.state(turn.conversation_id)))
        progress = state.progress_of(turn.said.turn_id)
        turn.is_ended = state.ended == turn.said.turn_id
        # the client never heard of a reply that has no text yet: nothing is to be remembered of it either
        turn.unsaved = {id: row for id, row in turn.unsaved.items() if row.status != "streaming"}
        told: list[Event] = []
        # `started` and `complete` stay: an attempt that does this again must find the same replies unfinished
        for number, speaker in enumerate(turn.plan.speakers):
            message_id = reply_id(turn.said.turn_id, speaker.id)
            ending = progress.ending_of(number)
            is_next = number == progress.complete and progress.started > number
            if ending is None and not is_next:
                turn.forget(message_id)  # whatever was made of it here, Redis has refused it
                continue
            said = said_so_far(await self._bus.read(keys.sentences(turn.conversation_id, message_id)))
            self._saving.reply_row(turn, number, said.text, ending or "interrupted")
            if ending is None:
                told.append(MessageComplete(message_id, speaker.id, said.text, "interrupted"))
        outlet = self._bus.outlet(turn.owned.fence())  # the epoch is over, but its owner says how it ended
        if not turn.is_ended:
            for event in told:
                outlet.append(keys.events(turn.conversation_id), event)
            self._end(turn, outlet)
        await outlet.flush()
        await self._saving.save(turn, outlet)

    async def fail(self, turn: Turn, outlet: Outlet, error: Error) -> None:
        """The turn is given up: save what there is of it, then queue what ends the reply under way and the turn.

        What is queued here goes out in one write with what the caller queues before it awaits anything.
        """
        turn.pace.turned("failed")
        self._saving.user_row(turn)
        cut: Reply | None = None
        for number in range(len(turn.plan.speakers)):
            reply = await self._open(turn, number, outlet)
            if turn.again and number == turn.progress.complete:
                cut = reply
                self._saving.reply_row(turn, number, reply.said.text, "failed")
        try:
            await self._saving.save(turn, outlet)
            await outlet.flush()
        except (BusUnavailable, WritesPaused, NotOwner):
            raise
        except Exception:  # the turn is over, saved or not
            log.exception("a turn that is given up cannot be saved", extra={"turn_id": turn.said.turn_id})
        if turn.is_ended:
            return
        if cut is not None:
            cut.end_speech()
            if turn.progress.started > cut.number:
                cut.complete("failed")
        outlet.append(self._bus.keys.events(turn.conversation_id), error)
        self._end(turn, outlet)

    def _end(self, turn: Turn, outlet: Outlet) -> None:
        """Tell the client, once however often the turn is attempted, that no more text comes in it."""
        outlet.append(self._bus.keys.events(turn.conversation_id), TurnComplete(turn.said.turn_id))
        outlet.put(self._bus.keys.state(turn.conversation_id), {StateField.ENDED: turn.said.turn_id})
        turn.is_ended = True

    async def _open(self, turn: Turn, number: int, outlet: Outlet) -> Reply:
        speaker = turn.plan.speakers[number]
        message_id = reply_id(turn.said.turn_id, speaker.id)
        said = Said()
        if turn.again:
            said = said_so_far(await self._bus.read(self._bus.keys.sentences(turn.conversation_id, message_id)))
            ending = turn.progress.ending_of(number)
            if ending is not None:
                self._saving.reply_row(turn, number, said.text, ending)
        return Reply(
            self._bus.keys, outlet, turn.conversation_id, turn.said.turn_id, message_id, number, speaker,
            [name for name in turn.plan.others if name != speaker.name], self._settings.user_name, said,
        )  # fmt: skip

    async def _reply(self, turn: Turn, reply: Reply, outlet: Outlet, background: asyncio.TaskGroup) -> bool:
        """Write one reply; False if the model failed and the turn ends here."""
        conversation_id, number = turn.conversation_id, reply.number
        work = Work(conversation_id, message_id=reply.message_id)
        background.create_task(self._bus.post("tts", work, epoch=turn.plan.epoch))
        self._saving.reply_row(turn, number, reply.said.text, "streaming")
        saving = background.create_task(self._saving.save(turn, outlet))
        try:
            if reply.said.is_final:  # all was said, and whoever said it was lost before it could tell
                await saving
            else:
                await self._generate(turn, reply, saving)
        except ModelFailed as failure:
            log.warning(
                "the model failed: %s", failure.code, extra={"turn_id": turn.said.turn_id, "code": failure.code}
            )
            await saving
            self._fail(turn, reply, outlet, failure)
            return False
        if reply.said.sentences:
            turn.pace.sentence()
        reply.complete()
        # The next character sees it at once. The store gets it when Redis has it: an interruption may still refuse it.
        row = self._saving.row(turn, number, reply.said.text, "complete")
        turn.past.add(row)
        background.create_task(self._save_written(turn, row, outlet))
        return True

    async def _save_written(self, turn: Turn, row: Message, outlet: Outlet) -> None:
        """Save a reply's row after all that was queued for Redis is written."""
        await outlet.flush()
        turn.unsaved[row.id] = row
        await self._saving.save(turn, outlet)

    async def _generate(self, turn: Turn, reply: Reply, saving: asyncio.Task[None]) -> None:
        failures = requests = 0
        while True:
            requests += 1
            before = reply.said.sentences
            try:
                await self._ask(turn, reply, saving)
            except ModelFailed as failure:
                self.paces.request_failed(failure.code)
                failures = 1 if reply.said.sentences > before else failures + 1
                most = self._settings.llm_retries
                # each request is paid for: a server that breaks off after every sentence is not asked for ever
                if not failure.retryable or failures > most or requests >= MAX_ROUNDS * (most + 1):
                    raise
                await asyncio.sleep(retry_delay_s(failures, failure, jitter()))
                if reply.begun:
                    reply.announce(again=True)
            else:
                return

    async def _ask(self, turn: Turn, reply: Reply, saving: asyncio.Task[None]) -> None:
        messages = build_messages(
            character_name=reply.speaker.name,
            system_prompt=reply.speaker.system_prompt,
            other_names=reply.others,
            user_name=self._settings.user_name,
            history=turn.past.told(self._settings.llm_history_messages),
            continuing=reply.said.text,
        )
        messages = fit(messages, self._settings.llm_context_chars)
        async with (
            self._model.reply(messages, turn.plan.settings, seed=reply_seed(reply.message_id)) as stream,
            aclosing(aiter(stream)) as said,
        ):

            async def texts() -> str | None:
                if reply.said.sentences:
                    turn.pace.sentence()
                text = await anext(said, None)
                if text is not None and not reply.begun:
                    turn.pace.token()
                    await saving
                    reply.announce(again=turn.progress.started > reply.number)
                return text

            try:
                await reply.write(texts)
            except EmptyReply as error:
                raise ModelFailed("llm_unavailable", "The model said nothing.", retryable=True) from error
            finally:
                self.paces.used(added({}, stream.usage))
                reply.usage = added(reply.usage, stream.usage)

    def _fail(self, turn: Turn, reply: Reply, outlet: Outlet, failure: ModelFailed) -> None:
        turn.pace.turned("failed")
        keys = self._bus.keys
        events = keys.events(turn.conversation_id)
        begun = reply.begun or turn.progress.started > reply.number
        reply.end_speech()
        outlet.append(events, Error(failure.code, str(failure), turn.said.turn_id, reply.message_id if begun else ""))
        if begun:
            reply.complete("failed")
        outlet.put(
            keys.state(turn.conversation_id),
            {StateField.COMPLETE: len(turn.plan.speakers), StateField.FAILED: reply.number},
        )
        self._end(turn, outlet)
        self._saving.reply_row(turn, reply.number, reply.said.text, "failed")

"""All replies of one turn, one after the other; each sees what was said before it.

The message's row is inserted while the model is being asked; nothing with its id reaches the client before both are
there. A store that is away does not stop the talk: then the rows are in the outbox (`tertulia_shared.outbox`).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from contextlib import aclosing
from dataclasses import dataclass, field

from tertulia_llm.model import Model, ModelFailed, added, jitter, retry_delay_s
from tertulia_llm.pace import Pace, Paces
from tertulia_llm.past import Past
from tertulia_llm.plan import Progress, read_state
from tertulia_llm.reply import EmptyReply, Reply, Said, said_so_far
from tertulia_llm.settings import LLMSettings
from tertulia_llm.text.prompt import build_messages, fit
from tertulia_shared.bus import Bus, Outlet, Owned
from tertulia_shared.entries import TurnPlan, UserTurn, Work
from tertulia_shared.events import Error, MessageComplete, TurnComplete, Warn
from tertulia_shared.ids import reply_id
from tertulia_shared.metrics import Metrics
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import Message, NotFound, turn_position
from tertulia_shared.store.records import Status, utc_now

TITLE_CHARS = 60

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Turn:
    """A turn being answered. `again`: another attempt has begun it; `is_first`: the store may not know the talk yet.

    `unsaved`: the rows that are yet to be saved, by id. `warned`: the client knows that the store is away.
    """

    conversation_id: str
    owned: Owned
    said: UserTurn
    plan: TurnPlan
    past: Past
    progress: Progress
    pace: Pace
    again: bool = False
    is_first: bool = False
    unsaved: dict[str, Message] = field(default_factory=dict[str, Message])
    rows_made: int = 0
    """Replies that have a row, made by this attempt."""
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)
    warned: bool = False


def reply_seed(message_id: str) -> int:
    """The seed a model is asked to use (31 bits): the same for whoever asks for this reply."""
    return int.from_bytes(hashlib.blake2b(message_id.encode(), digest_size=4).digest(), "big") >> 1


class Answerer:
    """Answers one turn."""

    def __init__(
        self, bus: Bus, outbox: Outbox, model: Model, settings: LLMSettings, paces: Paces | None = None
    ) -> None:
        self._bus = bus
        self._outbox = outbox
        self._model = model
        self._settings = settings
        self.paces = paces or Paces(Metrics(), "")

    async def answer(self, turn: Turn, outlet: Outlet) -> None:
        """Write all replies that aren't there yet; return when everything is durable.

        Raises:
            Stale: the user interrupted.
        """
        self._user_row(turn)
        events = self._bus.keys.events(turn.conversation_id)
        speakers = turn.plan.speakers
        async with asyncio.TaskGroup() as background:
            for number in range(len(speakers)):
                reply = await self._open(turn, number, outlet)
                if number >= turn.progress.complete and not await self._reply(turn, reply, outlet, background):
                    break
                if number == len(speakers) - 1 and turn.progress.complete < len(speakers):
                    outlet.append(events, TurnComplete(turn.said.turn_id))
            if not speakers and not turn.again:
                outlet.append(
                    events,
                    Error("no_characters", "Nobody is there to answer: activate a character.", turn.said.turn_id),
                )
                outlet.append(events, TurnComplete(turn.said.turn_id))
            await outlet.flush()
        await self._save(turn, outlet)

    async def cut_off(self, turn: Turn) -> None:
        """The user broke in: what was made of the turn is all there will be."""
        turn.pace.turned("interrupted")
        self._user_row(turn)
        keys = self._bus.keys
        state = read_state(await self._bus.hash(keys.state(turn.conversation_id)))
        progress = state.progress_of(turn.said.turn_id)
        outlet = self._bus.outlet(turn.owned.fence())  # the epoch is over, but its owner says how it ended
        events = keys.events(turn.conversation_id)
        # the state stays as it is: whoever does this again must find the same replies unfinished
        for number, speaker in enumerate(turn.plan.speakers):
            message_id = reply_id(turn.said.turn_id, speaker.id)
            ending = progress.ending_of(number)
            is_next = number == progress.complete and (turn.again or turn.rows_made > number)
            if ending is None and not is_next:
                continue
            said = said_so_far(await self._bus.read(keys.sentences(turn.conversation_id, message_id)))
            self._row(turn, number, said.text, ending or "interrupted")
            if ending is None and progress.started > number:
                outlet.append(events, MessageComplete(message_id, speaker.id, said.text, "interrupted"))
        outlet.append(events, TurnComplete(turn.said.turn_id))
        await outlet.flush()
        await self._save(turn, outlet)

    async def fail(self, turn: Turn, outlet: Outlet, error: Error) -> None:
        """Nobody could finish the turn: end the reply that was under way, so that no one waits for the rest."""
        turn.pace.turned("failed")
        self._user_row(turn)
        for number in range(len(turn.plan.speakers)):
            reply = await self._open(turn, number, outlet)
            if turn.again and number == turn.progress.complete:
                reply.end_speech()
                if turn.progress.started > number:
                    reply.complete("failed")
                self._row(turn, number, reply.said.text, "failed")
        outlet.append(self._bus.keys.events(turn.conversation_id), error)
        outlet.append(self._bus.keys.events(turn.conversation_id), TurnComplete(turn.said.turn_id))
        await self._save(turn, outlet)

    async def _open(self, turn: Turn, number: int, outlet: Outlet) -> Reply:
        speaker = turn.plan.speakers[number]
        message_id = reply_id(turn.said.turn_id, speaker.id)
        said = Said()
        if turn.again:
            said = said_so_far(await self._bus.read(self._bus.keys.sentences(turn.conversation_id, message_id)))
            ending = turn.progress.ending_of(number)
            if ending is not None:
                self._row(turn, number, said.text, ending)
        return Reply(
            self._bus.keys, outlet, turn.conversation_id, turn.said.turn_id, message_id, number, speaker,
            [name for name in turn.plan.others if name != speaker.name], self._settings.user_name, said,
        )  # fmt: skip

    async def _reply(self, turn: Turn, reply: Reply, outlet: Outlet, background: asyncio.TaskGroup) -> bool:
        """Write one reply; False if the model failed and the turn ends here."""
        conversation_id, number = turn.conversation_id, reply.number
        work = Work(conversation_id, message_id=reply.message_id)
        background.create_task(self._bus.post("tts", work, epoch=turn.plan.epoch))
        self._row(turn, number, reply.said.text, "streaming")
        saving = background.create_task(self._save(turn, outlet))
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
        self._row(turn, number, reply.said.text, "complete")
        background.create_task(self._save(turn, outlet))
        return True

    async def _generate(self, turn: Turn, reply: Reply, saving: asyncio.Task[None]) -> None:
        failures = 0
        while True:
            before = reply.said.sentences
            try:
                await self._ask(turn, reply, saving)
            except ModelFailed as failure:
                self.paces.request_failed(failure.code)
                failures = 1 if reply.said.sentences > before else failures + 1
                if not failure.retryable or failures > self._settings.llm_retries:
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
        outlet.put(keys.state(turn.conversation_id), {"complete": len(turn.plan.speakers), "failed": reply.number})
        outlet.append(events, TurnComplete(turn.said.turn_id))
        self._row(turn, reply.number, reply.said.text, "failed")

    def _user_row(self, turn: Turn) -> None:
        if turn.said.turn_id in turn.past.messages and not turn.again:
            return
        now = utc_now()
        row = Message(
            id=turn.said.turn_id, conversation_id=turn.conversation_id, turn_id=turn.said.turn_id, role="user",
            character_id=None, character_name=self._settings.user_name, text=turn.said.text, status="complete",
            position=turn_position(turn.plan.entry_id, 0), created_at=now, updated_at=now,
        )  # fmt: skip
        turn.past.add(row)
        turn.unsaved[row.id] = row

    def _row(self, turn: Turn, number: int, text: str, status: Status) -> None:
        speaker = turn.plan.speakers[number]
        now = utc_now()
        row = Message(
            id=reply_id(turn.said.turn_id, speaker.id), conversation_id=turn.conversation_id,
            turn_id=turn.said.turn_id, role="character", character_id=speaker.id, character_name=speaker.name,
            text=text, status=status, position=turn_position(turn.plan.entry_id, number + 1),
            created_at=now, updated_at=now,
        )  # fmt: skip
        if status != "streaming":
            turn.past.add(row)
        turn.unsaved[row.id] = row
        turn.rows_made = max(turn.rows_made, number + 1)

    async def _save(self, turn: Turn, outlet: Outlet) -> None:
        """Save what is unsaved; if that is not in the store now, say so, once until it takes something again."""
        async with turn.saving:  # who comes second waits for the rows that the first one is saving
            rows, turn.unsaved = turn.unsaved, {}
            if not rows:
                return
            title = title_of(turn.said.text) if turn.is_first else None
            try:
                saved = await self._outbox.save_messages(turn.conversation_id, list(rows.values()), title=title)
            except NotFound:  # these have no place any more
                log.info("conversation was deleted in mid-turn", extra={"conversation_id": turn.conversation_id})
                return
            except BaseException:
                turn.unsaved = rows | turn.unsaved
                raise
            turn.is_first = False
            self._tell_whether_away(turn, outlet, away=not saved)

    def _tell_whether_away(self, turn: Turn, outlet: Outlet, *, away: bool) -> None:
        if turn.warned == away:
            return
        turn.warned = away
        # in the state, so that whoever answers next knows that it was said
        outlet.put(self._bus.keys.state(turn.conversation_id), {"warned": "1" if away else None})
        if away:
            warning = "The database is away: the talk goes on, and is saved when it is back."
            outlet.append(self._bus.keys.events(turn.conversation_id), Warn("store_unavailable", warning))


def title_of(text: str) -> str:
    """A conversation's title: the beginning of its first message."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"

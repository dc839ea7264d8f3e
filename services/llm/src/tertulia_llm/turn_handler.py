"""The llm stage's `Handler`: answers the waiting turns of a conversation, in order.

A turn is planned once. The plan and the turn's progress are fields of the conversation's state, written in the same
transaction as the events that show them. So a worker that takes over can continue after the last published text.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tertulia_llm.absent_voices import AbsentVoices
from tertulia_llm.characters import CharacterCache
from tertulia_llm.confirmation import until_confirmed
from tertulia_llm.discussions import Discussions
from tertulia_llm.generation import ReplyGenerator
from tertulia_llm.giving_up import MAX_REASON_CHARS, GivingUp
from tertulia_llm.history.changes import applied_cut
from tertulia_llm.history.history import HistoryCache
from tertulia_llm.history.settle import InterruptionSettler
from tertulia_llm.history.withdrawal import TurnWithdrawal
from tertulia_llm.lorebooks import ConversationLorebooks
from tertulia_llm.lost_turns import end_lost_turn, turn_id_of
from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.client import Replies
from tertulia_llm.past import Past
from tertulia_llm.permanent_errors import is_permanent
from tertulia_llm.plan import plan_fields, turn_started
from tertulia_llm.prompt_lore import PromptLore
from tertulia_llm.responder import Responder
from tertulia_llm.settings import LLMSettings
from tertulia_llm.spoken_commands import begins_with
from tertulia_llm.summary.activity import TurnActivity
from tertulia_llm.summary.changed_past import empty_summary
from tertulia_llm.turn import Turn
from tertulia_llm.turn_ending import TurnEnding
from tertulia_llm.turn_reader import TurnReader, changed_by
from tertulia_llm.turn_replies import TurnReplies
from tertulia_llm.turn_rows import TurnRows
from tertulia_llm.turn_state import TurnState, read_state
from tertulia_llm.voice_languages import VoiceLanguages
from tertulia_llm.withdrawals import with_all_withdrawals
from tertulia_llm.withdrawn_turns import is_withdrawn, newest_versions, version_of
from tertulia_shared.bus import Bus, Claim, Entry, NotOwner, Outlet, Owned, Refused, Stale, WriteRefused
from tertulia_shared.codec import BadEntry, UnknownVersion, decode
from tertulia_shared.conversation_state import StateField
from tertulia_shared.dead_letters import write_dead_letter
from tertulia_shared.entries import DeadLetter, Work
from tertulia_shared.events import Error
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import is_id
from tertulia_shared.interruption import until_interrupted
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import NotFound
from tertulia_shared.summary_documents import save_summary
from tertulia_shared.work import BadWork

MAX_WAITING = 50
"""Maximum number of waiting turns per read."""
LAST_RECEIPT_S = 0.25
"""How long after an interruption the client's last receipt may come: the client sends it when it has stopped playing.
If the next turn comes earlier, the interruption is settled at once.
"""

log = logging.getLogger(__name__)


class TurnHandler:
    """Answers turns. A turn that cannot be answered is given up."""

    def __init__(
        self,
        bus: Bus,
        outbox: Outbox,
        *,
        histories: HistoryCache,
        past: Past,
        characters: CharacterCache,
        lorebooks: ConversationLorebooks,
        model: Replies,
        settings: LLMSettings,
        metrics: LLMMetrics,
        voices: VoiceLanguages | None = None,
        thinks_ahead: Callable[[], bool] | None = None,
        absent_voices: AbsentVoices | None = None,
        activity: TurnActivity | None = None,
        on_answered: Callable[[Turn], None] = lambda _: None,
    ) -> None:
        """`thinks_ahead`: whether to answer tentative turns now; without it, the settings decide.

        `activity`: is told when turns are answered. `on_answered`: is called with each turn that has ended.
        """
        self._bus = bus
        self._histories = histories
        self._past = past
        self._metrics = metrics
        self._activity = activity or TurnActivity(bus)
        self._on_answered = on_answered
        self._lorebooks = lorebooks
        self._outbox = outbox
        rows = TurnRows(bus, outbox)
        replies = TurnReplies(bus, rows)
        self._reader = TurnReader(
            bus.keys, characters, mode=settings.who_answers, user_name=settings.user_name,
            hears_commands=settings.llm_spoken_commands,
        )  # fmt: skip
        withdrawal = TurnWithdrawal(bus, outbox)
        self._rows = rows
        self._thinks_ahead = thinks_ahead or (lambda: settings.thinks_ahead)
        self._ending = TurnEnding(bus, rows, replies, withdrawal)
        lore = PromptLore(characters.lorebooks, model, settings)
        generator = ReplyGenerator(model, settings, metrics, voices or VoiceLanguages(bus), lore)
        discussions = Discussions(bus, characters)
        self._responder = Responder(
            bus, rows, replies, generator, self._ending,
            discussions=discussions, absent_voices=absent_voices or AbsentVoices(bus),
        )  # fmt: skip
        self._settler = InterruptionSettler(bus, outbox, histories, withdrawal)
        self._giving_up = GivingUp(bus, self._reader, self._ending, metrics)

    async def handle(self, claim: Claim) -> None:
        """Answer the conversation's turns until none is waiting.

        Raises:
            BadWork: Redis refuses a write permanently, or the turn made the worker fail in two attempts.
        """
        conversation_id = _conversation_of(claim)
        try:
            with self._activity.turn():
                await self._handle(claim, conversation_id)
        except Exception as raised:
            error = first_error(raised)
            if not is_permanent(error):
                raise
            if not isinstance(error, WriteRefused):  # a bug that this turn's data triggers: allow one more attempt
                if claim.attempt == 1:
                    raise
                raise BadWork(f"the worker failed on it: {type(error).__name__}") from raised
            repaired = await self._bus.mend(conversation_id, owner=True)
            log.exception("Redis refused a write; repaired: %s", repaired, extra={"conversation_id": conversation_id})
            # with a changed epoch, the rerun would end the turn without an event
            if not repaired or "epoch" in repaired:
                raise BadWork(f"Redis refused a write: {error}") from raised
            await self._handle_repaired(claim, conversation_id)
            if "turns" in repaired:
                await end_lost_turn(self._bus, conversation_id)

    async def give_up(self, claim: Claim, reason: str) -> str:
        """End a turn that could not be answered, and move the cursor past it. See `GivingUp.give_up`."""
        return await self._giving_up.give_up(claim, reason)

    async def _handle_repaired(self, claim: Claim, conversation_id: str) -> None:
        """Run the same attempt again, after the conversation's keys were repaired."""
        try:
            with self._activity.turn():
                await self._handle(claim, conversation_id, is_rerun=True)
        except Exception as raised:
            error = first_error(raised)
            if isinstance(error, WriteRefused) and is_permanent(error):
                raise BadWork(f"Redis refused a write: {error}") from raised
            raise

    async def _handle(self, claim: Claim, conversation_id: str, *, is_rerun: bool = False) -> None:
        owned = await self._bus.own(claim, conversation_id, "turns", waiting=MAX_WAITING, commands=True)
        if isinstance(owned, Refused) and is_rerun and owned.holder == claim.token:
            owned = await self._owned_already(claim, conversation_id)
        if isinstance(owned, Refused):
            if owned.later_attempt:
                raise NotOwner("a later attempt answers this conversation")
            return  # the owner will look for more turns before it releases the conversation
        try:
            await self._answer_all(owned, conversation_id)
        except BaseException:
            self._histories.evict(conversation_id)  # the history may contain rows of a turn that is not finished
            raise

    async def _owned_already(self, claim: Claim, conversation_id: str) -> Owned:
        keys = self._bus.keys
        state = await self._bus.hash(keys.state(conversation_id))
        cursor = read_state(state).cursor
        waiting = await self._bus.read(keys.turns(conversation_id), cursor, count=MAX_WAITING)
        return Owned(keys.owner(conversation_id, "turns"), claim.token, state, waiting)

    async def _answer_all(self, owned: Owned, conversation_id: str) -> None:
        state, waiting = read_state(owned.state), owned.waiting
        cursor = state.cursor
        while True:
            state = await with_all_withdrawals(self._bus, conversation_id, state, waiting)
            if not waiting and state.unsettled is not None:
                waiting = await self._turn_after(conversation_id, cursor, LAST_RECEIPT_S)
                state = await with_all_withdrawals(
                    self._bus, conversation_id, await self._state(conversation_id), waiting
                )
            if not waiting:
                await self._settler.settle(owned, conversation_id, state)
            newest = newest_versions(waiting)
            for entry in waiting:
                if cursor != state.cursor:  # another turn was answered after the state was read
                    fresh = await self._state(conversation_id)
                    state = replace(fresh, cursor=cursor, withdrawn=fresh.withdrawn | state.withdrawn)
                await self._handle_turn(owned, conversation_id, entry, state, newest)
                cursor = entry.id
            kept = await self._bus.release_turns(owned, conversation_id, cursor, cut=state.cut, waiting=MAX_WAITING)
            if kept is None:
                return
            state, waiting = read_state(kept.state), kept.waiting

    async def _state(self, conversation_id: str) -> TurnState:
        return read_state(await self._bus.hash(self._bus.keys.state(conversation_id)))

    async def _turn_after(self, conversation_id: str, cursor: str, timeout_s: float) -> Sequence[Entry]:
        """The next turns; empty if none comes in time."""
        turns = self._bus.follow(self._bus.keys.turns(conversation_id), cursor)
        try:
            async with asyncio.timeout(timeout_s):
                return await turns.read()
        except TimeoutError:
            return ()
        finally:
            turns.close()

    async def _handle_turn(
        self, owned: Owned, conversation_id: str, entry: Entry, state: TurnState, newest: Mapping[str, int]
    ) -> None:
        timer = self._metrics.start_turn(turn_id_of(entry))
        self._metrics.hop.taken(entry.fields)
        history, is_past_read = await self._histories.load(conversation_id, state), True
        try:
            change = changed_by(entry)
            if change is not None and not state.has_plan_of(change.ref):
                history, is_past_read = await self._past.read(change, state, history)
            turn = self._reader.read(entry, state, owned=owned, history=history, timer=timer)
            if turn.is_command and turn.user_turn.change and not turn.is_resumed:
                history, is_past_read = await self._past.read(turn.user_turn, state, history)
                turn = self._reader.read(entry, state, owned=owned, history=history, timer=timer)
        except UnknownVersion:  # a worker of a newer release may be able to answer it
            raise
        except BadEntry as error:
            is_shown = not is_withdrawn(*version_of(entry), state.withdrawn, newest)
            await self._dead_letter(owned, conversation_id, entry, str(error), is_shown=is_shown)
            return
        if turn.is_ended and turn.plan.entry_id != entry.id:
            return  # a second entry of a turn that is already answered
        if not turn.is_resumed and state.unsettled is not None:
            await self._settler.settle(owned, conversation_id, state, history, newest)
            turn = self._reader.read(entry, state, owned=owned, history=history, timer=timer)
        turn.is_past_read = is_past_read
        turn.is_withdrawn = is_withdrawn(*version_of(entry), state.withdrawn, newest)
        is_emptied = await empty_summary(self._bus, turn)
        if turn.user_turn.source == "change" or turn.names_unknown_message:
            await self._past.apply(turn)
        elif turn.is_withdrawn or state.epoch > turn.plan.epoch:  # the user has sent another turn or an interrupt
            await self._ending.interrupted(turn)
        else:
            turn.lorebook = await self._lorebooks.of(conversation_id, state.lorebook)
            await self._answer(turn)
        timer.finish()
        self._histories.keep(conversation_id, entry.id, history)
        if is_emptied:
            with contextlib.suppress(NotFound):  # the conversation was deleted
                await save_summary(self._outbox, conversation_id, turn.summary)
        self._on_answered(turn)

    async def _answer(self, turn: Turn) -> None:
        owned, epoch = turn.owned, turn.plan.epoch
        fence, after = owned.fence(epoch), owned.commands_after
        outlet = self._bus.outlet(fence)
        try:
            async with until_interrupted(self._bus, turn.conversation_id, epoch, after=after, fence=fence):
                # a command is obeyed when the user has finished: what it changes is not taken back
                if turn.is_tentative and (turn.is_command or not self._thinks_ahead()):
                    await until_confirmed(self._bus, turn.conversation_id, turn.plan)
                    turn.is_tentative = False
                if not turn.is_resumed:
                    self._begin(outlet, turn)
                applied_cut(turn.history, turn.plan)
                if turn.is_tentative:
                    await self._think_ahead(turn, outlet)
                else:
                    await self._responder.respond(turn, outlet)
        except Stale:
            await self._ending.interrupted(turn)

    async def _think_ahead(self, turn: Turn, outlet: Outlet) -> None:
        """Answer a tentative turn, and save its rows when it is confirmed."""
        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(self._responder.respond(turn, outlet))
            await until_confirmed(self._bus, turn.conversation_id, turn.plan)
            turn.is_tentative = False
            await self._rows.save(turn, outlet)
            await answering
        await outlet.flush()  # saving may have queued a warning

    def _begin(self, outlet: Outlet, turn: Turn) -> None:
        # write the plan and the cursor together, because the new plan overwrites the progress of the previous turn
        outlet.put(
            self._bus.keys.state(turn.conversation_id), {**plan_fields(turn.plan), StateField.CURSOR: turn.cursor}
        )
        events = self._bus.keys.events(turn.conversation_id)
        for event in (*begins_with(turn), turn_started(turn.plan)):
            outlet.append(events, event)

    async def _dead_letter(
        self, owned: Owned, conversation_id: str, entry: Entry, reason: str, *, is_shown: bool
    ) -> None:
        """Make a turn that cannot be read a dead letter, and move the cursor past it. `is_shown`: tell the client."""
        await write_dead_letter(
            self._bus, DeadLetter("llm", entry.id, 1, reason, conversation_id, turn_id=turn_id_of(entry))
        )
        self._metrics.dead_lettered()
        outlet = self._bus.outlet(owned.fence())
        if is_shown:
            error = Error("bad_turn", f"A message cannot be read: {reason}"[:MAX_REASON_CHARS])
            outlet.append(self._bus.keys.events(conversation_id), error)
        outlet.put(self._bus.keys.state(conversation_id), {StateField.CURSOR: entry.id})
        await outlet.flush()
        await end_lost_turn(self._bus, conversation_id)  # the unreadable entry may be the turn that was accepted last


def _conversation_of(claim: Claim) -> str:
    work = decode(Work, claim.fields)
    if not is_id(work.conversation_id):
        raise BadWork("an llm work entry needs a conversation_id, a UUID")
    return work.conversation_id

"""Answers a conversation's waiting turns, in order, one worker at a time: the llm stage's `Handler`.

A turn is planned once (who answers, with which settings); the plan and how far it has come stand in the conversation's
state, written in the same script as the events that show it. A worker that takes over reads them and goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from tertulia_llm.characters import Cast
from tertulia_llm.history.heard import heard
from tertulia_llm.history.history import Memory, Past
from tertulia_llm.metrics import Pace
from tertulia_llm.permanent_errors import is_permanent
from tertulia_llm.plan import make_plan, message_ids, plan_fields
from tertulia_llm.responder import Answerer
from tertulia_llm.turn import Turn
from tertulia_llm.turn_state import TalkState, read_state, unreadable
from tertulia_shared.bus import (
    Append,
    Bus,
    BusUnavailable,
    Claim,
    Entry,
    NotOwner,
    Outlet,
    Owned,
    Put,
    Refused,
    Stale,
    WriteRefused,
    WritesPaused,
)
from tertulia_shared.codec import BadEntry, UnknownVersion, Value, decode, envelope
from tertulia_shared.conversation_state import StateField
from tertulia_shared.dead_letters import write_dead_letter
from tertulia_shared.entries import DeadLetter, TurnPlan, UserTurn, Work
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.events import Error, MessageHeard, TurnComplete, TurnStarted
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import is_id
from tertulia_shared.interruption import until_interrupted
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import Message
from tertulia_shared.store.records import utc_now
from tertulia_shared.store.validation import TEXT_MAX_CHARS
from tertulia_shared.text import clean_text
from tertulia_shared.work import BadWork, pointed_at

MAX_WAITING = 50
"""Turns read at once."""
MAX_REASON_CHARS = 2_000
"""Of why a turn failed, as the client is told: it may quote what a hostile entry holds."""

LOST = "This message was lost: say it again."

log = logging.getLogger(__name__)


class Turns:
    """See the module's docstring."""

    def __init__(self, bus: Bus, outbox: Outbox, memory: Memory, cast: Cast, answerer: Answerer) -> None:
        self._bus = bus
        self._cast = cast
        self._outbox = outbox
        self._memory = memory
        self._answerer = answerer
        self._paces = answerer.paces

    async def handle(self, claim: Claim) -> None:
        """Answer until no turn waits.

        Raises:
            BadWork: Redis refuses for good what has to be written, or the turn breaks the worker twice.
        """
        conversation_id = _conversation(claim)
        try:
            await self._handle(claim, conversation_id)
        except Exception as raised:
            error = first_error(raised)
            if not is_permanent(error):
                raise
            if not isinstance(error, WriteRefused):  # a value that nobody has thought of: another attempt may do, once
                if claim.attempt == 1:
                    raise
                raise BadWork(f"it cannot be answered: {type(error).__name__}") from raised
            mended = await self._bus.mend(conversation_id, owner=True)
            log.exception("Redis refused a write; mended: %s", mended, extra={"conversation_id": conversation_id})
            if not mended or "epoch" in mended:  # with another epoch the turn in hand would end without a word
                raise BadWork(f"Redis refused a write: {error}") from raised
            await self._handle_again(claim, conversation_id)
            if "turns" in mended:
                await self._end_lost_turn(conversation_id)

    async def _handle_again(self, claim: Claim, conversation_id: str) -> None:
        """Once more, by the same attempt, after the conversation's keys were mended."""
        try:
            await self._handle(claim, conversation_id, again=True)
        except Exception as raised:
            error = first_error(raised)
            if isinstance(error, WriteRefused) and is_permanent(error):
                raise BadWork(f"Redis refused a write: {error}") from raised
            raise

    async def _end_lost_turn(self, conversation_id: str) -> str:
        """Tell the client of a turn that was accepted and is no longer in the stream: nobody answers it. Its id."""
        keys = self._bus.keys
        turn_id = lost_turn(
            await self._bus.read(keys.events(conversation_id)), await self._bus.read(keys.turns(conversation_id))
        )
        if turn_id:
            log.error("a turn is lost", extra={"conversation_id": conversation_id, "turn_id": turn_id})
            events = keys.events(conversation_id)
            told = [Append(events, Error("turn_failed", LOST, turn_id)), Append(events, TurnComplete(turn_id))]
            await self._bus.transact(
                conversation_id, [*told, Put(keys.state(conversation_id), {StateField.ENDED: turn_id})]
            )
        return turn_id

    async def _handle(self, claim: Claim, conversation_id: str, *, again: bool = False) -> None:
        owned = await self._bus.own(claim, conversation_id, "turns", waiting=MAX_WAITING)
        if isinstance(owned, Refused) and again and owned.holder == claim.token:
            owned = await self._owned_already(claim, conversation_id)
        if isinstance(owned, Refused):
            if owned.later_attempt:
                raise NotOwner("a later attempt answers this conversation")
            return  # its owner looks for further turns before letting go
        try:
            await self._answer_all(owned, conversation_id)
        except BaseException:
            self._memory.forget([conversation_id])  # it may hold rows of a turn that is not finished
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
            if not waiting:
                await self._settle(owned, conversation_id, state)
            for entry in waiting:
                if cursor != state.cursor:  # a turn has been answered since the state was read
                    state = replace(await self._state(conversation_id), cursor=cursor)
                await self._turn(owned, conversation_id, entry, state)
                cursor = entry.id
            if await self._bus.release_turns(owned, conversation_id, cursor, cut=state.cut):
                return
            state = await self._state(conversation_id)
            waiting = await self._bus.read(self._bus.keys.turns(conversation_id), cursor, count=MAX_WAITING)

    async def _state(self, conversation_id: str) -> TalkState:
        return read_state(await self._bus.hash(self._bus.keys.state(conversation_id)))

    async def give_up(self, claim: Claim, reason: str) -> str:
        """Say so to the client, and step over the turn that could not be answered: the next ones may be.

        Its id; "" if no turn waited, and none was lost.

        Raises:
            BusUnavailable, WritesPaused: the turn is not given up yet; try again later.
        """
        conversation_id = pointed_at(claim.fields).conversation_id
        if not is_id(conversation_id):
            return ""
        try:
            return await self._give_up(claim, conversation_id, reason)
        except Exception as error:
            if not is_permanent(first_error(error)) and not isinstance(error, BadEntry):
                raise
            mended = await self._bus.mend(conversation_id, owner=True)
            log.exception("giving a turn up failed; mended: %s", mended, extra={"conversation_id": conversation_id})
        return await self._give_up(claim, conversation_id, reason)

    async def _give_up(self, claim: Claim, conversation_id: str, reason: str) -> str:
        owned = await self._bus.own(claim, conversation_id, "turns")
        if isinstance(owned, Refused):
            if owned.holder != claim.token:
                return ""
            # this very attempt owns them, and has failed for good
            state = await self._bus.hash(self._bus.keys.state(conversation_id))
            owned = Owned(self._bus.keys.owner(conversation_id, "turns"), claim.token, state)
        state = await self._mended(owned, conversation_id)
        waiting = await self._bus.read(self._bus.keys.turns(conversation_id), state.cursor, count=1)
        if not waiting:
            turn_id = await self._end_lost_turn(conversation_id)
            await self._let_go(owned, conversation_id, state.cursor, state)
            return turn_id
        (entry,) = waiting
        turn_id = _turn_id(entry)
        error = Error("turn_failed", f"This turn cannot be answered: {reason}"[:MAX_REASON_CHARS], turn_id)
        await self._step_over(owned, conversation_id, entry, state, error)
        await self._let_go(owned, conversation_id, entry.id, state)
        return turn_id

    async def _let_go(self, owned: Owned, conversation_id: str, cursor: str, state: TalkState) -> None:
        """Give the turns up; those that wait get a new pointer, whose worker can own them at once."""
        if not await self._bus.release_turns(owned, conversation_id, cursor, cut=state.cut):
            await self._bus.release(owned.owner, owned.token)  # first: a pointer to what is owned would be let go
            await self._bus.post("llm", Work(conversation_id))

    async def _step_over(
        self, owned: Owned, conversation_id: str, entry: Entry, state: TalkState, error: Error
    ) -> None:
        """End the turn for the client and move the cursor behind it, in one write."""
        keys = self._bus.keys
        put: dict[str, Value | None] = {StateField.CURSOR: entry.id}
        outlet = self._bus.outlet(owned.fence())
        try:
            turn = self._read_turn(owned, entry, state, Past(), self._paces.begin())
            turn.is_first = True
            await self._answerer.fail(turn, outlet, error)
            turn.pace.over()
        except (BusUnavailable, WritesPaused, NotOwner):
            raise
        except Exception as trouble:
            # the turn, or what was made of it, cannot be read or saved: then the least that ends it
            if not isinstance(trouble, BadEntry):
                log.exception("a turn that is given up broke", extra={"conversation_id": conversation_id})
            outlet = self._bus.outlet(owned.fence())
            if state.ended != error.turn_id:
                outlet.append(keys.events(conversation_id), error)
                outlet.append(keys.events(conversation_id), TurnComplete(error.turn_id))
                put[StateField.ENDED] = error.turn_id
        outlet.put(keys.state(conversation_id), put)
        await outlet.flush()

    async def _mended(self, owned: Owned, conversation_id: str) -> TalkState:
        """The conversation's state, without what nobody can read of it."""
        bad = unreadable(owned.state)
        if not bad:
            return read_state(owned.state)
        log.error("the state cannot be read: %s", ", ".join(bad), extra={"conversation_id": conversation_id})
        put: dict[str, Value | None] = dict.fromkeys(bad)
        if StateField.CURSOR in bad:  # of a day's turns all but the last one count as answered
            turns = await self._bus.read(self._bus.keys.turns(conversation_id))
            put[StateField.CURSOR] = turns[-2].id if len(turns) > 1 else BEGINNING
        outlet = self._bus.outlet(owned.fence())
        outlet.put(self._bus.keys.state(conversation_id), put)
        await outlet.flush()
        return await self._state(conversation_id)

    async def _turn(self, owned: Owned, conversation_id: str, entry: Entry, state: TalkState) -> None:
        pace = self._paces.begin()
        self._paces.hop.taken(entry.fields)
        past, known = await self._memory.recall(conversation_id, state.cursor)
        try:
            turn = self._read_turn(owned, entry, state, past, pace)
        except UnknownVersion:  # a newer worker may answer it
            raise
        except BadEntry as error:
            await self._bury(owned, conversation_id, entry, str(error))
            return
        if turn.is_ended and turn.plan.entry_id != entry.id:
            return  # the same turn stands in the stream twice: its first entry has been answered
        if not turn.again:
            await self._settle(owned, conversation_id, state, past)
        turn.is_first = not known
        if state.epoch > turn.plan.epoch:  # the user has said more since
            await self._answerer.cut_off(turn)
        else:
            await self._answer(turn, turn.plan.epoch, state.cursor)
        pace.over()
        self._memory.remember(conversation_id, entry.id, past)

    async def _answer(self, turn: Turn, epoch: int, cursor: str) -> None:
        outlet = self._bus.outlet(turn.owned.fence(epoch))
        try:
            if not turn.again:
                self._begin(outlet, turn.conversation_id, turn.plan, cursor)
            async with until_interrupted(self._bus, turn.conversation_id, epoch):
                await self._answerer.answer(turn, outlet)
        except Stale:
            await self._answerer.cut_off(turn)

    def _begin(self, outlet: Outlet, conversation_id: str, plan: TurnPlan, cursor: str) -> None:
        # the cursor goes along: this plan takes the place of the one that told how the turn before it ended
        replies = tuple(
            {"message_id": message_id, "character_id": speaker.id, "character_name": speaker.name}
            for message_id, speaker in zip(message_ids(plan), plan.speakers, strict=True)
        )
        outlet.put(self._bus.keys.state(conversation_id), {**plan_fields(plan), StateField.CURSOR: cursor})
        outlet.append(self._bus.keys.events(conversation_id), TurnStarted(plan.turn_id, replies))

    def _read_turn(self, owned: Owned, entry: Entry, state: TalkState, past: Past, pace: Pace) -> Turn:
        """The turn of an entry, with the plan that it has or now gets.

        Raises:
            BadEntry: it cannot be read.
        """
        said, epoch = decode(UserTurn, entry.fields), envelope(entry.fields).epoch
        if not is_id(said.turn_id):
            raise BadEntry("UserTurn entry: field 'turn_id' is no UUID")
        said = replace(said, text=clean_text(said.text)[:TEXT_MAX_CHARS])
        again = state.plan is not None and state.plan.turn_id == said.turn_id
        plan = state.plan if again else None
        if plan is None:
            plan = make_plan(said, entry.id, epoch, self._cast.active, state.settings)
        conversation_id = self._bus.keys.conversation_of(owned.owner.name)
        return Turn(
            conversation_id, owned, said, plan, past, state.progress_of(said.turn_id), pace,
            again=again, warned=state.warned, is_ended=state.ended == said.turn_id,
        )  # fmt: skip

    async def _settle(self, owned: Owned, conversation_id: str, state: TalkState, past: Past | None = None) -> None:
        """Find out what was heard of a turn that was cut off, and remember no more than that."""
        plan = state.unsettled
        if plan is None:
            return
        if past is None:
            past, _ = await self._memory.recall(conversation_id, state.cursor)
        outlet = self._bus.outlet(owned.fence())
        changed: list[Message] = []
        for message_id, text in (await heard(self._bus, conversation_id, plan)).items():
            message = past.messages.get(message_id)
            if message is None:
                continue
            if text != message.text:
                message = replace(message, text=text, status="interrupted", updated_at=utc_now())
                past.add(message)
                changed.append(message)
            elif message.status != "interrupted":  # heard to its end
                continue
            # told also if it has been saved before: whoever saved it may have died before telling
            outlet.append(
                self._bus.keys.events(conversation_id), MessageHeard(message_id, message.character_id or "", text)
            )
        if changed:  # through the outbox: the next reply is not to wait for the store
            await self._outbox.post_messages(changed)
        outlet.put(self._bus.keys.state(conversation_id), {StateField.SETTLED: plan.turn_id})
        for message_id in message_ids(plan):  # its sound is not needed any more
            outlet.expire(self._bus.keys.audio(conversation_id, message_id), SOUND_GRACE_S)
        await outlet.flush()

    async def _bury(self, owned: Owned, conversation_id: str, entry: Entry, reason: str) -> None:
        """A turn that cannot be read: dead-letter it and go on with the next."""
        turn_id = _turn_id(entry)
        await write_dead_letter(self._bus, DeadLetter("llm", entry.id, 1, reason, conversation_id, turn_id=turn_id))
        self._paces.buried()
        outlet = self._bus.outlet(owned.fence())
        outlet.append(
            self._bus.keys.events(conversation_id),
            Error("bad_turn", f"A message cannot be read: {reason}"[:MAX_REASON_CHARS]),
        )
        outlet.put(self._bus.keys.state(conversation_id), {StateField.CURSOR: entry.id})
        await outlet.flush()
        await self._end_lost_turn(conversation_id)  # it may stand where that one stood


def _turn_id(entry: Entry) -> str:
    return entry.fields.get(b"turn_id", b"").decode(errors="replace")


def lost_turn(events: Sequence[Entry], turns: Sequence[Entry]) -> str:
    """The id of the last accepted turn if its end was not told and it is not among the turns, else "". Pure."""
    accepted = ""
    for entry in events:
        kind, turn_id = entry.fields.get(b"type"), _turn_id(entry)
        if kind == b"turn_accepted":
            accepted = turn_id
        elif kind == b"turn_complete" and turn_id == accepted:
            accepted = ""
    return accepted if all(_turn_id(entry) != accepted for entry in turns) else ""


def _conversation(claim: Claim) -> str:
    work = decode(Work, claim.fields)
    if not is_id(work.conversation_id):
        raise BadWork("an llm work entry needs a conversation_id, a UUID")
    return work.conversation_id

"""Gives up a turn after the last failed attempt: ends it for the client, and moves the cursor past it."""

from __future__ import annotations

import logging

from tertulia_llm.history.history import History
from tertulia_llm.lost_turns import end_lost_turn, turn_id_of
from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.permanent_errors import is_permanent
from tertulia_llm.plan import plan_fields
from tertulia_llm.turn_ending import TurnEnding
from tertulia_llm.turn_reader import TurnReader
from tertulia_llm.turn_state import TurnState, read_state, unreadable_fields
from tertulia_llm.withdrawals import with_all_withdrawals
from tertulia_llm.withdrawn_turns import version_of
from tertulia_shared.bus import Bus, BusUnavailable, Claim, Entry, NotOwner, Owned, Refused, WritesPaused
from tertulia_shared.codec import BadEntry, Value
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.events import Error, TurnComplete
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import is_id, turn_ref
from tertulia_shared.work import pointed_at

MAX_REASON_CHARS = 2_000
"""Maximum length of the reason in the client's `error` event: the reason may quote a hostile entry."""

log = logging.getLogger(__name__)


class GivingUp:
    """Gives up turns that cannot be answered."""

    def __init__(self, bus: Bus, reader: TurnReader, ending: TurnEnding, metrics: LLMMetrics) -> None:
        self._bus = bus
        self._reader = reader
        self._ending = ending
        self._metrics = metrics

    async def give_up(self, claim: Claim, reason: str) -> str:
        """Give up the turn that a claim points at. Workers can then answer the turns after it.

        Returns:
            The turn's id; "" if no turn waits and none was lost.

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
            repaired = await self._bus.mend(conversation_id, owner=True)
            log.exception("giving up a turn failed; repaired: %s", repaired, extra={"conversation_id": conversation_id})
        return await self._give_up(claim, conversation_id, reason)

    async def _give_up(self, claim: Claim, conversation_id: str, reason: str) -> str:
        owned = await self._bus.own(claim, conversation_id, "turns")
        if isinstance(owned, Refused):
            if owned.holder != claim.token:
                return ""
            # the failed attempt did not release its ownership of the turns
            state = await self._bus.hash(self._bus.keys.state(conversation_id))
            owned = Owned(self._bus.keys.owner(conversation_id, "turns"), claim.token, state)
        state = await self._repaired_state(owned, conversation_id)
        waiting = await self._bus.read(self._bus.keys.turns(conversation_id), state.cursor, count=1)
        if not waiting:
            turn_id = await end_lost_turn(self._bus, conversation_id)
            await self._release(owned, conversation_id, state.cursor, state)
            return turn_id
        (entry,) = waiting
        state = await with_all_withdrawals(self._bus, conversation_id, state, waiting)
        turn_id = turn_id_of(entry)
        error = Error("turn_failed", f"This turn cannot be answered: {reason}"[:MAX_REASON_CHARS], turn_id)
        await self._end(owned, conversation_id, entry, state, error)
        await self._release(owned, conversation_id, entry.id, state)
        return turn_id

    async def _release(self, owned: Owned, conversation_id: str, cursor: str, state: TurnState) -> None:
        """Release the ownership of the conversation's turns. If more turns wait, post a new pointer for them."""
        if await self._bus.release_turns(owned, conversation_id, cursor, cut=state.cut) is not None:
            # release before `post`: the worker that claims the pointer must be able to own the turns
            await self._bus.release(owned.owner, owned.token)
            await self._bus.post("llm", Work(conversation_id))

    async def _end(self, owned: Owned, conversation_id: str, entry: Entry, state: TurnState, error: Error) -> None:
        """End the turn for the client and move the cursor past it, in one write."""
        keys = self._bus.keys
        put: dict[str, Value | None] = {StateField.CURSOR: entry.id}
        ref = turn_ref(*version_of(entry))
        is_withdrawn = ref in state.withdrawn
        outlet = self._bus.outlet(owned.fence())
        try:
            timer = self._metrics.start_turn(turn_id_of(entry))
            turn = self._reader.read(entry, state, owned=owned, history=History(), timer=timer)
            turn.is_withdrawn = is_withdrawn
            if is_withdrawn:
                await self._ending.interrupted(turn)
            else:
                if turn.is_tentative and not turn.is_resumed and state.unsettled is None:
                    # if the turn is withdrawn later, its plan shows that its rows must be deleted
                    outlet.put(keys.state(conversation_id), plan_fields(turn.plan))
                await self._ending.given_up(turn, outlet, error)
            turn.timer.finish()
        except (BusUnavailable, WritesPaused, NotOwner):
            raise
        except Exception as failure:
            # the turn or its replies cannot be read or saved: write only the events that end the turn
            if not isinstance(failure, BadEntry):
                log.exception("a turn failed again while it was given up", extra={"conversation_id": conversation_id})
            outlet = self._bus.outlet(owned.fence())
            if state.ended != ref and not is_withdrawn:
                outlet.append(keys.events(conversation_id), error)
                outlet.append(keys.events(conversation_id), TurnComplete(error.turn_id))
                put[StateField.ENDED] = ref
        outlet.put(keys.state(conversation_id), put)
        await outlet.flush()

    async def _repaired_state(self, owned: Owned, conversation_id: str) -> TurnState:
        """The conversation's state. If it has fields that cannot be read, they are removed in Redis first."""
        unreadable = unreadable_fields(owned.state)
        if not unreadable:
            return read_state(owned.state)
        log.error("the state cannot be read: %s", ", ".join(unreadable), extra={"conversation_id": conversation_id})
        if StateField.EPOCH in unreadable:
            # never remove the epoch: the gateway may have repaired it in the meantime, and an epoch must not decrease
            await self._bus.mend(conversation_id, owner=True)
            unreadable = unreadable_fields(await self._bus.hash(self._bus.keys.state(conversation_id)))
        put: dict[str, Value | None] = dict.fromkeys(unreadable)
        if StateField.CURSOR in unreadable:  # treat all turns in the stream as answered, except for the last one
            turns = await self._bus.read(self._bus.keys.turns(conversation_id))
            put[StateField.CURSOR] = turns[-2].id if len(turns) > 1 else BEGINNING
        outlet = self._bus.outlet(owned.fence())
        outlet.put(self._bus.keys.state(conversation_id), put)
        await outlet.flush()
        return read_state(await self._bus.hash(self._bus.keys.state(conversation_id)))

"""Hands the turn being spoken over from a session whose connection was lost to the next session of the conversation.

A client that loses its connection in mid-sentence comes back with a new session, and the user goes on. So the worker of
the first session does not end the turn at once, but offers it for some seconds. The state's field `listening` shows who
has the turn:

    session A begins               listening = A
    the connection of A is lost    listening = A/open    A's worker waits
    session B begins               listening = B         B's worker continues the turn of A
    or no session begins           listening removed     A's worker ends the turn

Each of these changes is one transaction, which is written only if the field has the value before. So exactly one
worker has the turn, and a worker that takes session A or B over continues where its predecessor was killed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from tertulia_shared.bus import Append, Bus, Condition, Entry, Expire, Fence, Put, Write, WriteRefused
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import MicChunk, Work
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.events import ListeningStopped, RecordingStart, TranscriptionStabilized, TranscriptionUpdate
from tertulia_shared.ids import is_id
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_stt.checkpoint import Checkpoint, read_turn
from tertulia_stt.turn import NO_TURN, Phase, Turn

RECONNECT_S = 4.0
"""A turn is offered at least this long, because a client needs some time to notice that its connection is lost, and to
connect again.
"""
LAST_WORDS_S = 10.0
"""A worker transcribes the last words of a session within this time, also on a slow machine."""
TAKEOVER_LEASES = 2
"""After so many leases, a peer has taken over the work of a worker that died."""
_OPEN = "/open"

log = logging.getLogger(__name__)


class TurnHandover:
    """The handover of one session's turn, as its worker sees it."""

    def __init__(self, bus: Bus, work: Work, fence: Fence) -> None:
        self._bus = bus
        self._work = work
        self._fence = fence
        self._conversation_id = work.conversation_id
        self._progress = bus.keys.mic_progress(work.conversation_id, work.session_id)

    # -- the session that begins

    async def begin(self, state: ConversationState, lease_s: float) -> Turn:
        """Make this session the newest one of the conversation. Returns the turn that it continues; an empty turn if
        there is none.

        If the connection of the session before was lost just now, wait for its last words. `lease_s`: the time after
        which a peer takes over the work of a worker that died.
        """
        waited_s = 0.0
        while True:
            listening = state.get(StateField.LISTENING, b"").decode(errors="replace")
            earlier, is_open = listening.removesuffix(_OPEN), listening.endswith(_OPEN)
            turn = NO_TURN
            if is_open:
                turn = await self._turn_of(earlier)
            elif (wait_s := await self._worth_waiting_s(earlier, lease_s)) > waited_s:
                await self._until_ended(earlier, wait_s - waited_s)
                waited_s = wait_s
                state = await self._state()
                continue
            writes = self._continuation(turn) + self._removal(earlier, is_open=is_open)
            if await self._transfer(listening, self._work.session_id, writes):
                return turn
            state = await self._state()

    def _continuation(self, turn: Turn) -> list[Write]:
        """The writes with which this session begins, and shows the text of the turn that it continues."""
        session_id, events = self._work.session_id, self._bus.keys.events(self._conversation_id)
        stored = Put(self._progress, Checkpoint(turn=turn).fields())
        if turn.phase not in (Phase.GROWING, Phase.TENTATIVE):
            return [stored]
        return [
            stored,
            Append(events, RecordingStart(session_id)),
            Append(events, TranscriptionUpdate(session_id, turn.text)),
            Append(events, TranscriptionStabilized(session_id, turn.text)),
        ]

    def _removal(self, earlier: str, *, is_open: bool) -> list[Write]:
        """The write with which the earlier session no longer has the turn."""
        keys = self._bus.keys
        return [Put(keys.mic_progress(self._conversation_id, earlier), {"pending": None})] if is_open else []

    async def _worth_waiting_s(self, earlier: str, lease_s: float) -> float:
        """How long to wait for the end of the earlier session: 0 if it has ended, or was stopped by the user."""
        if not is_id(earlier) or earlier == self._work.session_id:
            return 0
        keys, id = self._bus.keys, self._conversation_id
        progress = await self._bus.hash(keys.mic_progress(id, earlier))
        if not progress or b"ended" in progress:
            return 0
        last = _chunk(await self._bus.last(keys.mic(id, earlier)))
        if last is None or await self._is_newer(earlier):  # newer, if no worker was there when this session began
            return 0
        if not last.is_final:  # its gateway may not have noticed yet that the connection is lost
            return TAKEOVER_LEASES * lease_s
        return LAST_WORDS_S + TAKEOVER_LEASES * lease_s if last.cause == "abandoned" else 0

    async def _is_newer(self, other: str) -> bool:
        """True if the work of the other session was posted after that of this session."""
        owner = await self._bus.owner(self._conversation_id, other)
        return order(owner.partition("/")[0]) > order(self._fence.token.partition("/")[0])

    async def _until_ended(self, earlier: str, wait_s: float) -> None:
        key = self._bus.keys.events(self._conversation_id)
        last = await self._bus.last(key)
        progress = await self._bus.hash(self._bus.keys.mic_progress(self._conversation_id, earlier))
        if b"ended" in progress:
            return
        events = self._bus.follow(key, BEGINNING if last is None else last.id)
        try:
            async with asyncio.timeout(wait_s):
                while not any(_ends(entry, earlier) for entry in await events.read()):
                    pass
        except TimeoutError:
            log.info("an earlier session does not end", extra={"session_id": earlier})
        finally:
            events.close()

    async def _turn_of(self, earlier: str) -> Turn:
        try:
            return read_turn(await self._bus.hash(self._bus.keys.mic_progress(self._conversation_id, earlier)))
        except (BadEntry, WriteRefused) as error:
            log.warning("the turn being spoken cannot be read: %s", error, extra={"session_id": earlier})
            return NO_TURN

    # -- the session whose connection was lost

    async def offer(self, checkpoint: Checkpoint) -> bool:
        """End the session, but offer the turn of this checkpoint to the next session. Returns False, and writes
        nothing, if another session began already.
        """
        keys, id, session_id = self._bus.keys, self._conversation_id, self._work.session_id
        writes = [
            Append(keys.events(id), ListeningStopped(session_id, "abandoned")),
            Put(self._progress, {**checkpoint.fields(), "ended": 1}),
            Expire(keys.mic(id, session_id), SOUND_GRACE_S),
        ]
        return await self._transfer(session_id, session_id + _OPEN, writes)

    async def take_back(self) -> None:
        """Withdraw the offer. Then the session's progress has the turn, unless another session continues it."""
        await self._transfer(self._work.session_id + _OPEN, None)

    async def is_offered(self) -> bool:
        """True if the session's turn is offered."""
        listening = (await self._state()).get(StateField.LISTENING)
        return listening == (self._work.session_id + _OPEN).encode()

    async def _state(self) -> ConversationState:
        return ConversationState(await self._bus.hash(self._bus.keys.state(self._conversation_id)))

    async def _transfer(self, before: str, after: str | None, writes: Sequence[Write] = ()) -> bool:
        """Change the field `listening`. Returns False, and writes nothing, if it does not have the value `before`."""
        applied = await self._bus.transact(
            self._conversation_id,
            [*writes, Put(self._bus.keys.state(self._conversation_id), {StateField.LISTENING: after})],
            fence=self._fence,
            given=[Condition(StateField.LISTENING, before or None)],
        )
        return applied.new


def _chunk(entry: Entry | None) -> MicChunk | None:
    try:
        return None if entry is None else decode(MicChunk, entry.fields)
    except BadEntry:
        return None


def _ends(event: Entry, session_id: str) -> bool:
    is_stopped = event.fields.get(b"type") == ListeningStopped.type.encode()
    return is_stopped and event.fields.get(b"session_id") == session_id.encode()

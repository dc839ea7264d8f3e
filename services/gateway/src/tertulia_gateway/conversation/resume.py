"""Opens a conversation: creates a new one, or resumes an existing one from the client's position."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from tertulia_gateway.commands import AudioMark, Problem, Resume
from tertulia_gateway.conversation.audio_queue import QueuedMessage, is_final
from tertulia_gateway.conversation.event_filter import ClientChanged
from tertulia_gateway.conversation.heard import Heard, heard_of
from tertulia_gateway.conversation.last_turn import events_of_last_turn
from tertulia_gateway.conversation.left_sessions import SeenSessions
from tertulia_gateway.conversation.lorebook import restored_lorebook
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.conversation.saved_settings import saved_settings
from tertulia_gateway.conversation.summary_writer import restored_summary
from tertulia_shared.bus import Append, Bus, Entry, Fence, Put, Stale
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.events import ConversationStarted
from tertulia_shared.ids import new_id
from tertulia_shared.receipts import readable_receipts
from tertulia_shared.store import Store

PAGE = 1_000
"""Entries of the `events` stream per read."""
CLOCKS_DIFFER_MS = 60_000
"""Largest accepted difference between the clocks of Redis and of this process."""


@dataclass(frozen=True, slots=True)
class OpenedConversation:
    """An open conversation, and the events that the client is to be sent first."""

    conversation_id: str
    position: ClientPosition
    resumed: bool = False
    lost: bool = False
    """Redis has lost events that this client has."""
    replay: tuple[Entry, ...] = ()
    """Events from before the position that are sent again: if the client has no marks, the events of the turn in
    progress.
    """
    heard: tuple[Heard, ...] = ()
    """How much of the audio of the turn in progress was heard."""
    sessions: SeenSessions = field(default_factory=SeenSessions)
    """The listening sessions before the position."""
    unused: bool = False
    """No turn has begun in it."""


async def create_conversation(bus: Bus, client: str, *, demo: bool) -> OpenedConversation:
    """Create a conversation. Its first event is `conversation_started`.

    Raises:
        BusError: it could not be created.
    """
    conversation_id = new_id()
    started = ConversationStarted(conversation_id, resumed=False, demo=demo)
    await bus.transact(
        conversation_id,
        [
            # no epoch of which the client was sent sound; gateways of an older release do not write it
            Put(
                bus.keys.state(conversation_id),
                {StateField.CLIENT: client, StateField.SOUNDING: 0, StateField.LOREBOOK: ""},
            ),
            Append(bus.keys.events(conversation_id), started),
        ],
    )
    return OpenedConversation(conversation_id, ClientPosition(client, claimed=True))


async def resume_conversation(
    bus: Bus, store: Store, client: str, resume: Resume, now_ms: int
) -> OpenedConversation | Problem:
    """Make this client the only client of an existing conversation, and find the position from which it continues.

    Raises:
        BusError, StoreError: the conversation could not be looked up.
    """
    conversation_id = resume.conversation_id
    state = ConversationState(await bus.hash(bus.keys.state(conversation_id)))
    last = await bus.last(bus.keys.events(conversation_id))
    if not state.fields and last is None and await store.conversation(conversation_id) is None:
        return Problem(
            "unknown_conversation", f"There is no conversation {conversation_id}: send new_conversation to begin one."
        )
    settings, lorebook, summary = await asyncio.gather(
        saved_settings(store, conversation_id, state),
        restored_lorebook(bus, store, conversation_id, state),
        restored_summary(store, conversation_id, state),
    )
    put = {StateField.CLIENT: client, **settings, **lorebook, **summary}
    applied = await bus.transact(
        conversation_id,
        [
            Put(bus.keys.state(conversation_id), put),
            Append(bus.keys.events(conversation_id), ClientChanged(client)),
        ],
    )
    after = BEGINNING if last is None else _start(resume.last_event_id, last)
    position = ClientPosition(client, claimed=False, after=after)
    resuming = _Resuming(bus, conversation_id, position, now_ms, has_talk_mark=state.is_talking)
    turn, lost = await resuming.rebuild(resume.last_event_id)
    position.raise_epoch(applied.epoch)
    replay, heard = (), ()
    if resume.last_event_id or resume.last_audio is not None:
        await resuming.continue_at_marks(resume.last_audio)
    else:
        replay, heard = await resuming.continue_without_marks(turn)
    return OpenedConversation(
        conversation_id,
        position,
        resumed=True,
        lost=lost,
        replay=replay,
        heard=heard,
        sessions=resuming.sessions,
        unused=_is_unused(turn),
    )


def _is_unused(turn: Sequence[Entry]) -> bool:
    """True if the events of the last turn are those since the conversation was created: there was no turn."""
    return bool(turn) and turn[0].fields.get(b"type") == b"conversation_started"


def _start(last_event_id: str, last: Entry) -> str:
    # not beyond the last entry: the client would get no events until new entries have higher ids
    return min(last_event_id, last.id, key=order) if last_event_id else last.id


@dataclass(frozen=True, slots=True)
class _Resuming:
    """The steps of one resume. `has_talk_mark`: the state has the talk mark."""

    bus: Bus
    conversation_id: str
    position: ClientPosition
    now_ms: int
    has_talk_mark: bool
    sessions: SeenSessions = field(default_factory=SeenSessions)

    @property
    def is_talking(self) -> bool:
        """True if a reply was being made or played when the client left. While a turn is held, the talk mark is that
        turn's, and it was not set before: otherwise the turn would not have been accepted.
        """
        return self.has_talk_mark and not self.position.held.is_holding

    async def rebuild(self, last_event_id: str) -> tuple[Sequence[Entry], bool]:
        """Apply all events up to the position.

        Returns the events from the last `turn_accepted` on, and whether Redis has lost the last event that the client
        received. It is lost if it should still be in the stream, but is not there.
        """
        turn: list[Entry] = []
        key, end = self.bus.keys.events(self.conversation_id), order(self.position.after)
        at, first, last = BEGINNING, None, BEGINNING
        while order(at) < end:
            page = await self.bus.read(key, at, count=PAGE)
            if not page:
                break
            first = first or page[0].id
            at = page[-1].id
            for entry in page:
                if order(entry.id) > end:
                    break
                last = entry.id
                self.sessions.see(entry)
                for event in self.position.rebuild(entry):
                    if event.fields.get(b"type") in (b"turn_accepted", b"turn_reopened"):
                        turn.clear()
                    turn.append(event)
                if self.position.held.read_again_after:
                    at = self.position.held.take_read_again()
                    break
        if not last_event_id or order(last_event_id) == order(last):
            return turn, False
        kept_since_ms = self.now_ms - key.ttl_s * 1000
        if first is not None and key.max_len is not None and await self.bus.length(key) >= key.max_len:
            kept_since_ms = order(first)[0]  # older entries were perhaps trimmed
        return turn, kept_since_ms <= order(last_event_id)[0] <= self.now_ms + CLOCKS_DIFFER_MS

    async def continue_at_marks(self, last_audio: AudioMark | None) -> None:
        """Continue after the last event and the last audio frame that the client has received."""
        self.position.has_read_held()
        self.position.audio.keep_from(last_audio)
        await self._skip_complete_audio()

    async def continue_without_marks(self, turn: Sequence[Entry]) -> tuple[tuple[Entry, ...], tuple[Heard, ...]]:
        """If a turn is in progress, replay its events, and its audio after the heard part. Otherwise, start at the next
        event.

        An interrupted turn is replayed without audio as long as its last events are still to come.

        A turn that is held is not in progress yet: its events come when it is confirmed.

        Returns the events to replay, and how much of their audio was heard.
        """
        audio, timeline, conversation_id = self.position.audio, self.position.timeline, self.conversation_id
        replay = events_of_last_turn(turn)
        if replay and not timeline.turn_id:  # the turn was interrupted
            is_complete = any(entry.fields.get(b"type") == b"turn_complete" for entry in replay)
            return () if is_complete else replay, ()
        receipts = readable_receipts(await self.bus.read(self.bus.keys.receipts(conversation_id)))
        heard = await heard_of(self.bus, conversation_id, timeline.message_ids, receipts)
        for each in heard:
            if each.complete:
                audio.done(each.message_id)
            else:
                audio.keep_from(AudioMark(each.message_id, each.audio_id), each.next_samples)
        await self._skip_complete_audio()
        # if there is neither a talk mark nor a receipt, the audio counts as heard: the mark was cleared when the
        # audio's duration had passed
        is_unheard = audio.head is not None and (self.is_talking or bool(receipts))
        if timeline.text_complete and not is_unheard:
            audio.clear()
            await self._skip_complete_audio()
            return (), ()
        if not self.is_talking:
            await self._mark_talk()
        return replay, heard

    async def _mark_talk(self) -> None:
        """Set the talk mark again. It was cleared when the time to play the audio was over, but the client has not
        played everything.
        """
        fence = Fence(self.bus.keys.state(self.conversation_id), "", self.position.audio.epoch)
        with contextlib.suppress(Stale):
            await self.bus.transact(self.conversation_id, [], fence=fence, talk=True)

    async def _skip_complete_audio(self) -> None:
        waiting = self.position.audio.waiting
        for message_id in set(self.position.timeline.message_ids) - {message.message_id for message in waiting}:
            self.position.audio_complete(message_id, None)
        for message in waiting:
            if await self._is_complete(message):
                self.position.audio_complete(message.message_id, None)

    async def _is_complete(self, message: QueuedMessage) -> bool:
        key = self.bus.keys.audio(self.conversation_id, message.message_id)
        last = await self.bus.last(key)
        if last is None:  # no audio yet; or the stream has expired, either soon after playback or after its TTL
            has_expired = message.started_ms + key.ttl_s * 1000 < self.now_ms
            return message.after != BEGINNING or not self.is_talking or has_expired
        return is_final(last.fields) and order(message.after) >= order(last.id)

"""Opening a conversation: a new one, or one that is taken up where a client left it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tertulia_gateway.commands import AudioMark, Problem, Resume
from tertulia_gateway.conversation.audio_queue import Playlist, Spoken, is_final
from tertulia_gateway.conversation.event_filter import ClientChanged, Feed, Verdict, epoch_of
from tertulia_gateway.conversation.heard import Heard, heard_of
from tertulia_gateway.conversation.turn_timeline import Timeline
from tertulia_shared.bus import Append, Bus, Entry, Fence, Put, Stale
from tertulia_shared.codec import BadEntry, Fields, known, pack
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import ModelSettings
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.events import ConversationStarted
from tertulia_shared.ids import new_id
from tertulia_shared.receipts import readable_receipts
from tertulia_shared.store import NotFound, Store, StoreUnavailable

PAGE = 1_000
"""Entries of the `events` stream that are read at once when it is gone through."""
CLOCKS_DIFFER_MS = 60_000
"""How far the clocks of Redis and this process may be apart."""
SETTINGS_S = 1.0
"""How long a client that comes back waits for settings that only the store has."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opening:
    """A conversation that is open, and where this client stands in it."""

    conversation_id: str
    resumed: bool
    after: str
    """The client has the events up to this id."""
    feed: Feed
    playlist: Playlist
    timeline: Timeline
    lost: bool = False
    """Redis does not have what this client has seen last."""
    turn: list[Entry] = field(default_factory=list[Entry])
    """The events up to `after` from the last `turn_accepted` on."""
    replay: tuple[Entry, ...] = ()
    """Events up to `after` that are sent first: those of the turn that goes on, to a client without marks."""
    heard: tuple[Heard, ...] = ()
    """What was heard of that turn."""


async def open_new(bus: Bus, client: str, *, demo: bool) -> Opening:
    """A new conversation; its first event says so.

    Raises:
        BusError: it could not be made.
    """
    conversation_id = new_id()
    started = ConversationStarted(conversation_id, resumed=False, demo=demo)
    await bus.transact(
        conversation_id,
        [
            Put(bus.keys.state(conversation_id), {StateField.CLIENT: client}),
            Append(bus.keys.events(conversation_id), started),
        ],
    )
    return Opening(
        conversation_id, resumed=False, after=BEGINNING, feed=Feed(client, claimed=True), playlist=Playlist(),
        timeline=Timeline(),
    )  # fmt: skip


async def take_up(bus: Bus, store: Store, client: str, resume: Resume, now_ms: int) -> Opening | Problem:
    """An existing conversation, which from here on is this client's.

    Raises:
        BusError, StoreError: it could not be looked up.
    """
    conversation_id = resume.conversation_id
    state = ConversationState(await bus.hash(bus.keys.state(conversation_id)))
    tip = await bus.last(bus.keys.events(conversation_id))
    if not state.fields and tip is None and await store.conversation(conversation_id) is None:
        return Problem(
            "unknown_conversation", f"There is no conversation {conversation_id}: send new_conversation to begin one."
        )
    after = BEGINNING if tip is None else _start(resume.last_event_id, tip)
    put: dict[str, str | bytes] = {StateField.CLIENT: client}
    if StateField.SETTINGS not in state:
        saved = await _saved_settings(store, conversation_id)
        if saved is not None:
            put[StateField.SETTINGS] = saved
    applied = await bus.transact(
        conversation_id,
        [
            Put(bus.keys.state(conversation_id), put),
            Append(bus.keys.events(conversation_id), ClientChanged(client)),
        ],
    )
    opening = Opening(
        conversation_id, resumed=True, after=after, feed=Feed(client, claimed=False), playlist=Playlist(),
        timeline=Timeline(),
    )  # fmt: skip
    if await _go_through(bus, opening, resume.last_event_id, now_ms):
        opening = replace(opening, lost=True)
    opening.playlist.raise_epoch(applied.epoch)
    is_talking = state.is_talking
    turn, opening = opening.turn, replace(opening, turn=[])  # not kept for as long as the connection lives
    if not resume.last_event_id and resume.last_audio is None:
        return await _go_on_without_marks(bus, opening, turn, now_ms, is_talking=is_talking)
    opening.playlist.keep_from(resume.last_audio)
    await _leave_out_what_is_over(bus, opening, now_ms, is_talking=is_talking)
    return opening


async def _go_on_without_marks(
    bus: Bus, opening: Opening, turn: Sequence[Entry], now_ms: int, *, is_talking: bool
) -> Opening:
    """Replay the turn that goes on, with its sound behind what was heard; without one, start with the next event.

    An interrupted turn is replayed, without sound, until it is complete: the events of its end are still to come.
    """
    playlist, timeline, conversation_id = opening.playlist, opening.timeline, opening.conversation_id
    turn = _of_last_turn(turn)
    if turn and not timeline.turn_id:  # interrupted
        is_complete = any(entry.fields.get(b"type") == b"turn_complete" for entry in turn)
        return opening if is_complete else replace(opening, replay=turn)
    receipts = readable_receipts(await bus.read(bus.keys.receipts(conversation_id)))
    heard = await heard_of(bus, conversation_id, timeline.message_ids, receipts)
    for each in heard:
        if each.complete:
            playlist.done(each.message_id)
        else:
            playlist.keep_from(AudioMark(each.message_id, each.audio_id))
    await _leave_out_what_is_over(bus, opening, now_ms, is_talking=is_talking)
    # without the mark and without any receipt, the client gives none: the talk ended when its sound's time was over
    is_unheard = playlist.head is not None and (is_talking or bool(receipts))
    if timeline.text_complete and not is_unheard:
        playlist.forget()
        await _leave_out_what_is_over(bus, opening, now_ms, is_talking=is_talking)
        return opening
    if not is_talking:
        # the mark was taken away when the client was given up, before it had heard everything
        fence = Fence(bus.keys.state(conversation_id), "", playlist.epoch)
        with contextlib.suppress(Stale):
            await bus.transact(conversation_id, [], fence=fence, talk=True)
    return replace(opening, heard=heard, replay=turn)


def _of_last_turn(events: Sequence[Entry]) -> tuple[Entry, ...]:
    """The events of the last turn, without those of older replies and of listening sessions; () if there is no turn."""
    if not events or events[0].fields.get(b"type") != b"turn_accepted":
        return ()
    turn_id = events[0].fields.get(b"turn_id", b"")
    message_ids = {
        entry.fields.get(b"message_id", b"")
        for entry in events
        if entry.fields.get(b"type") == b"message_started" and entry.fields.get(b"turn_id") == turn_id
    }

    def belongs(fields: Fields) -> bool:
        return (
            b"session_id" not in fields
            and fields.get(b"turn_id", turn_id) in (turn_id, b"")
            and fields.get(b"message_id", b"") in {b"", *message_ids}
        )

    return tuple(entry for entry in events if belongs(entry.fields))


async def _saved_settings(store: Store, conversation_id: str) -> bytes | None:
    try:
        async with asyncio.timeout(SETTINGS_S):
            saved = await store.model_settings(conversation_id)
        known(ModelSettings, saved)
    except NotFound:
        return None
    except (StoreUnavailable, TimeoutError, BadEntry) as error:  # the talk goes on, with the model's own settings
        log.warning("settings cannot be read: %s", error, extra={"conversation_id": conversation_id})
        return None
    return pack(saved) if saved else None


def _start(last_event_id: str, tip: Entry) -> str:
    # an id beyond the last one would keep everything from the client until the clock gets there
    return min(last_event_id, tip.id, key=order) if last_event_id else tip.id


async def _go_through(bus: Bus, opening: Opening, mark: str, now_ms: int) -> bool:
    """What the events that the client has say about the audio that is still to come; True if one of them is lost.

    `mark` is the last one that it has. It is lost if it should be among those that are there and is not.
    """
    key, at, end = bus.keys.events(opening.conversation_id), BEGINNING, order(opening.after)
    first, last = None, BEGINNING
    while order(at) < end:
        page = await bus.read(key, at, count=PAGE)
        if not page:
            break
        first = first or page[0].id
        at = page[-1].id
        for entry in page:
            if order(entry.id) > end:
                break
            last = entry.id
            verdict = see(opening, entry.fields)
            if entry.fields.get(b"type") == b"turn_accepted":
                opening.turn.clear()
            if verdict is not Verdict.SKIP:
                opening.turn.append(entry)
    if not mark or order(mark) == order(last):
        return False
    kept_since_ms = now_ms - key.ttl_s * 1000 if first is None else order(first)[0]
    return kept_since_ms <= order(mark)[0] <= now_ms + CLOCKS_DIFFER_MS


def see(opening: Opening, fields: Fields) -> Verdict:
    """Let all that follows the events know of one that the client has."""
    kind = fields.get(b"type", b"")
    verdict = opening.feed.judge(kind, fields)
    if verdict is Verdict.SEND_AFTER_LOSS:
        opening.playlist.reset(opening.feed.epoch)
    if verdict in (Verdict.SEND, Verdict.SEND_AFTER_LOSS):
        opening.playlist.see(kind, fields, epoch_of(fields))
        opening.timeline.see(kind, fields)
    return verdict


async def _leave_out_what_is_over(bus: Bus, opening: Opening, now_ms: int, *, is_talking: bool) -> None:
    waiting = opening.playlist.waiting
    for message_id in set(opening.timeline.message_ids) - {spoken.message_id for spoken in waiting}:
        opening.timeline.note_audio_complete(message_id, None)
    for spoken in waiting:
        if await _is_over(bus, opening.conversation_id, spoken, now_ms, is_talking=is_talking):
            opening.playlist.done(spoken.message_id)
            opening.timeline.note_audio_complete(spoken.message_id, None)


async def _is_over(bus: Bus, conversation_id: str, spoken: Spoken, now_ms: int, *, is_talking: bool) -> bool:
    key = bus.keys.audio(conversation_id, spoken.message_id)
    last = await bus.last(key)
    if last is None:  # not begun, or expired: soon after the talk was over, at the latest after the key's whole life
        return spoken.after != BEGINNING or not is_talking or spoken.started_ms + key.ttl_s * 1000 < now_ms
    return is_final(last.fields) and order(spoken.after) >= order(last.id)

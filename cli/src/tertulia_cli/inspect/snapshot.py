"""Reads a conversation's data from Redis through the bus. Read-only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from tertulia_shared.bus import Bus, Claim, Entry
from tertulia_shared.codec import BadEntry, Fields, decode, decode_event, envelope
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import AudioChunk, DeadLetter, Work
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.events import MessageStarted
from tertulia_shared.keys import STAGES, Key, Stage

PAGE = 500
ALIVE_S = 3.0
"""A worker counts as alive if its last heartbeat is at most this old; workers send one every second."""
MAX_LISTED = 5_000
"""At most this many conversations are read for the list."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of an `audio` stream, without the audio data."""

    sentence_index: int
    ts: int
    pcm_bytes: int
    is_final: bool
    id: str = ""


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Unfinished work of a stage, waiting or claimed.

    `worker`: its owner ("" if unclaimed, `bus.UNASSIGNED` if requeued), which renewed its lease `idle_s` ago.
    `attempt`: number of claims.
    """

    stage: Stage
    id: str
    work: Work
    posted_ms: int
    last_failure: str
    worker: str = ""
    idle_s: float = 0.0
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A dead letter, written at `ts` (ms since 1970)."""

    id: str
    ts: int
    letter: DeadLetter


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of a conversation's streams, read at `now_ms`."""

    conversation_id: str
    now_ms: int
    state: Fields
    events: Sequence[Entry]
    turns: Sequence[Entry]
    sentences: dict[str, Sequence[Entry]] = field(default_factory=dict[str, Sequence[Entry]])
    audio: dict[str, Sequence[Piece]] = field(default_factory=dict[str, Sequence[Piece]])
    open_work: Sequence[OpenWork] = ()
    dead: Sequence[GivenUp] = ()
    receipts: Sequence[Entry] = ()
    owners: dict[str, str] = field(default_factory=dict[str, str])
    """The token of each message's current or last owner: `<work entry id>/<attempt>`."""
    workers: Sequence[str] = ()
    """The live workers: `stage:name:engine`."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in the list. `answered`: true if no turn waits."""

    id: str
    last_turn_ms: int
    last_text: str
    answered: bool


async def list_conversations(bus: Bus) -> list[Listed]:
    """The conversations that have turns, the most recent first."""
    found: list[Listed] = []
    async for id in bus.conversations_with_turns():
        last = await bus.last(bus.keys.turns(id))
        if last is not None:
            state = ConversationState(await bus.hash(bus.keys.state(id)))
            text = last.fields.get(b"text", b"").decode(errors="replace")
            answered = state.get(StateField.CURSOR) == last.id.encode()
            found.append(Listed(id, ts_of(last.fields), text, answered))
        if len(found) >= MAX_LISTED:
            break
    return sorted(found, key=lambda each: each.last_turn_ms, reverse=True)


async def take_snapshot(bus: Bus, conversation_id: str, now_ms: int) -> Snapshot:
    """Read all data of one conversation; `now_ms` is the current time."""
    keys = bus.keys
    events = [entry async for entry in entries_of(bus, keys.events(conversation_id))]
    message_ids = _begun(events)
    return Snapshot(
        conversation_id,
        now_ms,
        await bus.hash(keys.state(conversation_id)),
        events,
        [entry async for entry in entries_of(bus, keys.turns(conversation_id))],
        {id: [each async for each in entries_of(bus, keys.sentences(conversation_id, id))] for id in message_ids},
        {id: [each async for each in _pieces(bus, keys.audio(conversation_id, id))] for id in message_ids},
        await _open_work(bus, conversation_id),
        await _dead(bus, conversation_id),
        [entry async for entry in entries_of(bus, keys.receipts(conversation_id))],
        {id: await bus.owner(conversation_id, id) for id in message_ids},
        await bus.alive(ALIVE_S),
    )


async def sound_of(bus: Bus, conversation_id: str, message_id: str) -> AsyncIterator[bytes]:
    """A message's PCM chunks in order (24 kHz signed 16-bit little-endian mono)."""
    async for entry in entries_of(bus, bus.keys.audio(conversation_id, message_id)):
        yield entry.fields.get(b"audio", b"")


async def conversation_of_message(bus: Bus, asked: str) -> tuple[str, str] | None:
    """The conversation and full id of the message whose id begins with `asked`; recent conversations come first."""
    for listed in await list_conversations(bus):
        async for entry in entries_of(bus, bus.keys.events(listed.id)):
            id = entry.fields.get(b"message_id", b"").decode(errors="replace")
            if entry.fields.get(b"type") == b"message_started" and id.startswith(asked):
                return listed.id, id
    return None


async def entries_of(bus: Bus, key: Key) -> AsyncIterator[Entry]:
    """All entries of a stream, read page by page."""
    after = BEGINNING
    while page := await bus.read(key, after, count=PAGE):
        for entry in page:
            yield entry
        after = page[-1].id


async def _open_work(bus: Bus, conversation_id: str) -> list[OpenWork]:
    found: list[OpenWork] = []
    for stage in STAGES:
        held = {each.id: each for each in await bus.pending(stage)}
        async for entry in entries_of(bus, bus.keys.work(stage)):
            try:
                work = decode(Work, entry.fields)
            except BadEntry:
                continue  # written by another release
            if work.conversation_id == conversation_id:
                failure = await bus.last_failure(Claim(stage, entry.id, 0, entry.fields))
                open_work = OpenWork(stage, entry.id, work, ts_of(entry.fields), failure)
                if entry.id in held:
                    by = held[entry.id]
                    open_work = replace(open_work, worker=by.worker, idle_s=by.idle_s, attempt=by.attempt)
                found.append(open_work)
    return found


async def _dead(bus: Bus, conversation_id: str) -> list[GivenUp]:
    found: list[GivenUp] = []
    async for entry in entries_of(bus, bus.keys.dead()):
        if entry.fields.get(b"conversation_id") == conversation_id.encode():
            try:
                found.append(GivenUp(entry.id, ts_of(entry.fields), decode(DeadLetter, entry.fields)))
            except BadEntry:
                continue
    return found


def _begun(events: Sequence[Entry]) -> list[str]:
    """Ids of the started messages in order, each once."""
    found: dict[str, None] = {}
    for entry in events:
        try:
            event = decode_event(entry.fields)
        except BadEntry:
            continue  # `timeline.build` skips the entry, too
        if isinstance(event, MessageStarted):
            found[event.message_id] = None
    return list(found)


async def _pieces(bus: Bus, key: Key) -> AsyncIterator[Piece]:
    """The readable entries of an `audio` stream."""
    async for entry in entries_of(bus, key):
        try:
            chunk = decode(AudioChunk, entry.fields)
        except BadEntry:
            continue
        yield Piece(chunk.sentence_index, ts_of(entry.fields), len(chunk.audio), chunk.is_final, entry.id)


def ts_of(fields: Fields) -> int:
    """The time at which an entry was written (ms since 1970); 0 if unknown."""
    try:
        return envelope(fields).ts
    except BadEntry:
        return 0

"""Reads what Redis holds of a conversation, through the bus; nothing is written or claimed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from tertulia_shared.bus import Bus, Claim, Entry
from tertulia_shared.codec import BadEntry, Fields, decode, envelope
from tertulia_shared.entries import DeadLetter, Work
from tertulia_shared.keys import STAGES, Key, Stage

PAGE = 500
MAX_LISTED = 5_000
"""Conversations that are looked at for the list."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of an `audio` stream, without its sound."""

    sentence_index: int
    ts: int
    pcm_bytes: int
    is_final: bool


@dataclass(frozen=True, slots=True)
class OpenWork:
    """A piece of work that waits for a worker or is being worked on."""

    stage: Stage
    id: str
    work: Work
    posted_ms: int
    last_failure: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A conversation's streams as they are now; `now_ms` is when they were read."""

    conversation_id: str
    now_ms: int
    state: Fields
    events: Sequence[Entry]
    turns: Sequence[Entry]
    sentences: dict[str, Sequence[Entry]] = field(default_factory=dict[str, Sequence[Entry]])
    audio: dict[str, Sequence[Piece]] = field(default_factory=dict[str, Sequence[Piece]])
    open_work: Sequence[OpenWork] = ()
    dead: Sequence[tuple[int, DeadLetter]] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in the list. `answered`: no turn waits."""

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
            state = await bus.hash(bus.keys.state(id))
            text = last.fields.get(b"text", b"").decode(errors="replace")
            answered = state.get(b"cursor", b"").decode() == last.id
            found.append(Listed(id, _ts(last.fields), text, answered))
        if len(found) >= MAX_LISTED:
            break
    return sorted(found, key=lambda each: each.last_turn_ms, reverse=True)


async def record(bus: Bus, conversation_id: str, now_ms: int) -> Recording:
    """Everything about one conversation."""
    keys = bus.keys
    events = [entry async for entry in _entries(bus, keys.events(conversation_id))]
    message_ids = dict.fromkeys(
        entry.fields[b"message_id"].decode() for entry in events if entry.fields.get(b"type") == b"message_started"
    )
    return Recording(
        conversation_id,
        now_ms,
        await bus.hash(keys.state(conversation_id)),
        events,
        [entry async for entry in _entries(bus, keys.turns(conversation_id))],
        {id: [each async for each in _entries(bus, keys.sentences(conversation_id, id))] for id in message_ids},
        {id: [_piece(each) async for each in _entries(bus, keys.audio(conversation_id, id))] for id in message_ids},
        await _open_work(bus, conversation_id),
        await _dead(bus, conversation_id),
    )


async def _entries(bus: Bus, key: Key) -> AsyncIterator[Entry]:
    after = "0-0"
    while page := await bus.read(key, after, count=PAGE):
        for entry in page:
            yield entry
        after = page[-1].id


async def _open_work(bus: Bus, conversation_id: str) -> list[OpenWork]:
    found: list[OpenWork] = []
    for stage in STAGES:
        async for entry in _entries(bus, bus.keys.work(stage)):
            try:
                work = decode(Work, entry.fields)
            except BadEntry:
                continue  # of another release; not for us to judge
            if work.conversation_id == conversation_id:
                failure = await bus.last_failure(Claim(stage, entry.id, 0, entry.fields))
                found.append(OpenWork(stage, entry.id, work, _ts(entry.fields), failure))
    return found


async def _dead(bus: Bus, conversation_id: str) -> list[tuple[int, DeadLetter]]:
    found: list[tuple[int, DeadLetter]] = []
    async for entry in _entries(bus, bus.keys.dead()):
        if entry.fields.get(b"conversation_id", b"").decode() == conversation_id:
            try:
                found.append((_ts(entry.fields), decode(DeadLetter, entry.fields)))
            except BadEntry:
                continue
    return found


def _piece(entry: Entry) -> Piece:
    fields = entry.fields
    return Piece(
        int(fields.get(b"sentence_index", b"0")),
        _ts(fields),
        len(fields.get(b"audio", b"")),
        fields.get(b"is_final") == b"1",
    )


def _ts(fields: Fields) -> int:
    try:
        return envelope(fields).ts
    except BadEntry:
        return 0

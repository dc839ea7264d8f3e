"""Repairs a conversation's keys in the memory bus, like the script MEND in Redis."""

from __future__ import annotations

from contextlib import suppress

from tertulia_shared.bus.port.writing import Put
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.keys import Key, Keys
from tertulia_shared.testing.memory_server import TOKEN, MemoryServer, is_readable_epoch
from tertulia_shared.testing.memory_streams import id_text

FAR_MS = 24 * 3600 * 1000
RAISED = 1000
LOOKED_AT = 100
"""This many of the newest events are searched for an epoch."""
MAX_EVENT_EPOCH = 10**15


def mend(server: MemoryServer, keys: Keys, conversation_id: str, now_ms: int, *, with_owner: bool) -> list[str]:
    """Implements `port.Bus.mend`."""
    id = conversation_id
    state, turns, events = keys.state(id), keys.turns(id), keys.events(id)
    streams = {"turns": turns, "events": events, "control": keys.control(id), "receipts": keys.receipts(id)}
    owner = keys.owner(id, "turns")
    expected = {"state": (state, "hash"), **{name: (key, "stream") for name, key in streams.items()}}
    if with_owner:
        expected["owner"] = owner, "string"
    mended: list[str] = []
    for name, (key, kind) in expected.items():
        if server.kind(key.name) not in (kind, "none"):
            server.drop(key.name)
            mended.append(name)
    is_lost = "state" in mended
    far = now_ms + FAR_MS
    mended += [name for name, key in streams.items() if _rebuilt(server, key, far)]
    epoch = ConversationState(server.hash(state)).get(StateField.EPOCH)
    if is_lost or (epoch is not None and not is_readable_epoch(epoch)):
        epochs = [entry.fields.get(b"epoch", b"") for entry in server.stream(events).after((0, 0))[-LOOKED_AT:]]
        newest = max((int(raw) for raw in epochs if raw.isdigit() and int(raw) < MAX_EVENT_EPOCH), default=0)
        server.apply(Put(state, {StateField.EPOCH: newest + RAISED}), 0)
        mended.append("epoch")
    cursor = ConversationState(server.hash(state)).get(StateField.CURSOR, BEGINNING.encode()).decode(errors="replace")
    if is_lost or _is_beyond(cursor, far) or (server.kind(turns.name) != "none" and _is_behind(server, turns, cursor)):
        there = server.stream(turns).after((0, 0))
        server.apply(Put(state, {StateField.CURSOR: there[-2].id if len(there) > 1 else BEGINNING}), 0)
        mended.append("cursor")
    held = server.string(owner)
    if with_owner and held and TOKEN.fullmatch(held) is None:
        server.drop(owner.name)
        mended.append("owner")
    return mended


def _rebuilt(server: MemoryServer, key: Key, far: int) -> bool:
    stream = server.stream(key)
    if stream.last_id[0] <= far:
        return False
    entries = stream.after((0, 0))
    kept = [(entry.id, entry.fields) for entry in entries if order(entry.id)[0] <= far]
    beyond = [(None, entry.fields) for entry in entries if order(entry.id)[0] > far]
    server.rebuild(key, [*kept, *beyond[1:]])
    return True


def _is_beyond(cursor: str, far: int) -> bool:
    with suppress(ValueError):
        return id_text(order(cursor)) != cursor or order(cursor)[0] > far
    return True


def _is_behind(server: MemoryServer, turns: Key, cursor: str) -> bool:
    return order(cursor) > server.stream(turns).last_id

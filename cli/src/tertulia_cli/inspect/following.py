"""Follows streams as they grow and reports each entry; also follows new conversations and messages.

Each stream has its own task; the bus reads them all through one connection. Above `MAX_CONVERSATIONS` the conversation
that was silent for the longest is paused, and resumed at its position when there is new work on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tertulia_cli.inspect.lines import Line, LineFormatter, StreamRef
from tertulia_cli.inspect.snapshot import entries_of, list_conversations
from tertulia_shared.bus import Bus, Entry
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.ids import is_id
from tertulia_shared.keys import STAGES, Key, Keys

MAX_SEQUENCE: Final = 2**64 - 1
"""The largest sequence number of a stream id."""
POLL_S: Final = 2.0
"""Interval of the search for conversations whose work was finished before this command saw it."""
POLL_WHEN_FULL_S: Final = 30.0
"""Interval if some conversations are paused: each paused conversation costs a request."""
MAX_CONVERSATIONS: Final = 500
"""At most this many conversations are followed at once."""
MAX_PAUSED: Final = 10_000
"""The positions of this many paused conversations are kept; entries of further ones may be reported twice."""


@dataclass(slots=True)
class _Followed:
    """A conversation's open streams with the id of the last reported entry, and the tasks that read them."""

    positions: dict[Key, tuple[StreamRef, str]]
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])


class Following:
    """Follows one conversation, or all if `conversation_id` is "".

    `on_line` gets each entry, `warn` gets warnings for the user.
    """

    def __init__(
        self, bus: Bus, conversation_id: str, on_line: Callable[[Line], None], warn: Callable[[str], None]
    ) -> None:
        self._bus = bus
        self._only = conversation_id
        self._on_line = on_line
        self._warn = warn
        self._formatter = LineFormatter()
        self._followed: dict[str, _Followed] = {}
        """The followed conversations in order of activity, the longest silent one first."""
        self._paused: dict[str, dict[Key, tuple[StreamRef, str]]] = {}
        """Paused conversations with their positions."""
        self._messages: set[str] = set()
        self._began_ms = 0
        """The server's time at the start; new conversations are reported from then on."""
        self._is_warned = False

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Run until cancelled. Entries that exist at the start are not reported.

        `on_ready` is called when every entry that is written from then on will be reported.
        """
        async with asyncio.TaskGroup() as tasks:
            keys = self._bus.keys
            if self._only:
                await self._begin(tasks, self._only)
            else:
                listed = await list_conversations(self._bus)
                if len(listed) > MAX_CONVERSATIONS:
                    self._warn_once()
                for each in reversed(listed[:MAX_CONVERSATIONS]):
                    await self._begin(tasks, each.id)
            shared = [*((keys.work(stage), f"work:{stage}") for stage in STAGES), (keys.dead(), "dead")]
            if not self._only:
                shared += [(keys.store(), "store"), (keys.held_back(), "store:held")]
            for key, kind in shared:
                last = await self._bus.last(key)
                tasks.create_task(self._follow(tasks, key, StreamRef(kind), BEGINNING if last is None else last.id))
            if not self._only:
                tasks.create_task(self._poll(tasks))
            on_ready()

    async def _begin(self, tasks: asyncio.TaskGroup, id: str) -> None:
        """Follow a conversation from its current end. Only the last turn's messages can still grow."""
        keys = self._bus.keys
        events, end = keys.events(id), BEGINNING
        replies: list[str] = []
        async for entry in entries_of(self._bus, events):
            end = entry.id
            named = self._formatter.replies(entry)
            if entry.fields.get(b"type") == b"turn_started":
                replies = [each for each in named if is_id(each)]
        positions = {events: (StreamRef("events", id), end)}
        for key, ref in (*_streams(keys, id), *(each for reply in replies for each in _of_message(keys, id, reply))):
            last = None if key == events else await self._bus.last(key)
            if last is None:
                positions.setdefault(key, (ref, BEGINNING))
            elif last.fields.get(b"is_final") != b"1":
                positions[key] = ref, last.id
        self._messages.update(replies)
        ids = (at for ref, at in positions.values() if not ref.message_id)  # ids of message streams are not times
        self._began_ms = max(self._began_ms, *(order(at)[0] for at in ids))
        self._followed[id] = followed = _Followed(positions)
        for key in positions:
            self._read(tasks, followed, key)

    def _resume(self, tasks: asyncio.TaskGroup, id: str) -> None:
        """Follow a conversation with new work, from its paused position or from the start time."""
        if id in self._followed:
            self._mark_active(id)
            return
        if len(self._followed) >= MAX_CONVERSATIONS:
            self._pause(next(iter(self._followed)))
        positions = self._paused.pop(id, None) or {
            key: (ref, self._beginning) for key, ref in _streams(self._bus.keys, id)
        }
        self._followed[id] = followed = _Followed(positions)
        for key in positions:
            self._read(tasks, followed, key)

    @property
    def _beginning(self) -> str:
        return f"{self._began_ms - 1}-{MAX_SEQUENCE}" if self._began_ms else BEGINNING

    def _pause(self, id: str) -> None:
        self._warn_once()
        followed = self._followed.pop(id)
        for task in followed.tasks:
            task.cancel()
        self._paused[id] = followed.positions
        if len(self._paused) > MAX_PAUSED:
            del self._paused[next(iter(self._paused))]

    def _warn_once(self) -> None:
        if not self._is_warned:
            self._is_warned = True
            self._warn(
                f"more than {MAX_CONVERSATIONS} conversations: the longest silent ones are skipped until there is new "
                "work on them"
            )

    def _mark_active(self, id: str) -> None:
        if id in self._followed:
            self._followed[id] = self._followed.pop(id)

    async def _poll(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await asyncio.sleep(POLL_S if len(self._followed) < MAX_CONVERSATIONS else POLL_WHEN_FULL_S)
            async for id in self._bus.conversations_with_turns():
                if id not in self._followed and await self._has_new_turn(id):
                    self._resume(tasks, id)

    async def _has_new_turn(self, id: str) -> bool:
        key = self._bus.keys.turns(id)
        last = await self._bus.last(key)
        position = self._paused[id][key][1] if id in self._paused else self._beginning
        return last is not None and order(last.id) > order(position)

    def _message(self, tasks: asyncio.TaskGroup, conversation_id: str, id: str) -> None:
        followed = self._followed.get(conversation_id)
        if followed is None or id in self._messages or not is_id(id):
            return
        self._messages.add(id)
        for key, ref in _of_message(self._bus.keys, conversation_id, id):
            followed.positions[key] = ref, BEGINNING
            self._read(tasks, followed, key)

    def _read(self, tasks: asyncio.TaskGroup, followed: _Followed, key: Key) -> None:
        ref, after = followed.positions[key]
        task = tasks.create_task(self._follow(tasks, key, ref, after, followed))
        followed.tasks.add(task)
        task.add_done_callback(followed.tasks.discard)

    async def _follow(
        self, tasks: asyncio.TaskGroup, key: Key, ref: StreamRef, after: str, followed: _Followed | None = None
    ) -> None:
        follow = self._bus.follow(key, after)
        try:
            while True:
                for entry in await follow.read():  # no await in the body, so that a cancellation skips no entry
                    self._pick_up(tasks, ref, entry)
                    line = self._formatter.format(ref, entry)
                    if not self._only or line.conversation_id == self._only:
                        self._on_line(line)
                    if followed is not None:
                        self._mark_active(ref.conversation_id)
                        followed.positions[key] = ref, entry.id
                    if entry.fields.get(b"is_final") == b"1":  # a message's stream has ended
                        if followed is not None:
                            del followed.positions[key]
                        return
        finally:
            follow.close()

    def _pick_up(self, tasks: asyncio.TaskGroup, ref: StreamRef, entry: Entry) -> None:
        """Follow the messages or the conversation that an entry names for the first time."""
        if ref.kind == "events":
            for id in self._formatter.replies(entry):
                self._message(tasks, ref.conversation_id, id)
        if not ref.kind.startswith("work:"):
            return
        try:
            work = decode(Work, entry.fields)
        except BadEntry:
            return
        if not is_id(work.conversation_id) or (self._only and work.conversation_id != self._only):
            return
        self._resume(tasks, work.conversation_id)
        self._message(tasks, work.conversation_id, work.message_id)


def _streams(keys: Keys, id: str) -> Iterator[tuple[Key, StreamRef]]:
    """The conversation's own streams."""
    yield keys.events(id), StreamRef("events", id)
    yield keys.turns(id), StreamRef("turns", id)
    yield keys.control(id), StreamRef("control", id)
    yield keys.receipts(id), StreamRef("receipts", id)


def _of_message(keys: Keys, conversation_id: str, id: str) -> Iterator[tuple[Key, StreamRef]]:
    """A message's streams."""
    yield keys.sentences(conversation_id, id), StreamRef("sentences", conversation_id, id)
    yield keys.audio(conversation_id, id), StreamRef("audio", conversation_id, id)

"""Follows streams as they grow, and tells each entry. New conversations and messages are picked up as they appear.

Every stream has a task of its own; the bus reads them all through one connection. Where there are too many
conversations, the one that was silent for the longest is let go, and followed again from there when it is heard of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tertulia_cli.inspect.lines import Line, Narrator, Place
from tertulia_cli.inspect.recording import entries_of, list_conversations
from tertulia_shared.bus import Bus, Entry
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.ids import is_id
from tertulia_shared.keys import STAGES, Key, Keys

MAX_SEQUENCE: Final = 2**64 - 1
"""The last id of a millisecond ends so."""
LOOK_EVERY_S: Final = 2.0
"""For conversations whose pointer was finished before it was seen."""
LOOK_WHEN_FULL_S: Final = 30.0
"""Then there may be thousands that are not followed, and each has to be asked for."""
MAX_CONVERSATIONS: Final = 500
"""That are followed at once."""
MAX_LEFT: Final = 10_000
"""Conversations that were let go of which it is remembered how far they were told; of others some may be told again."""


@dataclass(slots=True)
class _Followed:
    """A conversation: its streams that may still grow, each with the id it was told up to, and who reads them."""

    told: dict[Key, tuple[Place, str]]
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])


class Following:
    """Follows one conversation, or (`conversation_id` "") all of them.

    `tell` gets each entry, `warn` a line for the person who looks on.
    """

    def __init__(
        self, bus: Bus, conversation_id: str, tell: Callable[[Line], None], warn: Callable[[str], None]
    ) -> None:
        self._bus = bus
        self._only = conversation_id
        self._tell = tell
        self._warn = warn
        self._narrator = Narrator()
        self._followed: dict[str, _Followed] = {}
        """The one that was silent for the longest is the first."""
        self._left: dict[str, dict[Key, tuple[Place, str]]] = {}
        """Those that were let go, with what was told of them."""
        self._messages: set[str] = set()
        self._began_ms = 0
        """The server's time when this began: what came since is told, of conversations that nobody followed then."""
        self._is_warned = False

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Until cancelled; what is there already is not told. `on_ready`: from now on everything is."""
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
                tasks.create_task(self._follow(tasks, key, Place(kind), BEGINNING if last is None else last.id))
            if not self._only:
                tasks.create_task(self._look(tasks))
            on_ready()

    async def _begin(self, tasks: asyncio.TaskGroup, id: str) -> None:
        """Follow a conversation from where it is now; of its messages only the last turn's may still grow."""
        keys = self._bus.keys
        events, end = keys.events(id), BEGINNING
        replies: list[str] = []
        async for entry in entries_of(self._bus, events):
            end = entry.id
            named = self._narrator.replies(entry)
            if entry.fields.get(b"type") == b"turn_started":
                replies = [each for each in named if is_id(each)]
        told = {events: (Place("events", id), end)}
        for key, place in (*_streams(keys, id), *(each for reply in replies for each in _of_message(keys, id, reply))):
            last = None if key == events else await self._bus.last(key)
            if last is None:
                told.setdefault(key, (place, BEGINNING))
            elif last.fields.get(b"is_final") != b"1":
                told[key] = place, last.id
        self._messages.update(replies)
        ids = (at for place, at in told.values() if not place.message_id)  # those of messages are no times
        self._began_ms = max(self._began_ms, *(order(at)[0] for at in ids))
        self._followed[id] = followed = _Followed(told)
        for key in told:
            self._read(tasks, followed, key)

    def _go_on(self, tasks: asyncio.TaskGroup, id: str) -> None:
        """There is something of this conversation: follow it, from where it was left or from when all this began."""
        if id in self._followed:
            self._heard_of(id)
            return
        if len(self._followed) >= MAX_CONVERSATIONS:
            self._let_go(next(iter(self._followed)))
        told = self._left.pop(id, None) or {
            key: (place, self._beginning) for key, place in _streams(self._bus.keys, id)
        }
        self._followed[id] = followed = _Followed(told)
        for key in told:
            self._read(tasks, followed, key)

    @property
    def _beginning(self) -> str:
        return f"{self._began_ms - 1}-{MAX_SEQUENCE}" if self._began_ms else BEGINNING

    def _let_go(self, id: str) -> None:
        self._warn_once()
        followed = self._followed.pop(id)
        for task in followed.tasks:
            task.cancel()  # and closes its follow
        self._left[id] = followed.told
        if len(self._left) > MAX_LEFT:
            del self._left[next(iter(self._left))]

    def _warn_once(self) -> None:
        if not self._is_warned:
            self._is_warned = True
            self._warn(
                f"more than {MAX_CONVERSATIONS} conversations: those that were silent for the longest are left out "
                "until there is new work on them"
            )

    def _heard_of(self, id: str) -> None:
        if id in self._followed:
            self._followed[id] = self._followed.pop(id)

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S if len(self._followed) < MAX_CONVERSATIONS else LOOK_WHEN_FULL_S)
            async for id in self._bus.conversations_with_turns():
                if id not in self._followed and await self._has_new_turn(id):
                    self._go_on(tasks, id)

    async def _has_new_turn(self, id: str) -> bool:
        key = self._bus.keys.turns(id)
        last = await self._bus.last(key)
        told = self._left[id][key][1] if id in self._left else self._beginning
        return last is not None and order(last.id) > order(told)

    def _message(self, tasks: asyncio.TaskGroup, conversation_id: str, id: str) -> None:
        followed = self._followed.get(conversation_id)
        if followed is None or id in self._messages or not is_id(id):
            return
        self._messages.add(id)
        for key, place in _of_message(self._bus.keys, conversation_id, id):
            followed.told[key] = place, BEGINNING
            self._read(tasks, followed, key)

    def _read(self, tasks: asyncio.TaskGroup, followed: _Followed, key: Key) -> None:
        place, after = followed.told[key]
        task = tasks.create_task(self._follow(tasks, key, place, after, followed))
        followed.tasks.add(task)
        task.add_done_callback(followed.tasks.discard)

    async def _follow(
        self, tasks: asyncio.TaskGroup, key: Key, place: Place, after: str, followed: _Followed | None = None
    ) -> None:
        follow = self._bus.follow(key, after)
        try:
            while True:
                for entry in await follow.read():  # nothing is awaited in here: an entry is told wholly, or not yet
                    self._pick_up(tasks, place, entry)
                    line = self._narrator.tell(place, entry)
                    if not self._only or line.conversation_id == self._only:
                        self._tell(line)
                    if followed is not None:
                        self._heard_of(place.conversation_id)
                        followed.told[key] = place, entry.id
                    if entry.fields.get(b"is_final") == b"1":  # a message's stream has ended
                        if followed is not None:
                            del followed.told[key]
                        return
        finally:
            follow.close()

    def _pick_up(self, tasks: asyncio.TaskGroup, place: Place, entry: Entry) -> None:
        """What an entry may be the first sign of: an event of messages, a pointer of a conversation or a message."""
        if place.kind == "events":
            for id in self._narrator.replies(entry):
                self._message(tasks, place.conversation_id, id)
        if not place.kind.startswith("work:"):
            return
        try:
            work = decode(Work, entry.fields)
        except BadEntry:
            return
        if not is_id(work.conversation_id) or (self._only and work.conversation_id != self._only):
            return
        self._go_on(tasks, work.conversation_id)
        self._message(tasks, work.conversation_id, work.message_id)


def _streams(keys: Keys, id: str) -> Iterator[tuple[Key, Place]]:
    """A conversation's own."""
    yield keys.events(id), Place("events", id)
    yield keys.turns(id), Place("turns", id)
    yield keys.control(id), Place("control", id)
    yield keys.receipts(id), Place("receipts", id)


def _of_message(keys: Keys, conversation_id: str, id: str) -> Iterator[tuple[Key, Place]]:
    """A message's."""
    yield keys.sentences(conversation_id, id), Place("sentences", conversation_id, id)
    yield keys.audio(conversation_id, id), Place("audio", conversation_id, id)

"""Follows streams as they grow, and tells each entry. New conversations and messages are picked up as they appear.

Every stream has a task of its own; the bus reads them all through one connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from tertulia_cli.inspect.lines import Line, Narrator, Place
from tertulia_cli.inspect.recording import entries_of, list_conversations
from tertulia_shared.bus import Bus
from tertulia_shared.codec import BadEntry, Fields, decode
from tertulia_shared.entries import Work
from tertulia_shared.ids import is_id
from tertulia_shared.keys import STAGES, Key

BEGINNING: Final = "0-0"
LOOK_EVERY_S: Final = 2.0
"""For conversations whose first pointer was finished before it was seen."""
MAX_CONVERSATIONS: Final = 500
"""That are followed at once; the most recent ones are taken."""


class Following:
    """Follows one conversation, or (`conversation_id` "") all of them."""

    def __init__(self, bus: Bus, conversation_id: str, tell: Callable[[Line], None]) -> None:
        self._bus = bus
        self._only = conversation_id
        self._tell = tell
        self._narrator = Narrator()
        self._conversations: set[str] = set()
        self._messages: set[str] = set()

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Until cancelled; what is there already is not told. `on_ready`: from now on everything is."""
        async with asyncio.TaskGroup() as tasks:
            keys = self._bus.keys
            if self._only:
                await self._conversation(tasks, self._only, new=False)
            else:
                for listed in (await list_conversations(self._bus))[:MAX_CONVERSATIONS]:
                    await self._conversation(tasks, listed.id, new=False)
            for key, kind in (*((keys.work(stage), f"work:{stage}") for stage in STAGES), (keys.dead(), "dead")):
                await self._stream(tasks, key, Place(kind), new=False)
            if not self._only:
                await self._stream(tasks, keys.store(), Place("store"), new=False)
                tasks.create_task(self._look(tasks))
            on_ready()

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            async for id in self._bus.conversations_with_turns():
                await self._conversation(tasks, id, new=True)

    async def _conversation(self, tasks: asyncio.TaskGroup, id: str, *, new: bool) -> None:
        if id in self._conversations or len(self._conversations) >= MAX_CONVERSATIONS:
            return
        self._conversations.add(id)
        keys = self._bus.keys
        if not new:  # only the last turn's messages may still grow
            replies: list[str] = []
            async for entry in entries_of(self._bus, keys.events(id)):
                named = self._narrator.replies(entry)
                replies = named if entry.fields.get(b"type") == b"turn_started" else replies
            for message_id in replies:
                await self._message(tasks, id, message_id, new=False)
        for key, kind in (
            (keys.events(id), "events"), (keys.turns(id), "turns"), (keys.control(id), "control"),
            (keys.receipts(id), "receipts"),
        ):  # fmt: skip
            await self._stream(tasks, key, Place(kind, id), new=new)

    async def _message(self, tasks: asyncio.TaskGroup, conversation_id: str, id: str, *, new: bool) -> None:
        if id in self._messages or not is_id(id):
            return
        self._messages.add(id)
        keys = self._bus.keys
        for key, kind in (
            (keys.sentences(conversation_id, id), "sentences"),
            (keys.audio(conversation_id, id), "audio"),
        ):
            await self._stream(tasks, key, Place(kind, conversation_id, id), new=new)

    async def _stream(self, tasks: asyncio.TaskGroup, key: Key, place: Place, *, new: bool) -> None:
        """Follow it: from its beginning if it is new, else from its end (unless that is its last entry for good)."""
        last = None if new else await self._bus.last(key)
        if last is not None and last.fields.get(b"is_final") == b"1":
            return
        tasks.create_task(self._follow(tasks, key, place, BEGINNING if last is None else last.id))

    async def _follow(self, tasks: asyncio.TaskGroup, key: Key, place: Place, after: str) -> None:
        follow = self._bus.follow(key, after)
        try:
            while True:
                for entry in await follow.read():
                    await self._pick_up(tasks, place, entry.fields)
                    if place.kind == "events":
                        for id in self._narrator.replies(entry):
                            await self._message(tasks, place.conversation_id, id, new=True)
                    line = self._narrator.tell(place, entry)
                    if not self._only or line.conversation_id == self._only:
                        self._tell(line)
                    if entry.fields.get(b"is_final") == b"1":
                        return  # a message's stream has ended
        finally:
            follow.close()

    async def _pick_up(self, tasks: asyncio.TaskGroup, place: Place, fields: Fields) -> None:
        """A pointer that was posted may be the first sign of a conversation, or of a message."""
        if not place.kind.startswith("work:"):
            return
        try:
            work = decode(Work, fields)
        except BadEntry:
            return
        if not is_id(work.conversation_id) or (self._only and work.conversation_id != self._only):
            return
        await self._conversation(tasks, work.conversation_id, new=True)
        if work.message_id:
            await self._message(tasks, work.conversation_id, work.message_id, new=True)

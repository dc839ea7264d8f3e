"""Warns the client when no live tts worker can speak a message.

The work of the message stays in the queue: a worker that comes later speaks it, unless it was interrupted meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from tertulia_shared.bus import Append, Bus, BusError, Condition, WriteRefused, WritesPaused
from tertulia_shared.conversation_state import StateField
from tertulia_shared.events import Warn
from tertulia_shared.speech_workers import Speakers, speakers_of

CHECK_S: Final = 0.5
ALIVE_S: Final = 2.0
"""A worker counts as away if its last heartbeat is older than this: it has missed one."""
FIRST_CHECK_S: Final = 1.0
"""A message is checked from so long after its post on,"""
LAST_CHECK_S: Final = 2.6
"""until so long after it: within that time, `ALIVE_S` has passed since the last heartbeat of a worker that died before
the post."""
READ_AGAIN_S: Final = 5.0
MAX_WATCHED: Final = 1_000

log = logging.getLogger(__name__)


def now() -> float:
    """The loop's monotonic time, in seconds."""
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message that a tts worker should speak. `epoch`: of its turn."""

    conversation_id: str
    message_id: str
    voice_id: str
    character_name: str
    epoch: int


class AbsentVoices:
    """Watches the messages that were posted within the last seconds."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._watched: dict[PostedMessage, float] = {}
        """When each message was posted."""
        self._has_messages = asyncio.Event()
        self._warned: dict[tuple[str, int, str], None] = {}
        self._members: Sequence[str] = ()
        self._speakers = Speakers()
        self._read_at = float("-inf")

    def watch(self, message: PostedMessage) -> None:
        """Warn the client within three seconds if no live worker can speak the message."""
        if len(self._watched) < MAX_WATCHED:
            self._watched[message] = now()
            self._has_messages.set()

    async def follow(self) -> NoReturn:
        """Check the watched messages, until cancelled. Without messages, it reads nothing."""
        is_logged = False
        while True:
            await self._has_messages.wait()
            await asyncio.sleep(CHECK_S)
            try:
                await self._check()
                is_logged = False
            except BusError as error:
                if isinstance(error, WriteRefused) and not isinstance(error, WritesPaused):
                    self._watched.clear()  # the Redis user is of an older release, without the right for this key
                if not is_logged:
                    log.warning("the speech workers cannot be read: %s", error)
                is_logged = True
            if not self._watched:
                self._has_messages.clear()

    async def _check(self) -> None:
        at = now()
        due = [message for message, posted_at in self._watched.items() if at - posted_at >= FIRST_CHECK_S]
        if not due:
            return
        speakers = await self._read()
        for message in due:
            if speakers.absent([message.voice_id]):
                del self._watched[message]
                await self._warn(message, has_workers=bool(speakers.workers))
            elif at - self._watched[message] >= LAST_CHECK_S:
                del self._watched[message]

    async def _read(self) -> Speakers:
        members = [each for each in await self._bus.alive(ALIVE_S) if each.startswith("tts:")]
        if sorted(members) != self._members or now() - self._read_at > READ_AGAIN_S or not self._speakers.is_complete:
            keys = self._bus.keys
            entries, published = await asyncio.gather(
                self._bus.hash(keys.speech_workers()), self._bus.hash(keys.voices())
            )
            self._speakers = speakers_of(members, entries, published)
            self._members, self._read_at = sorted(members), now()
        return self._speakers

    async def _warn(self, message: PostedMessage, *, has_workers: bool) -> None:
        keys, turn = self._bus.keys, (message.conversation_id, message.epoch, message.voice_id if has_workers else "")
        if turn in self._warned or await self._bus.last(keys.audio(message.conversation_id, message.message_id)):
            return
        if len(self._warned) >= MAX_WATCHED:
            del self._warned[next(iter(self._warned))]
        self._warned[turn] = None
        applied = await self._bus.transact(
            message.conversation_id,
            [Append(keys.events(message.conversation_id), stage_away(message, has_workers=has_workers))],
            # another epoch means that the user has interrupted this reply, or that Redis has lost it
            given=[Condition(StateField.EPOCH, str(message.epoch))],
        )
        if applied.new:
            ids = {"message_id": message.message_id, "voice": message.voice_id}
            log.warning("no speech worker can speak a message", extra=ids)


def stage_away(message: PostedMessage, *, has_workers: bool) -> Warn:
    """The warning that a message is shown, but not heard for now."""
    if not has_workers:
        text = "No speech engine is running, so replies are shown but not heard. Start a tts worker."
    else:
        text = (
            f"No speech engine that has {message.character_name}'s voice ({message.voice_id}) is running, so the reply "
            "is shown but not heard. Start that engine, or choose another voice for this character."
        )
    return Warn("stage_away", text)

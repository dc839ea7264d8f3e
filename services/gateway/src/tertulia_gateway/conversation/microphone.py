"""Writes the client's microphone audio into the `mic` stream of a listening session.

The task that receives the client's frames only appends chunks to a bounded queue. Another task writes the queued chunks
in batches; chunks that arrive meanwhile form the next batch. Entry ids are assigned when a chunk is queued, so a batch
whose write had an unknown outcome can be written again: Redis refuses the entries that it already has.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tertulia_shared.bus import Bus, BusError, WritesPaused
from tertulia_shared.entries import MicChunk, Work
from tertulia_shared.ids import new_id

MAX_WAITING = 1_500
"""Chunks queued while Redis is unavailable: 30 s at the smallest usual frame (20 ms). The oldest are dropped first."""
FIRST_BACKOFF_S, MAX_BACKOFF_S = 0.05, 0.25

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Begin:
    conversation_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class _Chunk:
    conversation_id: str
    session_id: str
    id: str
    entry: MicChunk


class Microphone:
    """One connection's microphone; it has at most one open session.

    `on_unavailable` is called after each failed attempt to write.
    """

    def __init__(self, bus: Bus, on_unavailable: Callable[[], Awaitable[None]]) -> None:
        self._bus = bus
        self._on_unavailable = on_unavailable
        self._waiting: deque[tuple[int, _Begin | _Chunk]] = deque()
        self._queued = 0
        self._woken = asyncio.Event()
        self._conversation_id = ""
        self._session_id = ""
        self._final: _Chunk | None = None
        """The final entry of the stopped session, kept until the session's `listening_stopped` event has come."""
        self._chunks = 0

    @property
    def session_id(self) -> str:
        """The open session; "" if there is none."""
        return self._session_id

    def start(self, conversation_id: str) -> str:
        """Begin a session. If another session is open, end that one. Returns the new session's id."""
        self.stop("stopped")
        self._conversation_id, self._session_id, self._chunks = conversation_id, new_id(), 0
        self._queue(_Begin(conversation_id, self._session_id))
        return self._session_id

    def redis_lost_data(self) -> None:
        """Post the session's work pointer again, and write the session's final entry again if it was stopped.
        Idempotent. If the final entry is all that a worker finds, the worker reports the end of the session, so that
        the client does not wait for it.
        """
        if self._session_id:
            self._queue(_Begin(self._conversation_id, self._session_id))
        elif self._final is not None:
            self._queue(_Begin(self._final.conversation_id, self._final.session_id))
            self._queue(self._final)

    def ended(self, session_id: str) -> None:
        """Forget this session, because its `listening_stopped` event has come. If the session is still open, the worker
        has ended it (no PCM came for a while, or the recognizer failed), so further PCM would not be read.
        """
        if session_id == self._session_id:
            self._session_id = ""
        if self._final is not None and session_id == self._final.session_id:
            self._final = None
        if session_id:
            self._waiting = deque(each for each in self._waiting if each[1].session_id != session_id)

    def feed(self, pcm: bytes) -> None:
        """Queue PCM of the open session."""
        self._chunk(MicChunk(pcm))

    def stop(self, cause: str) -> None:
        """End the open session, if there is one; `cause` is "stopped" or "abandoned"."""
        if self._session_id:
            end = MicChunk(b"", is_final=True, cause="stopped" if cause == "stopped" else "abandoned")
            self._final, self._session_id = self._chunk(end), ""

    async def run(self) -> None:
        """Write queued items until cancelled, retrying while Redis is unavailable."""
        backoff_s = FIRST_BACKOFF_S
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self.flush()
                backoff_s = FIRST_BACKOFF_S
            except BusError as error:
                if not isinstance(error, WritesPaused):  # the writes probe has logged the outage and warned the client
                    log.warning(
                        "microphone audio cannot be written yet: %s", error, extra={"session_id": self._session_id}
                    )
                    await self._on_unavailable()
                await asyncio.sleep(backoff_s)
                backoff_s = min(MAX_BACKOFF_S, backoff_s * 2)
                self._woken.set()

    async def flush(self) -> None:
        """Write all queued items.

        Raises:
            BusUnavailable, WriteRefused: items that could not be written stay queued.
        """
        while self._waiting:
            batch = list(self._waiting)
            await self._write([item for _, item in batch])
            last = batch[-1][0]
            while self._waiting and self._waiting[0][0] <= last:
                self._waiting.popleft()

    async def _write(self, batch: list[_Begin | _Chunk]) -> None:
        outlet = self._bus.outlet()
        for item in batch:
            if isinstance(item, _Begin):
                # posting twice is harmless: a worker that claims a second pointer finds that the session has an owner
                await self._bus.post("stt", Work(item.conversation_id, session_id=item.session_id))
            else:
                outlet.append(self._bus.keys.mic(item.conversation_id, item.session_id), item.entry, id=item.id)
        await outlet.flush()

    def _chunk(self, entry: MicChunk) -> _Chunk:
        self._chunks += 1
        chunk = _Chunk(self._conversation_id, self._session_id, f"{self._chunks}-0", entry)
        self._queue(chunk)
        return chunk

    def _queue(self, item: _Begin | _Chunk) -> None:
        self._queued += 1
        self._waiting.append((self._queued, item))
        if len(self._waiting) > MAX_WAITING:
            self._drop_oldest()
        self._woken.set()

    def _drop_oldest(self) -> None:
        # never drop the begin or end of a session: the worker would wait for the missing end
        for index, (_, item) in enumerate(self._waiting):
            if isinstance(item, _Chunk) and not item.entry.is_final:
                del self._waiting[index]
                return
        self._waiting.popleft()

"""The rig's WebSocket client: it reconnects, resumes, resends unaccepted messages, and misbehaves if told to."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.chaos.rig.frame_checks import FrameChecker, Turn

RETRY_S = 0.1
REPLACED = 4001
RECEIPT_EVERY = 6
"""Number of frames between two receipts. The gateway keeps about twenty receipts a second."""
IN_MID_CHUNK = 0.7
"""The share of the receipts that end within a chunk."""


class ConnectionBroke(Exception):
    """Raised when the connection breaks during a send."""


class Client:
    """The connection of one user. `arrivals`: the time of each event and audio frame (monotonic seconds)."""

    def __init__(self, checker: FrameChecker, urls: Callable[[], Sequence[str]], dice: random.Random) -> None:
        self.checker = checker
        self.arrivals: list[float] = []
        self.reported: dict[str, int] = {}
        """For each message, how many sentences the receipts report as played, completely or in part."""
        self.sent_receipts: set[tuple[str, int, int, int, int]] = set()
        """All receipts sent: message, sentence, chunk, played milliseconds, samples after the chunk."""
        self.breaks = 0
        """How many times the connection was lost."""
        self.was_refused = False
        """True if the error `unavailable` came: the last command may be lost, although the connection is open."""
        self._urls = urls
        self._dice = dice
        self._socket: ClientConnection | None = None
        self._replacing = False
        self._slow_until = 0.0
        self._without_marks = False
        self._news = asyncio.Event()
        self._unaccepted: dict[str, dict[str, Any]] = {}
        self._frames = 0

    # -- what the user does

    async def say(self, text: str, turn_id: str) -> None:
        """Send a message. It is sent again on each new connection, until it is accepted."""
        await self.begin(turn_id, "user_message", {"text": text})

    async def begin(self, turn_id: str, command: str, data: Mapping[str, Any]) -> None:
        """Begin a turn with a command. It is sent again on each new connection, until it is accepted."""
        turn = self.checker.turn(turn_id, data.get("text", ""))
        turn.command = command
        self._unaccepted[turn_id] = {"type": command, "data": {**data, "turn_id": turn_id}}
        await self.repeat()

    async def send(self, kind: str, **data: Any) -> None:
        """Send a command once.

        Raises:
            ConnectionBroke: the connection broke. The server may have received the command or not.
        """
        await self.send_raw(json.dumps({"type": kind, "data": data}))

    async def send_raw(self, frame: str | bytes) -> None:
        """Send a frame once, unchanged."""
        await self.until(lambda: self._socket is not None, 60.0)
        if self._socket is None:
            raise ConnectionBroke
        try:
            await self._socket.send(frame)
        except ConnectionClosed:
            raise ConnectionBroke from None

    def forget(self, turn_id: str) -> None:
        """Do not send this message again."""
        self._unaccepted.pop(turn_id, None)

    async def until(self, test: Callable[[], object], seconds: float) -> bool:
        """Wait until `test()` is true. Returns False if it is not true after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not test():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    # -- faults of the connection

    def cut(self, *, in_mid_frame: bool = False) -> None:
        """Abort the connection, possibly in the middle of a frame from the client."""
        if self._socket is not None:
            if in_mid_frame:
                self._socket.transport.write(b"\x81\xfe\x01\x00half of a masked header and")
            self._socket.transport.abort()

    def read_slowly(self, seconds: float) -> None:
        """Read nothing for this time."""
        self._slow_until = time.monotonic() + seconds

    def take_over(self) -> None:
        """Resume in a second tab. The gateway must close this connection with 4001."""
        self._replacing = True
        self._news.set()

    def reload(self) -> None:
        """Reload the page: the client keeps only the id of the conversation."""
        self._without_marks = True
        self.cut()

    # -- the connection

    async def run(self) -> None:
        """Connect and read. After each disconnection, connect to the next gateway. Runs until cancelled."""
        turn = self._dice.randrange(8)
        while True:
            urls = self._urls()
            turn += 1
            if not urls:
                await asyncio.sleep(RETRY_S)
                continue
            try:
                async with connect(
                    urls[turn % len(urls)] + self._query(), proxy=None, compression=None, max_size=None,
                    open_timeout=10, close_timeout=1, ping_interval=None,
                ) as socket:  # fmt: skip
                    await self._converse(socket)
            except* (OSError, EOFError, ConnectionClosed, InvalidHandshake, InvalidMessage, TimeoutError):
                pass  # an exception group, if a second tab was open
            finally:
                self._socket = None
                self.breaks += 1
                self._news.set()
            await asyncio.sleep(RETRY_S)

    def _query(self) -> str:
        if self._without_marks and self.checker.conversation_id:
            self._without_marks = False
            self.checker.reloaded()
            return f"?conversation_id={self.checker.conversation_id}"
        return self.checker.query()

    async def _converse(self, socket: ClientConnection) -> None:
        started = False
        while True:
            if self._replacing:
                await self._replace(socket)
                return
            if (wait := self._slow_until - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            raw = await socket.recv()
            frame: dict[str, Any] = json.loads(raw) if isinstance(raw, str) else msgpack.unpackb(raw)
            if self._replacing:
                continue  # ignore the frames that the first tab still receives: the second tab receives them again
            self.checker.feed(frame)
            self.was_refused |= frame["type"] == "error" and frame["code"] == "unavailable"
            if frame["type"] == "audio" or "event_id" in frame:
                self.arrivals.append(time.monotonic())
            if not started and frame["type"] == "conversation_started":
                started = True
                self._socket = socket
                await self.repeat()
            await self._receipt(socket, frame)
            self._news.set()

    async def _replace(self, first: ClientConnection) -> None:
        """Open the second tab. The gateway must close the first tab's connection with 4001."""
        self._replacing = False
        urls = self._urls()
        async with (
            connect(
                self._dice.choice(urls) + self.checker.query(), proxy=None, compression=None, max_size=None,
                open_timeout=10, close_timeout=1, ping_interval=None,
            ) as second,
            asyncio.TaskGroup() as tasks,
        ):  # fmt: skip
            tasks.create_task(self._drained(first))
            tasks.create_task(self._converse(second))

    async def _drained(self, first: ClientConnection) -> None:
        try:
            async with asyncio.timeout(60):
                while True:
                    await first.recv()
        except ConnectionClosed:
            return
        except TimeoutError:
            self.checker.complain("wrong", "the first tab was not closed after a second one took over")

    async def repeat(self) -> None:
        """Send unaccepted messages again."""
        for turn_id, command in list(self._unaccepted.items()):
            if self.checker.turn(turn_id).accepted:
                del self._unaccepted[turn_id]
            elif self._socket is not None:
                try:
                    await self._socket.send(json.dumps(command))
                except ConnectionClosed:
                    return  # it is sent again on the next connection

    async def _receipt(self, socket: ClientConnection, frame: Mapping[str, Any]) -> None:
        if frame["type"] not in ("audio", "audio_complete"):
            return
        self._frames += 1
        message = self.checker.messages.get(frame["message_id"])
        if message is None or not message.chunks or (frame["type"] == "audio" and self._frames % RECEIPT_EVERY):
            return
        sentence, chunk = message.chunks[-1]
        unplayed = next_samples = 0
        if frame["type"] == "audio" and len(message.chunks) > 1 and self._dice.random() < IN_MID_CHUNK:
            samples = len(message.sounds[message.chunks[-1]]) // 2
            next_samples = self._dice.randrange(samples)
            unplayed = samples - next_samples
            sentence, chunk = message.chunks[-2]
        played_ms = (sum(map(len, message.pcm.values())) - 2 * unplayed) // 48
        # the chunk after `chunk` may belong to the next sentence, and even hold the whole of it
        last_begun = message.chunks[-1][0] if next_samples else sentence
        self.reported[message.message_id] = max(self.reported.get(message.message_id, 0), last_begun + 1)
        self.sent_receipts.add((message.message_id, sentence, chunk, played_ms, next_samples))
        data = {
            "message_id": message.message_id, "sentence_index": sentence, "chunk_index": chunk, "played_ms": played_ms,
        }  # fmt: skip
        if next_samples:
            data["next_samples"] = next_samples
        try:
            await socket.send(json.dumps({"type": "playback", "data": data}))
        except ConnectionClosed:
            return


def in_progress(checker: FrameChecker) -> list[Turn]:
    """The turns that are not complete and not interrupted."""
    return [turn for turn in checker.turns.values() if not checker.is_done(turn) and not turn.interrupted]

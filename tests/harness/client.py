"""A client that behaves like the page: it reconnects, resumes, resends unaccepted messages, and checks every frame."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tertulia_shared.exception_groups import first_error
from tests.harness.eventually import PATIENCE_S
from tests.harness.service_process import Process
from tests.harness.sound import FRAME_MS, frames, recording, silence
from tests.harness.talk_record import Record

RETRY_S = 0.05
REPLACED = 4001
ENDING_MS = 1500
"""Silence after the spoken words, so that the recognizer finds the end of the utterance."""
AT_ONCE_MS = 4900
"""ms of sound that are sent at once: the gateway accepts 5 s faster than real time, and drops part of the rest."""


class TalkClient:
    """One client. A background task reads the frames; `record` keeps and checks them."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.record = Record()
        self.close_code: int | None = None
        """The code of a final close (another client took over)."""
        self.connections = 0
        self._urls = list(urls)
        self._url = self._urls[0]
        self._socket: ClientConnection | None = None
        self._news = asyncio.Event()
        self._unaccepted: dict[str, str] = {}

    # -- input of the user

    async def send(self, kind: str, **data: Any) -> None:
        """Send a command; it is not resent if the connection breaks."""
        await self.send_raw(json.dumps({"type": kind, "data": data}))

    async def send_raw(self, frame: str | bytes) -> None:
        """Send a frame unchanged."""
        await self.until(lambda: self._socket is not None, "a connection")
        assert self._socket is not None
        await self._socket.send(frame)

    async def say(self, text: str, turn_id: str) -> str:
        """Send a message, and resend it until it is accepted; returns `turn_id`."""
        self._unaccepted[turn_id] = text
        await self._repeat(turn_id, text)
        await self.until(lambda: turn_id in self.record.turns_accepted, "turn_accepted")
        self._unaccepted.pop(turn_id, None)
        return turn_id

    async def hears(self, text: str, turn_id: str) -> None:
        """Send a message, and wait for the whole answer, text and sound."""
        await self.say(text, turn_id)
        await self.until_done(turn_id)

    async def speak(self, name: str) -> None:
        """Send a WAV of tests/fixtures, as `speak_pcm` does."""
        await self.speak_pcm(recording(name))

    async def speak_pcm(self, pcm: bytes) -> None:
        """Send PCM of a microphone as fast as possible, followed by silence up to `AT_ONCE_MS`.

        The gateway accepts that much at any speed. `stop_listening` ends an utterance that the silence has not ended.
        """
        most = AT_ONCE_MS // FRAME_MS
        assert sum(1 for _ in frames(pcm)) <= most, "the recording is too long to be spoken at once"
        await self.send("start_listening")
        for frame in islice(frames(pcm + silence(ENDING_MS)), most):
            await self.send_raw(frame)
        await self.send("stop_listening")

    def drop(self) -> None:
        """Abort the connection without a close frame."""
        if self._socket is not None:
            self._socket.transport.abort()

    def go_to(self, urls: Sequence[str]) -> None:
        """Connect to these addresses from now on."""
        self._urls[:] = urls

    def connected_to(self, gateways: Sequence[Process]) -> Process:
        """The gateway, among `gateways`, that this client is connected to."""
        return next(gateway for gateway in gateways if f":{gateway.port}/" in self._url)

    # -- received frames

    async def until(self, test: Callable[[], object], what: str) -> None:
        """Wait until `test()` is true; fails at once if the record has a fault."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not test():
                    self.check()
                    assert self.close_code is None, f"closed with {self.close_code} while waiting for {what}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{what} did not come; the last frames:\n{self.record.tail()}") from None
        self.check()

    async def until_event(self, kind: str, nth: int = 1) -> dict[str, Any]:
        """The `nth` frame of a type, counted over all connections of this client."""
        await self.until(lambda: len(self.record.of(kind)) >= nth, f"{kind} ({nth})")
        return self.record.of(kind)[nth - 1]

    async def until_done(self, turn_id: str) -> None:
        """Wait for all text and sound of the turn."""
        await self.until(lambda: self.record.turn_is_done(turn_id), f"the whole answer to {turn_id}")

    async def until_frames(self, count: int) -> None:
        """Wait until this many frames have arrived in all."""
        await self.until(lambda: len(self.record.frames) >= count, f"frame {count}")

    async def until_closed(self) -> int:
        """Wait for a final close; returns its code."""
        await self.until(lambda: self.close_code is not None, "the close")
        assert self.close_code is not None
        return self.close_code

    def check(self) -> None:
        """Fail if the record has a fault."""
        assert not self.record.faults, "\n".join(self.record.faults[:5])

    # -- the connection

    async def run(self) -> None:
        """Connect, read, and reconnect at the next address, until a final close or cancellation."""
        attempt = 0
        while self.close_code is None:
            self._url = self._urls[attempt % len(self._urls)]
            attempt += 1
            url = self._url + _joined(self._url, self.record.resume_query())
            try:
                async with connect(url, proxy=None, compression=None, max_size=None, open_timeout=5) as socket:
                    self.connections += 1
                    await self._converse(socket)
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                await asyncio.sleep(RETRY_S)
            finally:
                self._socket = None

    async def _converse(self, socket: ClientConnection) -> None:
        try:
            started = False
            async for raw in socket:
                self.record.feed(json.loads(raw) if isinstance(raw, str) else msgpack.unpackb(raw))
                if not started and self.record.frames[-1]["type"] == "conversation_started":
                    started = True
                    self._socket = socket
                    for turn_id, text in self._unaccepted.items():
                        await self._repeat(turn_id, text)
                self._news.set()
        finally:
            if socket.close_code == REPLACED:
                self.close_code = REPLACED
            self._news.set()

    async def _repeat(self, turn_id: str, text: str) -> None:
        if turn_id not in self.record.turns_accepted and self._socket is not None:
            try:
                await self._socket.send(
                    json.dumps({"type": "user_message", "data": {"text": text, "turn_id": turn_id}})
                )
            except ConnectionClosed:
                return  # the next connection resends it


def _joined(url: str, query: str) -> str:
    return f"&{query[1:]}" if query and "?" in url else query


@asynccontextmanager
async def talk(*urls: str) -> AsyncGenerator[TalkClient]:
    """A connected client with a new conversation. At the end the test fails if the record has a fault."""
    client = TalkClient(urls)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(client.run())
            try:
                await client.until(lambda: client.record.conversation_id, "conversation_started")
                yield client
            finally:
                running.cancel()
    except BaseExceptionGroup as group:
        raise first_error(group) from None
    client.check()

"""Logs the frames of the page's WebSockets, which the browser reports as network events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgpack
from playwright.async_api import Page, WebSocket

from tests.harness.talk_record import Record

FNV_START, FNV_PRIME = 0x811C9DC5, 0x01000193


@dataclass
class Connection:
    """One WebSocket."""

    url: str
    received: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    closed: bool = False


class SocketLog:
    """All connections of a page, in order."""

    def __init__(self, page: Page) -> None:
        self.connections: list[Connection] = []
        self.sent: list[dict[str, Any]] = []
        """The commands that the page has sent. A binary frame is logged as `{"type": "pcm"}`."""
        page.on("websocket", self._opened)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The received events of this type, or the audio frames if `kind` is "audio"."""
        return [frame for frame in self._received() if frame["type"] == kind]

    def commands(self, kind: str) -> list[dict[str, Any]]:
        """The `data` of all commands of this type that the page has sent."""
        return [command.get("data", {}) for command in self.sent if command["type"] == kind]

    def restart(self) -> list[dict[str, Any]]:
        """Forget all connections, because the page is about to be reloaded. Returns the commands sent so far, as a list
        to which late commands are still added.
        """
        sent, self.connections, self.sent = self.sent, [], []
        return sent

    def record(self) -> Record:
        """The record of the open conversation. It checks the frames for wrong order, gaps, repetitions and wrong
        epochs.
        """
        begin, frames = 0, list(self._received())
        for at, frame in enumerate(frames):
            if frame["type"] == "conversation_started" and frame["conversation_id"] != frames[begin].get(
                "conversation_id"
            ):
                begin = at
        record = Record()
        for frame in frames[begin:]:
            record.feed(frame)
        return record

    def _received(self) -> Iterator[dict[str, Any]]:
        for connection in self.connections:
            yield from connection.received

    def _opened(self, socket: WebSocket) -> None:
        connection, log = Connection(socket.url), self.sent
        self.connections.append(connection)

        def sent(payload: str | bytes) -> None:
            command = json.loads(payload) if isinstance(payload, str) else {"type": "pcm", "data": {"pcm": payload}}
            log.append(command)

        def received(payload: str | bytes) -> None:
            connection.received.append(json.loads(payload) if isinstance(payload, str) else msgpack.unpackb(payload))

        def closed(_: WebSocket) -> None:
            connection.closed = True

        socket.on("framesent", sent)
        socket.on("framereceived", received)
        socket.on("close", closed)


def checksum(pcm: bytes) -> int:
    """FNV-1a over 16-bit samples, as in the page's playback (`audio/playout.ts`)."""
    value = FNV_START
    for sample in memoryview(pcm).cast("H"):
        value = ((value ^ sample) * FNV_PRIME) & 0xFFFFFFFF
    return value

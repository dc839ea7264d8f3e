"""One WebSocket connection as its client leaves it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from tertulia_gateway.commands import NewConversation
from tertulia_gateway.ws.connection import Connection
from tertulia_shared.events import TurnComplete
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.gateway.gateway_context import gateway_context

M = "aaaaaaaa-0000-4000-8000-000000000001"
A_MESSAGE = ("user_message", {"text": "Hello?"})


def receipt(chunk: int) -> tuple[str, dict[str, Any]]:
    """The frame of a receipt."""
    return "playback", {"message_id": M, "sentence_index": 0, "chunk_index": chunk, "played_ms": 100 * chunk}


class Hanging(MemoryBus):
    """While it hangs, it does not answer to what a user says."""

    hangs = False

    async def transact(self, *args: Any, **kwargs: Any) -> Any:
        if self.hangs:
            await asyncio.Event().wait()
        return await super().transact(*args, **kwargs)


class Line:
    """A client's line: what it sends waits in a queue, as at the server. Nothing can be sent once it is `cut`."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Message] = asyncio.Queue()
        self.told: list[dict[str, Any]] = []
        self.cut = False
        self.socket = WebSocket({"type": "websocket", "headers": []}, self.queue.get, self._send)

    async def _send(self, message: Message) -> None:
        if self.cut:
            raise OSError("the client has gone")
        if message["type"] == "websocket.send":
            self.told.append(json.loads(message["text"]))

    def frames(self, *frames: tuple[str, dict[str, Any]]) -> None:
        """Text frames come in."""
        for kind, data in frames:
            self.queue.put_nowait({"type": "websocket.receive", "text": json.dumps({"type": kind, "data": data})})


async def receipts_kept(*frames: tuple[str, dict[str, Any]], told_of_the_end: bool) -> Sequence[int]:
    """The chunks of the receipts in Redis, of a client whose line drops while these frames wait behind a message."""
    bus, line = Hanging(Keys("test"), clock=now), Line()
    store = MemoryStore()
    await store.open()
    ctx = gateway_context(bus, store, clock=now)
    line.queue.put_nowait({"type": "websocket.connect"})
    await line.socket.accept()
    serving = asyncio.create_task(Connection(line.socket, ctx).serve(NewConversation()))
    await settle()
    conversation_id = line.told[0]["conversation_id"]
    bus.hangs = True
    line.frames(A_MESSAGE)
    await settle()  # the connection waits for Redis: what comes now is not read
    line.frames(*frames)
    line.cut = True
    if told_of_the_end:
        line.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
    outlet = bus.outlet()
    outlet.append(bus.keys.events(conversation_id), TurnComplete("t"))  # cannot be sent: the connection ends
    await outlet.flush()
    await asyncio.wait_for(serving, 10)
    await settle()
    entries = await bus.read(bus.keys.receipts(conversation_id))
    return [int(entry.fields[b"chunk_index"]) for entry in entries]


@pytest.mark.parametrize("told_of_the_end", [True, False])
@virtual_time
async def test_the_newest_receipt_that_came_before_the_line_dropped_counts(*, told_of_the_end: bool) -> None:
    kept = await receipts_kept(receipt(0), receipt(1), ("interrupt", {}), receipt(2), told_of_the_end=told_of_the_end)
    assert kept == [2]


@virtual_time
async def test_a_receipt_behind_a_change_of_conversation_is_not_written_to_the_one_before() -> None:
    kept = await receipts_kept(receipt(3), ("new_conversation", {}), receipt(4), told_of_the_end=True)
    assert kept == [3]


@virtual_time
async def test_a_client_that_leaves_without_receipts_leaves_none() -> None:
    assert await receipts_kept(("no such type", {}), told_of_the_end=True) == []

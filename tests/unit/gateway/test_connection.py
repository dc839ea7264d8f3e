"""A client disconnects while the gateway has not read its last receipts."""

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
    """A bus whose transactions do not return as long as `hangs` is set."""

    hangs = False

    async def transact(self, *args: Any, **kwargs: Any) -> Any:
        if self.hangs:
            await asyncio.Event().wait()
        return await super().transact(*args, **kwargs)


class ClientSocket:
    """A WebSocket whose client is the test. The client's frames wait in a queue. After `cut`, the gateway cannot send
    any more.
    """

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Message] = asyncio.Queue()
        self.received: list[dict[str, Any]] = []
        self.cut = False
        self.socket = WebSocket({"type": "websocket", "headers": []}, self.queue.get, self._send)

    async def _send(self, message: Message) -> None:
        if self.cut:
            raise OSError("the client has gone")
        if message["type"] == "websocket.send":
            self.received.append(json.loads(message["text"]))

    def send(self, *frames: tuple[str, dict[str, Any]]) -> None:
        """Send text frames to the gateway."""
        for kind, data in frames:
            self.queue.put_nowait({"type": "websocket.receive", "text": json.dumps({"type": kind, "data": data})})


async def written_receipts(*frames: tuple[str, dict[str, Any]], with_disconnect: bool) -> Sequence[int]:
    """Send a message and then these frames, and disconnect while the gateway still handles the message. Returns the
    chunk indexes of the receipts that are then in Redis.
    """
    bus, client = Hanging(Keys("test"), clock=now), ClientSocket()
    store = MemoryStore()
    await store.open()
    ctx = gateway_context(bus, store, clock=now)
    client.queue.put_nowait({"type": "websocket.connect"})
    await client.socket.accept()
    serving = asyncio.create_task(Connection(client.socket, ctx).serve(NewConversation()))
    await settle()
    conversation_id = client.received[0]["conversation_id"]
    bus.hangs = True
    client.send(A_MESSAGE)
    await settle()  # the connection waits for Redis, so that it does not read the next frames
    client.send(*frames)
    client.cut = True
    if with_disconnect:
        client.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
    outlet = bus.outlet()
    # the gateway cannot send it, so the connection ends
    outlet.append(bus.keys.events(conversation_id), TurnComplete("t"))
    await outlet.flush()
    await asyncio.wait_for(serving, 10)
    await settle()
    entries = await bus.read(bus.keys.receipts(conversation_id))
    return [int(entry.fields[b"chunk_index"]) for entry in entries]


@pytest.mark.parametrize("with_disconnect", [True, False])
@virtual_time
async def test_newest_of_the_unread_receipts_is_written_after_a_disconnect(*, with_disconnect: bool) -> None:
    chunks = await written_receipts(
        receipt(0), receipt(1), ("interrupt", {}), receipt(2), with_disconnect=with_disconnect
    )
    assert chunks == [2]


@virtual_time
async def test_unread_receipt_for_a_new_conversation_is_not_written_to_the_old_conversation() -> None:
    chunks = await written_receipts(receipt(3), ("new_conversation", {}), receipt(4), with_disconnect=True)
    assert chunks == [3]


@virtual_time
async def test_disconnect_without_unread_receipts_writes_no_receipt() -> None:
    assert await written_receipts(("no such type", {}), with_disconnect=True) == []

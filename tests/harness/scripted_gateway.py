"""A gateway that follows a script, for tests of clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import msgpack
import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.talk import FRAME_BYTES

C, M1, M2, L = "conversation-1", "message-1", "message-2", "luna"
CHUNK_MS = 40


class Client:
    """One connection, seen from the gateway: the commands received, and methods to answer."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.path = socket.request.path if socket.request else ""
        self.pcm = bytearray()
        self._events = 0

    async def heard(self, type: str) -> dict[str, Any]:
        """The data of the next command of this type. Microphone PCM before it is kept, and receipts are skipped."""
        while True:
            frame = await self.socket.recv()
            if isinstance(frame, bytes):
                assert len(frame) == FRAME_BYTES
                self.pcm += frame
                continue
            command = orjson.loads(frame)
            if command["type"] == type:
                return command["data"]
            assert command["type"] == "playback", f"{command} came, {type} was awaited"

    async def send(self, type: str, *, id: str = "", epoch: int = 1, **fields: object) -> None:
        await self.socket.send(
            orjson.dumps({"type": type, "epoch": epoch, **fields, **({"event_id": id} if id else {})}).decode()
        )

    async def started(self, id: str = "1-0") -> None:
        await self.send("conversation_started", id=id, epoch=0, conversation_id=C, resumed=not id)

    async def characters(self, seats: list[str] | None = None) -> None:
        """Send the characters: Luna and Rex are active, Sage is not. Then answer the question for the cast."""
        rows = [("luna", "Luna", True), ("rex", "Rex", True), ("sage", "Sage", False)]
        await self.send("characters", characters=[{"id": id, "name": name, "active": on} for id, name, on in rows])
        assert await self.heard("cast") == {}
        await self.send("cast", characters=seats, told=False)

    async def sound(self, message_id: str, chunk: int) -> None:
        fields = {
            "type": "audio", "message_id": message_id, "character_id": L, "sentence_index": 0, "chunk_index": chunk,
            "id": f"1-{chunk + 1}", "sample_rate": 24_000, "pcm": bytes([chunk + 1, 0]) * (24 * CHUNK_MS),
        }  # fmt: skip
        await self.socket.send(msgpack.packb(fields))

    async def reply(self, turn_id: str, *, epoch: int = 1, message_id: str = M1, spoken: str = "") -> None:
        """Send the whole reply of one character, text and audio. `spoken`: the user's words, if they were spoken."""
        said = {"text": spoken, "source": "spoken"} if spoken else {}
        await self.send("turn_accepted", id="2-0", epoch=epoch, turn_id=turn_id, **said)
        await self.begin(turn_id, epoch=epoch, message_id=message_id)
        await self.send("llm_chunk", id="5-0", epoch=epoch, message_id=message_id, text="Hello ")
        await self.send("llm_chunk", id="6-0", epoch=epoch, message_id=message_id, text="you.")
        await self.send("message_complete", id="7-0", epoch=epoch, message_id=message_id, status="complete")
        await self.send("turn_complete", id="8-0", epoch=epoch, turn_id=turn_id)
        for chunk in range(3):
            await self.sound(message_id, chunk)
        await self.send("audio_complete", message_id=message_id)

    async def begin(self, turn_id: str, *, epoch: int = 1, message_id: str = M1) -> None:
        replies = [{"message_id": message_id, "character_id": L, "character_name": "Luna"}]
        await self.send("turn_started", id="3-0", epoch=epoch, turn_id=turn_id, replies=replies)
        await self.send(
            "message_started", id="4-0", epoch=epoch, turn_id=turn_id, message_id=message_id, character_name="Luna"
        )


Script = Callable[[Client], Awaitable[None]]


@asynccontextmanager
async def gateway(*scripts: Script, refuse: int = 0) -> AsyncGenerator[GatewayAddress]:
    """A gateway that runs one script for each connection. A script that fails makes the test fail."""
    waiting, failures = list(scripts), list[BaseException]()

    async def connected(socket: ServerConnection) -> None:
        try:
            await waiting.pop(0)(Client(socket))
        except BaseException as error:
            failures.append(error)
            raise

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        return connection.respond(HTTPStatus(refuse), "Token missing.") if refuse else None

    async with serve(connected, "127.0.0.1", 0, process_request=answer) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield GatewayAddress(f"ws://127.0.0.1:{port}/ws")
    assert not failures
    assert not waiting, "a connection that was expected did not come"


async def read_to_end(client: Client) -> list[dict[str, Any]]:
    """Read the remaining frames of the client until it closes the connection."""
    return [orjson.loads(frame) async for frame in client.socket]

"""A connection to the gateway that reconnects after a loss and resumes at its position."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tertulia_cli.client.address import GatewayAddress
from tertulia_cli.client.backoff import Backoff
from tertulia_cli.client.frames import Audio, BadFrame, Event, parse_audio, parse_event
from tertulia_cli.client.resuming import Marks
from tertulia_cli.exit_codes import NO_CONNECTION, Failure

OPEN_S: Final = 10.0
MAX_FRAME_BYTES: Final = 4 * 1024 * 1024
FORBIDDEN: Final = (401, 403)
FINAL_CODES: Final = {
    1008: "the gateway refused us",
    1013: "the gateway has too many connections; try again later",
    4001: "a newer connection took this conversation over",
}


@dataclass(frozen=True, slots=True)
class Live:
    """`received` yields it when the conversation is open (again): now send the unconfirmed messages again."""


Received = Event | Audio | Live


class Link:
    """A client of a conversation: one task receives, any task may send.

    `on_lost` is called with the reason when the connection is lost.
    """

    def __init__(self, address: GatewayAddress, marks: Marks, on_lost: Callable[[str], None]) -> None:
        self._address = address
        self._marks = marks
        self._on_lost = on_lost
        self._socket: ClientConnection | None = None
        self._live = asyncio.Event()
        self._leaving = False

    @property
    def conversation_id(self) -> str:
        """The conversation's id; "" before it is open."""
        return self._marks.conversation_id

    async def send(self, type: str, **data: object) -> None:
        """Send a command as soon as the conversation is open. It may be lost with the connection (see `Live`)."""
        await self._send(orjson.dumps({"type": type, "data": data}).decode())

    async def send_pcm(self, pcm: bytes) -> None:
        """Send microphone PCM. Dropped while disconnected, because a microphone cannot wait."""
        if self._live.is_set():
            await self._send(pcm)

    async def received(self) -> AsyncGenerator[Received]:
        """Yield all frames, until `close` or until the connection is permanently lost.

        Raises:
            Failure: no gateway listens there, it refused the client, or it did not come back.
        """
        now = asyncio.get_running_loop().time
        backoff, again = Backoff(), False
        while True:
            socket = await self._connect(backoff if again else None)
            self._socket = socket
            self._marks.connected()
            begun = now()
            try:
                async for frame in socket:
                    received = self._judge(frame)
                    if received is None:
                        continue
                    yield received
                    if isinstance(received, Event) and received.type == "conversation_started":
                        self._live.set()
                        yield Live()
            except ConnectionClosed:
                pass
            self._live.clear()  # keep the socket if the caller stops reading early: pending commands still use it
            if self._leaving:
                return
            again = True
            why = self._why_it_ended(socket)
            wait_s = backoff.failed(now(), now() - begun)
            if wait_s is None:
                raise Failure(f"{self._address.url} ends every connection at once ({why}).", NO_CONNECTION)
            self._on_lost(f"(the connection was lost: {why}; reconnecting)")
            await _pause(wait_s)

    async def close(self) -> None:
        """Close the connection cleanly, so that sent frames arrive."""
        self._leaving = True
        if self._socket is not None:
            await self._socket.close()

    async def _send(self, frame: str | bytes) -> None:
        await self._live.wait()
        if self._socket is not None:
            try:
                await self._socket.send(frame)
            except ConnectionClosed:
                self._live.clear()

    def _judge(self, frame: str | bytes) -> Received | None:
        marks = self._marks
        try:
            if isinstance(frame, bytes):
                audio = parse_audio(frame)
                return audio if audio is not None and marks.audio(audio) else None
            event = parse_event(frame)
        except BadFrame as error:
            raise Failure(f"{self._address.url} does not speak Tertulia's protocol: {error}.", NO_CONNECTION) from error
        return event if marks.event(event) else None

    def _why_it_ended(self, socket: ClientConnection) -> str:
        code, reason = socket.close_code, socket.close_reason
        if code in FINAL_CODES:
            raise Failure(f"{FINAL_CODES[code]}{f' ({reason})' if reason else ''}.", NO_CONNECTION)
        return reason or f"close code {code}"

    async def _connect(self, backoff: Backoff | None) -> ClientConnection:
        """Connect; retry with `backoff`. If `backoff` is None (the first connection), the first failure is final."""
        while True:
            try:
                return await self._dial()
            except (OSError, InvalidHandshake, EOFError) as error:
                status = error.response.status_code if isinstance(error, InvalidStatus) else None
                now = asyncio.get_running_loop().time()
                wait_s = None if status in FORBIDDEN or backoff is None else backoff.failed(now)
                if wait_s is None:
                    raise Failure(self._why(error), NO_CONNECTION) from error
            await _pause(wait_s)

    async def _dial(self) -> ClientConnection:
        options: dict[str, Any] = {"proxy": None} if self._address.is_local else {}
        return await connect(
            self._address.url_with(self._marks.query()),
            additional_headers=self._address.headers,
            open_timeout=OPEN_S,
            max_size=MAX_FRAME_BYTES,
            compression=None,
            **options,
        )

    def _why(self, error: Exception) -> str:
        url = self._address.url
        match error:
            case InvalidStatus() if error.response.status_code in FORBIDDEN:
                said = (error.response.body or b"").decode(errors="replace").strip()[:200]
                return (
                    f"{url} refuses us ({error.response.status_code} {said}): give its token (--token, TERTULIA_TOKEN)."
                )
            case InvalidStatus():
                return (
                    f"{url} answers with HTTP {error.response.status_code}: is it a Tertulia gateway, and the path /ws?"
                )
            case InvalidHandshake() | EOFError():
                return f"{url} is not a WebSocket ({error}): is it a Tertulia gateway?"
            case TimeoutError():
                return f"{url} does not answer within {OPEN_S:g} s: is the address right?"
            case _:
                return f"nothing listens at {url}: start it with `tertulia run`, or give its address with --url."


async def _pause(wait_s: float) -> None:
    await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret


@asynccontextmanager
async def open_link(
    address: GatewayAddress, conversation_id: str, on_lost: Callable[[str], None]
) -> AsyncGenerator[Link]:
    """A link that is closed cleanly when the block ends."""
    link = Link(address, Marks(conversation_id), on_lost)
    try:
        yield link
    finally:
        await link.close()

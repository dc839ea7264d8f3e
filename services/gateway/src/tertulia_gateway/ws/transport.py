"""`Transport` over a WebSocket."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState


class WebSocketTransport:
    """Sends frames over a WebSocket. Raises `WebSocketDisconnect` once the client has disconnected."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def send_text(self, frame: str) -> None:
        await self._send({"type": "websocket.send", "text": frame})

    async def send_bytes(self, frame: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": frame})

    async def _send(self, message: Message) -> None:
        # another task has already noticed the disconnect
        if self._socket.application_state is WebSocketState.DISCONNECTED:
            raise WebSocketDisconnect(1006)
        await self._socket.send(message)

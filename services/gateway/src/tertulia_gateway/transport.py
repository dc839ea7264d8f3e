"""`Transport`, the interface through which a conversation sends frames to its client, and the WebSocket close codes."""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """Sends frames to one client, in order. The methods wait while the client is slow, and raise once it has
    disconnected.
    """

    async def send_text(self, frame: str) -> None:
        """Send a text frame (JSON)."""
        ...

    async def send_bytes(self, frame: bytes) -> None:
        """Send a binary frame (msgpack)."""
        ...


class CloseConnection(Exception):
    """Ends the connection with a close code and a reason (docs/protocol.md lists the codes)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


GOING_AWAY = 1001
REFUSED = 1008
INTERNAL_ERROR = 1011
TRY_LATER = 1013
REPLACED = 4001

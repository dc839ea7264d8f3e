"""What a conversation needs of the client's connection, and how a connection ends."""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """Sends to one client, in order. ConversationMetrics while the client is slow; raises when it is gone."""

    async def text(self, frame: str) -> None:
        """Send JSON."""
        ...

    async def binary(self, frame: bytes) -> None:
        """Send msgpack."""
        ...


class CloseConnection(Exception):
    """This connection is to be closed with a code and a reason (docs/protocol.md lists the codes)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


GOING_AWAY = 1001
REFUSED = 1008
CANNOT_GO_ON = 1011
TRY_LATER = 1013
REPLACED = 4001

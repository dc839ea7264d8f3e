"""What of a conversation's streams this gateway cannot read is left out; the client is told why, once."""

from __future__ import annotations

from tertulia_gateway.serialization import answer_json
from tertulia_gateway.transport import Transport
from tertulia_shared.codec import BadEntry, UnknownVersion
from tertulia_shared.events import Warn

NEWER = (
    "This server is older than the workers that answer: some of it cannot be shown. It goes on as usual once the "
    "gateway is updated, too."
)


class UnreadableWarning:
    """Of one conversation of one connection."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._told = False

    async def tell(self, error: BadEntry) -> None:
        """An entry was left out. What is merely broken stays in the log: the client could do nothing about it."""
        if isinstance(error, UnknownVersion) and not self._told:
            self._told = True
            await self._transport.text(answer_json(Warn("newer_release", NEWER)))

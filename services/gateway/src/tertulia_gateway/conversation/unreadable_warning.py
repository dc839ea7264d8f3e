"""Warns the client, once, that this gateway skips entries that it cannot decode."""

from __future__ import annotations

from tertulia_gateway.serialization import answer_json
from tertulia_gateway.transport import Transport
from tertulia_shared.codec import BadEntry, UnknownVersion
from tertulia_shared.events import Warn

NEWER = (
    "The gateway of this server is older than its workers, so some messages cannot be shown. Update the gateway, too."
)


class UnreadableWarning:
    """The warning for one conversation of one connection."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._is_sent = False

    async def skipped(self, error: BadEntry) -> None:
        """Warn if a newer release wrote the entry. A broken entry is only logged, because the client can do nothing
        about it.
        """
        if isinstance(error, UnknownVersion) and not self._is_sent:
            self._is_sent = True
            await self._transport.send_text(answer_json(Warn("newer_release", NEWER)))

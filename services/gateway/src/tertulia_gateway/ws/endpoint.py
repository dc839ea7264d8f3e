"""The WebSocket endpoint `/ws`: accepts or refuses a connection, and reads from the URL which conversation to open."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.websockets import WebSocket

from tertulia_gateway.command_parser import parse_resume
from tertulia_gateway.commands import NewConversation, Problem, Resume
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.serialization import answer_json
from tertulia_gateway.transport import GOING_AWAY, REFUSED, TRY_LATER
from tertulia_gateway.ws.connection import Connection
from tertulia_gateway.ws.connections import Connections
from tertulia_shared.events import Error
from tertulia_shared.metrics import catalogue

_REASONS = {REFUSED: "access", GOING_AWAY: "stopping", TRY_LATER: "full"}


class WebSocketEndpoint:
    """Serves all WebSocket connections of the process."""

    def __init__(self, connections: Connections, ctx: GatewayContext) -> None:
        self._connections = connections
        self._ctx = ctx

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        refusal = self._refusal(socket)
        # accept even a connection that is refused: a page can read a close code, but not why a handshake failed
        await socket.accept()
        if refusal is not None:
            code, why = refusal
            self._ctx.metrics.of(catalogue.CONNECTIONS_REFUSED, _REASONS[code]).inc()
            await socket.close(code, why)
            return
        connection = Connection(socket, self._ctx)
        self._connections.enter(connection)
        try:
            first = first_conversation(socket.query_params)
            if isinstance(first, Problem):
                await socket.send_text(answer_json(Error(first.code, first.message)))
                first = None
            await connection.serve(first)
        finally:
            self._connections.leave(connection)

    def _refusal(self, socket: WebSocket) -> tuple[int, str] | None:
        refusal = self._ctx.access.refusal(socket.headers, socket.query_params)
        if refusal is not None:
            return REFUSED, refusal.reason
        if self._connections.closing:
            return GOING_AWAY, "the server stops; connect again and resume"
        if self._connections.full:
            return TRY_LATER, "too many connections; try again later"
        return None


def first_conversation(query: Mapping[str, str]) -> Resume | NewConversation | Problem | None:
    """The conversation that a URL's query names. None: the client's first frame will name it (`?resume=1`)."""
    if "conversation_id" in query:
        return parse_resume(query)
    return None if query.get("resume") == "1" else NewConversation()

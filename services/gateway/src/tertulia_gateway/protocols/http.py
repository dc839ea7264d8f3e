"""uvicorn's HTTP protocol with time limits for header, body and response, and with fair parsing."""

from __future__ import annotations

import asyncio
import math
from typing import Any, cast

import h11
from starlette.datastructures import Headers, QueryParams
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from tertulia_gateway.protocols.bounds import SharedLimits
from tertulia_gateway.protocols.fair_parsing import take_slice

WATCH_S = 0.5
"""Seconds between two checks of a connection's progress."""
MAX_BACKLOG_BYTES = 1024 * 1024
MAX_DRAINED_BYTES = 4 * 1024 * 1024
"""How many bytes of a request's body are read after the response was sent. A browser reads the response only after it
has sent the whole body.
"""
MAX_DRAINED_CHUNKED_BYTES = 64 * 1024
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedHttp(H11Protocol):
    """One HTTP connection, until it closes or is upgraded to a WebSocket."""

    def __init__(self, *args: Any, shared: SharedLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bounds = shared.bounds
        self._shared = shared
        self._backlog = bytearray()
        self._has_begun = False
        self._drained_bytes = 0
        self._limit_s = {
            "header": bounds.header_s,
            "body": bounds.body_s,
            "sending": bounds.send_stall_s,
            "closing": bounds.closing_s,
            "answering": math.inf,
        }
        self._seen: tuple[str, object] = "", None
        self._seen_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # -- eviction

    def is_waiting(self) -> bool:
        """True if the connection waits for its client, so that it may be evicted."""
        return self._answered or self.conn.their_state is h11.SEND_BODY

    @property
    def _answered(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # `cycle` is None before the first request
        return cycle is None or cycle.response_complete

    def evict(self) -> None:
        """Abort the connection."""
        self.transport.abort()

    # -- called by asyncio

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - uvicorn narrows it too
        """Register the connection and begin to watch its progress."""
        super().connection_made(transport)
        self._shared.unfinished.enter(self)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Unregister the connection."""
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Buffer received bytes for fair parsing."""
        self._has_begun = True
        self._backlog += data
        if len(self._backlog) > MAX_BACKLOG_BYTES:
            self.evict()
            return
        self._shared.parsing.add(self)
        if self._backlog:
            self.transport.pause_reading()

    def parse_slice(self) -> bool:
        """Parse at most one slice. Returns whether more can be parsed now."""
        if self.transport.is_closing():
            self._backlog.clear()
            return False
        part = take_slice(self._backlog)
        if self._drains_too_much(len(part)):
            self.evict()
            return False
        super().data_received(part)
        if self._is_upgraded():
            self._leave()
            return False
        if not self._backlog and not self.transport.is_closing() and not self.flow.read_paused:
            self.transport.resume_reading()
        return bool(self._backlog)

    def _drains_too_much(self, size: int) -> bool:
        if not self._answered or self.conn.their_state is not h11.SEND_BODY:
            self._drained_bytes = 0
            return False
        self._drained_bytes += size
        chunked = any(name == b"transfer-encoding" for name, _ in self.headers)
        return self._drained_bytes > (MAX_DRAINED_CHUNKED_BYTES if chunked else MAX_DRAINED_BYTES)

    def _is_upgraded(self) -> bool:
        return self not in self.connections

    def _leave(self) -> None:
        self._backlog.clear()
        self._shared.unfinished.leave(self)
        if self._timer is not None:
            self._timer.cancel()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Pass the transport to the WebSocket protocol. A handshake that will be refused is aborted if too many were
        refused lately.
        """
        query = QueryParams(event.target.partition(b"?")[2])
        if self._shared.is_refused(Headers(raw=self.headers), query) and not self._shared.refusal_rate.take():
            self.evict()
            return
        super().handle_websocket_upgrade(event)

    # -- time limits

    def _watch(self) -> None:
        """End the connection if it has made no progress within the time limit of its phase."""
        now = self.loop.time()
        phase = self._phase()
        if phase != self._seen:
            self._seen, self._seen_at = phase, now
        elif now - self._seen_at >= self._limit_s[phase[0]]:
            if phase[0] == "header" and self._has_begun:
                self.transport.write(TOO_SLOW)
                self.transport.close()
            else:
                self.evict()
        self._timer = self.loop.call_later(WATCH_S, self._watch)

    def _phase(self) -> tuple[str, object]:
        """The name of the connection's phase, and a value that changes whenever the connection makes progress."""
        unsent = self.transport.get_write_buffer_size()
        if self.transport.is_closing():
            return "closing", unsent
        if unsent:
            return "sending", unsent
        if self.conn.their_state is h11.SEND_BODY:
            return "body", self.cycle
        if self.conn.their_state is h11.IDLE:
            return "header", self.cycle
        return "answering", None

"""uvicorn's WebSocket protocol with bounds on frames, fragments, pongs, and the time to read a close frame."""

from __future__ import annotations

from asyncio.transports import BaseTransport
from collections.abc import Mapping
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import State

from tertulia_gateway.protocols.bounds import FRAME_BURST_S, SharedLimits
from tertulia_gateway.protocols.fair_parsing import take_slice
from tertulia_gateway.protocols.frame_header import frame_header
from tertulia_gateway.protocols.joined_writes import JoinedWrites
from tertulia_gateway.rate_limit import TokenBucket
from tertulia_gateway.transport import INTERNAL_ERROR, REFUSED

INVALID_TEXT = 1007
RESTARTS = 1012
MAX_DROPPED_BYTES = 64 * 1024
"""After the close frame, at most this many bytes are read and dropped, in order to receive the client's FIN. Then
reading stops.
"""
PONG_FIRST_BYTE = 0x80 | Opcode.PONG
PONG_BURST_S = 4.0


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """One WebSocket, from the upgrade request until it closes.

    All reasons for closing share one path: write the close frame, shut down the sending direction, parse nothing more,
    and abort the transport after `linger_s` at the latest. (`transport.close` would wait for the client to read.)
    """

    def __init__(self, *args: Any, shared: SharedLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bounds = shared.bounds
        self._shared = shared
        self._backlog = bytearray()
        self._at_eof = False
        self._is_closing = False
        self._dropped_bytes = 0
        self._fragments = 0
        self._frame_rate = TokenBucket(bounds.frames_per_s, bounds.frames_per_s * FRAME_BURST_S, self.loop.time)
        self._text_rate = TokenBucket(bounds.text_bytes_per_s, bounds.text_burst_bytes, self.loop.time)
        self._pong_rate = TokenBucket(bounds.pongs_per_s, bounds.pongs_per_s * PONG_BURST_S, self.loop.time)

    # -- eviction

    def is_waiting(self) -> bool:
        """Always true: only connections in their handshake or closing are registered for eviction."""
        return True

    def evict(self) -> None:
        """Abort the connection; uvicorn notifies the application."""
        self.transport.abort()

    # -- called by asyncio

    def connection_made(self, transport: BaseTransport) -> None:
        """Start to use the transport, which belonged to the HTTP protocol until now."""
        super().connection_made(transport)
        self._frames = JoinedWrites(self.transport, self.loop)
        self._shared.unfinished.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Unregister the connection."""
        self._backlog.clear()
        self._is_closing = True
        self._shared.unfinished.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Buffer received bytes for fair parsing."""
        if self._is_closing:
            self._dropped_bytes += len(data)
            self._close_after_answer(data)
            self._read_or_pause()
        elif not self.handshake_initiated:
            self._upgrade(data)
        else:
            self._backlog += data
            self._shared.parsing.add(self)
            self._read_or_pause()

    def eof_received(self) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride] - asyncio allows bool
        """Called at the client's EOF. Bytes received before it are still parsed."""
        self._at_eof = True
        return bool(self._backlog) and not self._is_closing

    # -- parsing

    def parse_slice(self) -> bool:
        """Parse at most one slice. Returns whether more can be parsed now."""
        if self._can_parse():
            self.conn.receive_data(take_slice(self._backlog))
            self._handle_frames([event for event in self.conn.events if isinstance(event, Frame)])
        if self._can_parse():
            return True
        if self._at_eof and not self._backlog and not self._is_closing:
            self._frames.flush()
            self.transport.close()
        self._read_or_pause()
        return False

    def _can_parse(self) -> bool:
        # only after the handshake response, because a pong must not be sent before that response
        return bool(self._backlog) and self.handshake_complete and not self.read_paused and not self._is_closing

    def _handle_frames(self, frames: list[Frame]) -> None:
        if not self._frame_rate.take(len(frames)):
            most = self._shared.bounds.frames_per_s
            self._close(REFUSED, f"more than {most:g} frames a second; connect again and send fewer")
        elif self._has_too_many_fragments(frames):
            most = self._shared.bounds.max_fragments
            self._close(REFUSED, f"a message of more than {most} fragments; send it in fewer")
        elif self.conn.parser_exc is not None:
            self.handle_parser_exception()
        else:
            self._limit_pongs(sum(frame.opcode is Opcode.PING for frame in frames))
            self.handle_events()

    def _has_too_many_fragments(self, frames: list[Frame]) -> bool:
        for frame in frames:
            if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
                self._fragments = 1
            elif frame.opcode is Opcode.CONT:
                self._fragments += 1
                if self._fragments > self._shared.bounds.max_fragments:
                    return True
        return False

    def _limit_pongs(self, pings: int) -> None:
        """Drop pongs that exceed the rate, and all pongs while the client does not read. RFC 6455 requires a pong only
        for the latest ping.
        """
        if pings and not (self.writable.is_set() and self._pong_rate.take(pings)):
            self.conn.writes = [data for data in self.conn.writes if data[:1] != bytes([PONG_FIRST_BYTE])]

    def _upgrade(self, data: bytes) -> None:
        super().data_received(data)
        if not self.handshake_initiated:  # the parser has refused the request; uvicorn does not check this
            self._end()
        self._read_or_pause()

    def send_receive_event_to_app(self) -> None:
        """Queue a complete message for the application, and pause reading until the application has received it."""
        data = b"".join(self.frames)
        self.frames = []
        if self.curr_msg_data_type == "text":
            if not self._text_rate.take(len(data)):
                most = self._shared.bounds.text_bytes_per_s / 1024
                self._close(REFUSED, f"more than {most:g} KiB of text a second; connect again and send less")
                return
            try:
                text = data.decode()
            except UnicodeDecodeError:
                self._close(INVALID_TEXT, "text frames must be UTF-8")
                return
            self.queue.put_nowait({"type": "websocket.receive", "text": text})
        else:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        self.read_paused = True

    def _read_or_pause(self) -> None:
        if self.transport.is_closing():
            return
        if self._is_closing:
            read = self._dropped_bytes <= MAX_DROPPED_BYTES
        else:
            read = self.handshake_complete and not self.read_paused and not self._backlog
        if read != self.transport.is_reading():
            (self.transport.resume_reading if read else self.transport.pause_reading)()

    # -- called by the application

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next message, and resume reading."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if self._backlog:
                self._shared.parsing.add(self)
            else:
                self._read_or_pause()
        return message

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message. Raises `ClientDisconnected` once the connection is closing, for any reason."""
        kind = message["type"]
        if kind == "websocket.send" and self.conn.state is State.OPEN and self.handshake_complete:
            if not self.writable.is_set():
                await self._until_writable()
            self._write_frame(message)
            return
        if kind == "websocket.close" and self.handshake_complete:
            # do not wait for `writable`: a client that does not read must be disconnected as well
            if not self.close_sent and not self.disconnected:
                self._close(message.get("code", 1000), message.get("reason", "") or "")
            return
        await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)
        if kind == "websocket.accept":
            self._shared.unfinished.leave(self)
            self._read_or_pause()

    async def _until_writable(self) -> None:
        await self.writable.wait()
        if self.conn.state is not State.OPEN:
            raise ClientDisconnected

    def _write_frame(self, message: Mapping[str, Any]) -> None:
        """Write one unfragmented frame without the parser's queue of writes, which costs more than the write itself.
        There are no extensions that would change the payload.
        """
        if self.close_sent or self.disconnected:
            raise ClientDisconnected
        payload, opcode = message.get("bytes"), Opcode.BINARY
        if payload is None:
            payload, opcode = message["text"].encode(), Opcode.TEXT
        self._frames.write(frame_header(opcode, len(payload)) + payload)

    # -- closing

    def handle_close(self, event: Frame) -> None:  # noqa: ARG002 - uvicorn's signature
        """Handle the client's close frame; the parser has queued the response."""
        self._end_with(self.conn.close_rcvd)

    def handle_parser_exception(self) -> None:
        """Handle a frame that violates the protocol or is too large; the parser has queued the close frame."""
        self._end_with(self.conn.close_sent)

    def _end_with(self, close: Close | None) -> None:
        self._notify_app(1006 if close is None else close.code, "" if close is None else close.reason)
        self._end()

    def keepalive_timeout(self) -> None:
        """Close a connection that has not answered a ping."""
        self.pong_timer = None
        if not self._is_closing:
            self._close(INTERNAL_ERROR, "no answer to a ping; connect again and resume")

    def shutdown(self) -> None:
        """Close the connection because the server is stopping."""
        if self._is_closing:
            return  # already closing: the connection is aborted within `linger_s`
        if self.handshake_complete:
            self._close(RESTARTS, "the server stops; connect again and resume")
        else:
            super().shutdown()

    def _close(self, code: int, reason: str) -> None:
        self._notify_app(code, reason)
        if self.conn.state is State.OPEN:
            self.conn.send_close(code, reason)
        self._end()

    def _notify_app(self, code: int, reason: str) -> None:
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    def _end(self) -> None:
        """Write the pending bytes, send FIN, and abort the connection after `linger_s`. Bytes that arrive from now on
        are dropped.
        """
        if self._is_closing:  # an earlier frame of this slice has already ended the connection
            return
        self._is_closing = self.close_sent = self.handshake_complete = True
        self.stop_keepalive()
        self._backlog.clear()
        self._shared.unfinished.enter(self)
        if self.transport.is_closing():
            return
        self._frames.flush()
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self._close_after_answer(b"")
        self.close_timer = self.loop.call_later(self._shared.bounds.linger_s, self.transport.abort)
        self._read_or_pause()

    def _close_after_answer(self, data: bytes) -> None:
        """Close a TLS transport, which cannot be half closed, as soon as the client's close frame has come."""
        if self.transport.can_write_eof() or self.transport.is_closing():
            return
        if data:
            self.conn.receive_data(data)
        if self.conn.close_rcvd is not None:
            self.transport.close()

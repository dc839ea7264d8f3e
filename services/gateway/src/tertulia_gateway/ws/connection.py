"""One WebSocket connection: dispatches the client's frames and runs its conversation. All reasons for ending the
connection are handled in one function.

All tasks of a connection run in one TaskGroup. `CloseConnection`, raised by any of them, ends it with a close code.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from tertulia_gateway.command_parser import parse
from tertulia_gateway.commands import NewConversation, Played, Problem, Resume
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.conversation import Conversation
from tertulia_gateway.conversation.microphone import Microphone
from tertulia_gateway.conversation.session import ConversationSession, Target
from tertulia_gateway.monitoring.writes_probe import RESUMED
from tertulia_gateway.rate_limit import TokenBucket
from tertulia_gateway.serialization import answer_json
from tertulia_gateway.transport import INTERNAL_ERROR, REPLACED, CloseConnection
from tertulia_gateway.ws.command_handler import CommandHandler
from tertulia_gateway.ws.transport import WebSocketTransport
from tertulia_shared.bus import BusError
from tertulia_shared.entries import SAMPLE_RATE_IN, Receipt
from tertulia_shared.events import Error, Warn
from tertulia_shared.metrics import catalogue

PCM_BYTES_PER_S = SAMPLE_RATE_IN * 2
MAX_PCM_BYTES = 6_400
"""200 ms of PCM: twice the longest recommended frame."""
PCM_PACE = 2.0
"""The maximum rate of PCM after a burst of `PCM_BURST_S`: how many seconds of sound a client may send per second."""
PCM_BURST_S = 5.0
FRAME_BURST_S = 4.0
"""How many seconds' worth of text frames a client may send at once."""
FAREWELL_S = 2.0
"""Time limit for ending the microphone session and sending the close frame, in seconds."""

log = logging.getLogger(__name__)


class Connection:
    """Serves one accepted WebSocket."""

    def __init__(self, socket: WebSocket, ctx: GatewayContext) -> None:
        self._socket = socket
        self._ctx = ctx
        self._transport = WebSocketTransport(socket)
        self._microphone = Microphone(ctx.bus, self._report_unavailable)
        clock = ctx.clock
        self._pcm_rate = TokenBucket(PCM_BYTES_PER_S * PCM_PACE, PCM_BYTES_PER_S * PCM_BURST_S, clock)
        self._frame_rate = TokenBucket(ctx.max_frames_per_s, ctx.max_frames_per_s * FRAME_BURST_S, clock)
        self._once_a_second = {
            code: TokenBucket(1.0, 1.0, clock) for code in ("not_listening", "rate_limited", "unavailable")
        }
        self._close_request: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def close(self, code: int, reason: str) -> None:
        """End this connection with a close code."""
        if not self._close_request.done():
            self._close_request.set_result((code, reason))

    async def serve(self, first: Target | None) -> None:
        """Serve the connection until it ends. `first` is the conversation to open; None: the client will name it."""
        ending: CloseConnection | None = None
        session: ConversationSession | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                session = ConversationSession(self._ctx, self._transport, tasks, first, microphone=self._microphone)
                tasks.create_task(self._close_on_request())
                tasks.create_task(self._microphone.run())
                tasks.create_task(self._receive(session))
                tasks.create_task(session.retry_pending())
                tasks.create_task(self._report_paused_writes())
        except* WebSocketDisconnect:  # the client has disconnected
            if session is not None and session.conversation is not None:
                await self._write_last_receipt(session.conversation)
        except* CloseConnection as group:
            ending = next(_leaves(group))
            if ending.code == REPLACED:
                self._ctx.metrics.of(catalogue.REPLACED).inc()
        except* Exception:
            ids = {"conversation_id": "" if session is None else session.open_id}
            log.exception("a connection failed", extra=ids)
            ending = CloseConnection(INTERNAL_ERROR, "the server had an error; connect again and resume")
        finally:
            await self._end(ending)

    async def _report_paused_writes(self) -> None:
        writes = self._ctx.writes
        while True:
            await writes.until(paused=True)
            await self._transport.send_text(answer_json(Warn("writes_paused", writes.why)))
            await writes.until(paused=False)
            await self._transport.send_text(answer_json(Warn("writes_resumed", RESUMED)))

    async def _close_on_request(self) -> None:
        raise CloseConnection(*await self._close_request)

    async def _write_last_receipt(self, conversation: Conversation) -> None:
        """Read the frames that the client sent before it disconnected, and write the newest receipt among them."""
        newest: Receipt | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0):  # 0: cancel `receive` as soon as no frame is queued
                while self._socket.client_state is WebSocketState.CONNECTED:  # until the disconnect was read
                    command = parse((await self._socket.receive()).get("text") or "")
                    if isinstance(command, NewConversation | Resume):
                        break  # later frames are for another conversation
                    if isinstance(command, Played):
                        newest = command.receipt
        if newest is not None:
            conversation.played_last(newest)

    async def _end(self, ending: CloseConnection | None) -> None:
        self._microphone.stop("abandoned")
        with contextlib.suppress(BusError, TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await self._microphone.flush()
        if ending is not None:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await self._socket.close(ending.code, ending.reason)

    # -- frames from the client

    async def _receive(self, session: ConversationSession) -> None:
        commands = CommandHandler(self._ctx, self._transport, self._microphone, session)
        problem = await commands.open_first()
        if problem is not None:
            await self._report(problem)
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            pcm = message.get("bytes")
            problem = self._pcm(pcm) if pcm is not None else await self._text(commands, message.get("text") or "")
            if problem is not None:
                await self._report(problem)

    def _pcm(self, pcm: bytes) -> Problem | None:
        if not self._microphone.session_id:
            return Problem(
                "not_listening",
                "PCM came while no listening session is open, so it was dropped: send start_listening first, and again "
                "after a listening_stopped.",
            )
        if not 0 < len(pcm) <= MAX_PCM_BYTES or len(pcm) % 2:
            return Problem(
                "bad_audio",
                f"A binary frame of {len(pcm)} bytes: 2 to {MAX_PCM_BYTES} are allowed, an even number (16 kHz signed "
                "16-bit little-endian mono, best 640 to 3200 bytes).",
            )
        if not self._pcm_rate.take(len(pcm)):
            return Problem("rate_limited", "PCM comes faster than it is spoken; some of it was dropped.")
        self._microphone.feed(pcm)
        return None

    async def _text(self, commands: CommandHandler, frame: str) -> Problem | None:
        if not self._frame_rate.take():
            most = self._ctx.max_frames_per_s
            return Problem("rate_limited", f"More than {most:g} frames a second; some were dropped.")
        command = parse(frame)
        return command if isinstance(command, Problem) else await commands.execute(command)

    # -- problems, sent to the client as `error` events

    async def _report(self, problem: Problem) -> None:
        bucket = self._once_a_second.get(problem.code)
        if bucket is None or problem.turn_id or bucket.take():
            error = Error(problem.code, problem.message, turn_id=problem.turn_id)
            await self._transport.send_text(answer_json(error))

    async def _report_unavailable(self) -> None:
        await self._report(
            Problem("unavailable", "Redis is unavailable; what you say is kept for a while, and sent when it is back.")
        )


def _leaves(group: BaseExceptionGroup[CloseConnection]) -> Iterator[CloseConnection]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error

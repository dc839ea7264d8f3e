"""One WebSocket connection: what comes in is dispatched, what its conversation sends goes out, it ends in one place.

Every task of a connection lives in one TaskGroup. `CloseConnection`, raised by any of them, ends it with a close code.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from tertulia_gateway.commands import (
    ChangeSettings,
    Command,
    NewConversation,
    Played,
    Problem,
    RefreshCharacters,
    Resume,
    StartListening,
    StopListening,
    StopReplies,
    UserMessage,
    parse,
)
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.conversation import Conversation
from tertulia_gateway.conversation.microphone import Microphone
from tertulia_gateway.conversation.session import ConversationSession, Target
from tertulia_gateway.rate_limit import TokenBucket
from tertulia_gateway.serialization import answer_json
from tertulia_gateway.transport import CANNOT_GO_ON, REPLACED, CloseConnection
from tertulia_gateway.writes_probe import RESUMED, cause_of, explanation, level_of
from tertulia_shared.bus import BusError, WritesPaused
from tertulia_shared.entries import SAMPLE_RATE_IN, Receipt, Refresh
from tertulia_shared.events import Characters, Error, Warn
from tertulia_shared.ids import new_id
from tertulia_shared.metrics import catalogue
from tertulia_shared.store import StoreError, pictures

PCM_BYTES_PER_S = SAMPLE_RATE_IN * 2
MAX_PCM_BYTES = 6_400
"""200 ms: twice the longest frame that is asked for."""
PCM_PACE = 2.0
"""How many times faster than real time PCM may come, after a burst of `PCM_BURST_S`."""
PCM_BURST_S = 5.0
FRAME_BURST_S = 4.0
"""Seconds' worth of text frames that may come at once."""
"""Text frames from one client."""
FAREWELL_S = 2.0
"""How long the end of a microphone session and the close frame may take."""

SHOWN_OF_CHARACTER = ("id", "name", "voice", "image", "active")
"""What the `characters` event tells of each."""

UNAVAILABLE = "Redis or the store is away; nothing is lost. Send it again in a moment (with the same turn_id)."
NOT_OPEN = "No conversation is open here: send new_conversation, or resume with a conversation_id that exists."

log = logging.getLogger(__name__)


class WebSocketTransport:
    """`Transport` over a WebSocket."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def text(self, frame: str) -> None:
        await self._send({"type": "websocket.send", "text": frame})

    async def binary(self, frame: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": frame})

    async def _send(self, message: Message) -> None:
        if self._socket.application_state is WebSocketState.DISCONNECTED:  # another task has met it before
            raise WebSocketDisconnect(1006)
        await self._socket.send(message)


class Connection:
    """Serves one accepted WebSocket."""

    def __init__(self, socket: WebSocket, ctx: GatewayContext) -> None:
        self._socket = socket
        self._ctx = ctx
        self._transport = WebSocketTransport(socket)
        self._conversation_id = ""
        self._microphone = Microphone(ctx.bus, self._say_unavailable)
        clock = ctx.clock
        self._pcm_rate = TokenBucket(PCM_BYTES_PER_S * PCM_PACE, PCM_BYTES_PER_S * PCM_BURST_S, clock)
        self._frame_rate = TokenBucket(ctx.max_frames_per_s, ctx.max_frames_per_s * FRAME_BURST_S, clock)
        self._once_a_second = {
            code: TokenBucket(1.0, 1.0, clock) for code in ("not_listening", "rate_limited", "unavailable")
        }
        self._asked_to_close: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def close(self, code: int, reason: str) -> None:
        """End this connection with a close code."""
        if not self._asked_to_close.done():
            self._asked_to_close.set_result((code, reason))

    async def serve(self, first: Target | None) -> None:
        """Serve it to its end. `first` is the conversation to open; None waits for the client to say."""
        ending: CloseConnection | None = None
        session: ConversationSession | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                session = ConversationSession(self._ctx, self._transport, tasks, first, microphone=self._microphone)
                tasks.create_task(self._close_when_asked())
                tasks.create_task(self._microphone.run())
                tasks.create_task(self._receive(session))
                tasks.create_task(session.keep_trying())
                tasks.create_task(self._tell_of_pauses())
        except* WebSocketDisconnect:  # the client has gone
            if session is not None and session.conversation is not None:
                await self._keep_last_receipt(session.conversation)
        except* CloseConnection as group:
            ending = next(_leaves(group))
            if ending.code == REPLACED:
                self._ctx.metrics.of(catalogue.REPLACED).inc()
        except* Exception:
            log.exception("a connection failed", extra=self._ids())
            ending = CloseConnection(CANNOT_GO_ON, "the server cannot go on; connect again and resume")
        finally:
            await self._farewell(ending)

    async def _tell_of_pauses(self) -> None:
        writes = self._ctx.writes
        while True:
            await writes.until(paused=True)
            await self._transport.text(answer_json(Warn("writes_paused", writes.why)))
            await writes.until(paused=False)
            await self._transport.text(answer_json(Warn("writes_resumed", RESUMED)))

    async def _close_when_asked(self) -> None:
        raise CloseConnection(*await self._asked_to_close)

    async def _keep_last_receipt(self, conversation: Conversation) -> None:
        """Write the newest receipt among the frames that came before the client left and that nobody has read yet."""
        newest: Receipt | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0):  # interrupts nothing before the queue is empty
                while self._socket.client_state is WebSocketState.CONNECTED:  # until the end has been read
                    command = parse((await self._socket.receive()).get("text") or "")
                    if isinstance(command, NewConversation | Resume):
                        break  # what follows is about another conversation
                    if isinstance(command, Played):
                        newest = command.receipt
        if newest is not None:
            conversation.played_last(newest)

    async def _farewell(self, ending: CloseConnection | None) -> None:
        self._microphone.stop("abandoned")
        with contextlib.suppress(BusError, TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await self._microphone.flush()
        if ending is not None:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await self._socket.close(ending.code, ending.reason)

    # -- what comes in

    async def _receive(self, session: ConversationSession) -> None:
        await self._open_first(session)
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            pcm = message.get("bytes")
            problem = self._pcm(pcm) if pcm is not None else await self._text(session, message.get("text") or "")
            if problem is not None:
                await self._say(problem)

    def _pcm(self, pcm: bytes) -> Problem | None:
        if not self._microphone.session_id:
            return Problem("not_listening", "PCM came without start_listening; it is not kept.")
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

    async def _text(self, session: ConversationSession, frame: str) -> Problem | None:
        if not self._frame_rate.take():
            most = self._ctx.max_frames_per_s
            return Problem("rate_limited", f"More than {most:g} frames a second; some were dropped.")
        command = parse(frame)
        if isinstance(command, Problem):
            return command
        turn_id = command.turn_id if isinstance(command, UserMessage) else ""
        try:
            return await self._obey(session, command)
        except (BusError, StoreError) as error:
            log.log(level_of(error), "a command failed: %s", error, extra=self._ids())
            why = explanation(error) if isinstance(error, WritesPaused) else UNAVAILABLE
            return Problem("unavailable", why, turn_id)

    async def _obey(self, session: ConversationSession, command: Command) -> Problem | None:
        match command:
            case NewConversation() | Resume():
                return await self._open(session, command)
            case RefreshCharacters():
                return await self._refresh_characters()
            case StopListening():
                self._microphone.stop("stopped")
                return None
            case _:
                return await self._obey_in_conversation(session, command)

    async def _obey_in_conversation(self, session: ConversationSession, command: Command) -> Problem | None:
        problem = await session.open_pending()
        if problem is not None:
            return problem
        conversation = session.conversation
        if conversation is None:
            return Problem("unknown_conversation", NOT_OPEN)
        self._conversation_id = conversation.id
        match command:
            case UserMessage(text, turn_id):
                await conversation.user_message(text, turn_id or new_id())
            case StopReplies():
                await conversation.interrupt()
            case StartListening():
                self._microphone.start(conversation.id)
            case ChangeSettings(changes):
                settings = await conversation.change_settings(changes)
                if changes:  # one who only asks makes no conversation that nobody has begun
                    self._ctx.saver.save(conversation.id, settings)
            case Played(receipt):
                conversation.played(receipt)
            case _:  # the rest needs no conversation
                pass
        return None

    async def _refresh_characters(self) -> None:
        bus = self._ctx.bus
        outlet = bus.outlet()
        outlet.append(bus.keys.broadcast(), Refresh())
        characters = await self._ctx.store.characters()
        await outlet.flush()
        shown = tuple(
            {name: getattr(each, name) for name in SHOWN_OF_CHARACTER} | {"image": pictures.shown(each.image)}
            for each in characters
        )
        await self._transport.text(answer_json(Characters(shown)))

    # -- the conversation

    async def _open_first(self, session: ConversationSession) -> None:
        try:
            problem = await session.open_pending()
        except (BusError, StoreError) as error:
            log.log(level_of(error), "no conversation yet: %s", error)
            cause = cause_of(error) if isinstance(error, WritesPaused) else "Redis is away"
            problem = Problem("unavailable", f"{cause}; the conversation opens as soon as it can be written to.")
        if problem is not None:
            await self._say(problem)

    async def _open(self, session: ConversationSession, target: Target) -> Problem | None:
        before = session.conversation
        problem = await session.open(target)
        if before is not None and session.conversation is not None and before.id != session.conversation.id:
            self._microphone.stop("stopped")
        return problem

    # -- errors, rendered here for the client

    async def _say(self, problem: Problem) -> None:
        bucket = self._once_a_second.get(problem.code)
        if bucket is None or problem.turn_id or bucket.take():
            await self._transport.text(answer_json(Error(problem.code, problem.message, turn_id=problem.turn_id)))

    async def _say_unavailable(self) -> None:
        await self._say(
            Problem("unavailable", "Redis is away; what you say is kept for a while and sent when it is back.")
        )

    def _ids(self) -> dict[str, str]:
        return {"conversation_id": self._conversation_id}


def _leaves(group: BaseExceptionGroup[CloseConnection]) -> Iterator[CloseConnection]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error

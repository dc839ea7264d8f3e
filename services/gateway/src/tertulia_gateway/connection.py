"""One WebSocket connection: what comes in is dispatched, what its conversation sends goes out, it ends in one place.

Every task of a connection lives in one TaskGroup. `Closing`, raised by any of them, ends it with a close code.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from tertulia_gateway.conversation import Conversation
from tertulia_gateway.frames import (
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
from tertulia_gateway.limits import Clock, TokenBucket
from tertulia_gateway.listening import Microphone
from tertulia_gateway.opening import Opening, open_new, take_up
from tertulia_gateway.outgoing import answer_json
from tertulia_gateway.saving import SettingsSaver
from tertulia_gateway.wire import CANNOT_GO_ON, Closing
from tertulia_shared.bus import Bus, BusError
from tertulia_shared.entries import SAMPLE_RATE_IN, Refresh
from tertulia_shared.events import Characters, Error
from tertulia_shared.ids import new_id
from tertulia_shared.store import Store, StoreError

PCM_BYTES_PER_S = SAMPLE_RATE_IN * 2
MAX_PCM_BYTES = 6_400
"""200 ms: twice the longest frame that is asked for."""
PCM_PACE = 2.0
"""How many times faster than real time PCM may come, after a burst of `PCM_BURST_S`."""
PCM_BURST_S = 5.0
FRAMES_PER_S, FRAME_BURST = 50.0, 200.0
"""Text frames from one client."""
REOPEN_FIRST_S, REOPEN_MAX_S = 0.25, 5.0
FAREWELL_S = 2.0
"""How long the end of a microphone session and the close frame may take."""

SHOWN_OF_CHARACTER = ("id", "name", "voice", "image", "active")
"""What the `characters` event tells of each."""

UNAVAILABLE = "Redis or the store is away; nothing is lost. Send it again in a moment (with the same turn_id)."
NOT_OPEN = "No conversation is open here: send new_conversation, or resume with a conversation_id that exists."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backstage:
    """What all connections of a process share."""

    bus: Bus
    store: Store
    saver: SettingsSaver
    demo: bool
    clock: Clock
    wall_ms: Callable[[], int]


class SocketWire:
    """`Wire` over a WebSocket."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def text(self, frame: str) -> None:
        await self._socket.send({"type": "websocket.send", "text": frame})

    async def binary(self, frame: bytes) -> None:
        await self._socket.send({"type": "websocket.send", "bytes": frame})


class Connection:
    """Serves one accepted WebSocket."""

    def __init__(self, socket: WebSocket, backstage: Backstage) -> None:
        self._id = new_id()
        self._socket = socket
        self._stage = backstage
        self._wire = SocketWire(socket)
        self._conversation: Conversation | None = None
        self._running: asyncio.Task[None] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._unopened: Resume | NewConversation | None = None
        self._opening = asyncio.Lock()
        self._microphone = Microphone(backstage.bus, self._say_unavailable)
        clock = backstage.clock
        self._pcm_rate = TokenBucket(PCM_BYTES_PER_S * PCM_PACE, PCM_BYTES_PER_S * PCM_BURST_S, clock)
        self._frame_rate = TokenBucket(FRAMES_PER_S, FRAME_BURST, clock)
        self._once_a_second = {
            code: TokenBucket(1.0, 1.0, clock) for code in ("not_listening", "rate_limited", "unavailable")
        }
        self._asked_to_close: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def close(self, code: int, reason: str) -> None:
        """End this connection with a close code."""
        if not self._asked_to_close.done():
            self._asked_to_close.set_result((code, reason))

    async def serve(self, first: Resume | NewConversation | None) -> None:
        """Serve it to its end. `first` is the conversation to open; None waits for the client to say."""
        ending: Closing | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._close_when_asked())
                tasks.create_task(self._microphone.run())
                self._unopened = first
                tasks.create_task(self._open_later())
                tasks.create_task(self._receive())
        except* WebSocketDisconnect:
            pass  # the client has gone
        except* Closing as group:
            ending = next(_leaves(group))
        except* Exception:
            log.exception("a connection failed", extra=self._ids())
            ending = Closing(CANNOT_GO_ON, "the server cannot go on; connect again and resume")
        finally:
            await self._farewell(ending)

    async def _close_when_asked(self) -> None:
        raise Closing(*await self._asked_to_close)

    async def _farewell(self, ending: Closing | None) -> None:
        self._microphone.stop("abandoned")
        with contextlib.suppress(BusError, TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await self._microphone.flush()
        if ending is not None:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await self._socket.close(ending.code, ending.reason)

    # -- what comes in

    async def _receive(self) -> None:
        await self._open_first()
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            pcm = message.get("bytes")
            problem = self._pcm(pcm) if pcm is not None else await self._text(message.get("text") or "")
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

    async def _text(self, frame: str) -> Problem | None:
        if not self._frame_rate.take():
            return Problem("rate_limited", f"More than {FRAMES_PER_S:.0f} frames a second; some were dropped.")
        command = parse(frame)
        if isinstance(command, Problem):
            return command
        turn_id = command.turn_id if isinstance(command, UserMessage) else ""
        try:
            return await self._obey(command)
        except (BusError, StoreError) as error:
            log.warning("a command failed: %s", error, extra=self._ids())
            return Problem("unavailable", UNAVAILABLE, turn_id)

    async def _obey(self, command: Command) -> Problem | None:
        match command:
            case NewConversation() | Resume():
                return await self._open(command)
            case RefreshCharacters():
                return await self._refresh_characters()
            case StopListening():
                self._microphone.stop("stopped")
                return None
            case _:
                return await self._obey_in_conversation(command)

    async def _obey_in_conversation(self, command: Command) -> Problem | None:
        if self._conversation is None and self._unopened is not None:
            problem = await self._open(self._unopened)
            if problem is not None:
                return problem
        conversation = self._conversation
        if conversation is None:
            return Problem("unknown_conversation", NOT_OPEN)
        match command:
            case UserMessage(text, turn_id):
                await conversation.user_message(text, turn_id or new_id())
            case StopReplies():
                await conversation.interrupt()
            case StartListening():
                self._microphone.start(conversation.id)
            case ChangeSettings(changes):
                self._stage.saver.save(conversation.id, await conversation.change_settings(changes))
            case Played(receipt):
                conversation.played(receipt)
            case _:  # the rest needs no conversation
                pass
        return None

    async def _refresh_characters(self) -> None:
        bus = self._stage.bus
        outlet = bus.outlet()
        outlet.append(bus.keys.broadcast(), Refresh())
        characters = await self._stage.store.characters()
        await outlet.flush()
        shown = tuple({name: getattr(each, name) for name in SHOWN_OF_CHARACTER} for each in characters)
        await self._wire.text(answer_json(Characters(shown)))

    # -- the conversation

    async def _open_first(self) -> None:
        if self._unopened is None:
            return
        try:
            problem = await self._open(self._unopened)
        except (BusError, StoreError) as error:
            log.warning("no conversation yet: %s", error)
            problem = Problem("unavailable", "Redis is away; the conversation opens as soon as it is back.")
        if problem is not None:
            await self._say(problem)

    async def _open_later(self) -> None:
        """What could not be opened is tried again: the client need not ask."""
        wait_s = REOPEN_FIRST_S
        while True:
            await asyncio.sleep(wait_s)
            if self._unopened is None:
                return
            wait_s = min(REOPEN_MAX_S, wait_s * 2)
            with contextlib.suppress(BusError, StoreError):
                await self._open(self._unopened)

    async def _open(self, target: Resume | NewConversation) -> Problem | None:
        async with self._opening:
            if target is self._unopened and self._conversation is not None:
                return None  # someone else has opened it meanwhile
            opening = await self._opened(target)
            self._unopened = None
            if isinstance(opening, Problem):
                return opening
            await self._leave_conversation(opening.conversation_id)
            stage = self._stage
            conversation = Conversation(
                stage.bus, self._wire, opening, demo=stage.demo, clock=stage.clock, wall_ms=stage.wall_ms
            )
            assert self._tasks is not None  # noqa: S101 - frames are only read inside the group
            self._conversation = conversation
            self._running = self._tasks.create_task(conversation.run())
            return None

    async def _opened(self, target: Resume | NewConversation) -> Opening | Problem:
        stage = self._stage
        if isinstance(target, Resume):
            return await take_up(stage.bus, stage.store, self._id, target, stage.wall_ms())
        return await open_new(stage.bus, self._id, demo=stage.demo)

    async def _leave_conversation(self, into: str) -> None:
        if self._conversation is None or self._running is None:
            return
        if self._conversation.id != into:
            self._microphone.stop("stopped")
        self._running.cancel()
        await asyncio.wait([self._running])
        self._conversation = self._running = None

    # -- errors, rendered here for the client

    async def _say(self, problem: Problem) -> None:
        bucket = self._once_a_second.get(problem.code)
        if bucket is None or problem.turn_id or bucket.take():
            await self._wire.text(answer_json(Error(problem.code, problem.message, turn_id=problem.turn_id)))

    async def _say_unavailable(self) -> None:
        await self._say(
            Problem("unavailable", "Redis is away; what you say is kept for a while and sent when it is back.")
        )

    def _ids(self) -> dict[str, str]:
        return {"conversation_id": "" if self._conversation is None else self._conversation.id}


def _leaves(group: BaseExceptionGroup[Closing]) -> Iterator[Closing]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error

"""The conversation that a connection has open. It can be replaced by another conversation. While Redis is unavailable,
opening is retried.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tertulia_gateway.commands import NewConversation, Problem, Resume
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.conversation import Conversation
from tertulia_gateway.conversation.left_sessions import end_left_sessions
from tertulia_gateway.conversation.microphone import Microphone
from tertulia_gateway.conversation.resume import OpenedConversation, create_conversation, resume_conversation
from tertulia_gateway.monitoring.health import DEMO, engines_of
from tertulia_gateway.transport import Transport
from tertulia_shared.bus import BusError, WriteRefused
from tertulia_shared.ids import new_id
from tertulia_shared.metrics import catalogue
from tertulia_shared.store import StoreError

log = logging.getLogger(__name__)

FIRST_RETRY_S, MAX_RETRY_S = 0.25, 5.0

Target = Resume | NewConversation


class ConversationSession:
    """Contains at most one open conversation, which runs in the connection's TaskGroup.

    `first` is the conversation to open at the start. If `first` is None, no conversation is open until `open` is
    called.
    """

    def __init__(
        self,
        ctx: GatewayContext,
        transport: Transport,
        tasks: asyncio.TaskGroup,
        first: Target | None,
        *,
        microphone: Microphone | None = None,
    ) -> None:
        self._ctx = ctx
        self._transport = transport
        self._tasks = tasks
        self._pending = first
        self._microphone = microphone
        self._client = new_id()
        self._opening = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None
        self.conversation: Conversation | None = None

    @property
    def open_id(self) -> str:
        """The id of the open conversation; "" if none is open."""
        return "" if self.conversation is None else self.conversation.id

    async def open(self, target: Target) -> Problem | None:
        """Replace the open conversation. If the new one cannot be opened, the old one stays open.

        Raises:
            BusError, StoreError: the outcome is unknown.
        """
        async with self._opening:
            return await self._open(target)

    async def open_pending(self) -> Problem | None:
        """Open `first`, unless a conversation was opened already.

        Raises:
            BusError, StoreError: the outcome is unknown.
        """
        async with self._opening:
            return None if self._pending is None else await self._open(self._pending)

    async def retry_pending(self) -> None:
        """Retry `open_pending` until it succeeds, so that the client need not repeat its request."""
        wait_s = FIRST_RETRY_S
        while self._pending is not None:
            await asyncio.sleep(wait_s)
            wait_s = min(MAX_RETRY_S, wait_s * 2)
            with contextlib.suppress(BusError, StoreError):
                await self.open_pending()

    async def _open(self, target: Target) -> Problem | None:
        ctx = self._ctx
        # ask before opening: an error after the opening would leave the conversation without a task
        demo = await self._is_demo()
        opened = await self._create_or_resume(target, demo=demo)
        self._pending = None
        if isinstance(opened, Problem):
            return opened
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        if self._microphone is not None:
            for session_id in opened.sessions.ended:  # these events come before the position: they are not sent again
                self._microphone.ended(session_id)
        self._end_left_sessions(opened)
        self.conversation = Conversation(
            ctx.bus,
            ctx.store,
            self._transport,
            opened,
            demo=demo,
            who_answers=ctx.who_answers,
            user_name=ctx.user_name,
            clock=ctx.clock,
            wall_ms=ctx.wall_ms,
            metrics=ctx.metrics,
            microphone=self._microphone,
            writes=ctx.writes,
            left_receipts=ctx.left_receipts,
        )
        if opened.resumed:
            ctx.metrics.of(catalogue.RESUMES).inc()
        self._running = self._tasks.create_task(self.conversation.run())
        return None

    def _end_left_sessions(self, opened: OpenedConversation) -> None:
        own = "" if self._microphone is None else self._microphone.session_id
        if left := opened.sessions.open - {own}:
            self._tasks.create_task(end_left_sessions(self._ctx.bus, opened.conversation_id, left))

    async def _create_or_resume(self, target: Target, *, demo: bool) -> OpenedConversation | Problem:
        ctx = self._ctx
        if isinstance(target, Resume):
            return await resume_conversation(ctx.bus, ctx.store, self._client, target, ctx.wall_ms())
        return await create_conversation(ctx.bus, self._client, demo=demo)

    async def _is_demo(self) -> bool:
        """True if an llm worker with the demo model is running."""
        try:
            members = await self._ctx.bus.alive(self._ctx.alive_s)
        except WriteRefused as error:  # a broken key must not prevent a conversation
            log.warning("the list of workers cannot be read: %s", error)
            return False
        return DEMO in engines_of(members)["llm"]

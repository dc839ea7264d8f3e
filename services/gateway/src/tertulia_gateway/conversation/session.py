"""Which conversation a connection has open: opened, changed for another, and tried again while Redis is away."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tertulia_gateway.commands import NewConversation, Problem, Resume
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.conversation import Conversation
from tertulia_gateway.conversation.microphone import Microphone
from tertulia_gateway.conversation.resume import OpenedConversation, create_conversation, resume_conversation
from tertulia_gateway.health import DEMO, engines_of
from tertulia_gateway.transport import Transport
from tertulia_shared.bus import BusError, WriteRefused
from tertulia_shared.ids import new_id
from tertulia_shared.metrics import catalogue
from tertulia_shared.store import StoreError

log = logging.getLogger(__name__)

AGAIN_FIRST_S, AGAIN_MAX_S = 0.25, 5.0

Target = Resume | NewConversation


class ConversationSession:
    """At most one conversation, running in the connection's TaskGroup. `first` is to be opened; None: nothing yet."""

    def __init__(
        self, ctx: GatewayContext, transport: Transport, tasks: asyncio.TaskGroup, first: Target | None,
        *, microphone: Microphone | None = None,
    ) -> None:  # fmt: skip
        self._ctx = ctx
        self._transport = transport
        self._tasks = tasks
        self._pending = first
        self._microphone = microphone
        self._id = new_id()
        self._one_at_a_time = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None
        self.conversation: Conversation | None = None

    async def open(self, target: Target) -> Problem | None:
        """Open this one instead of the present one, which stays if it cannot be opened.

        Raises:
            BusError, StoreError: it is not known whether it can.
        """
        async with self._one_at_a_time:
            return await self._open(target)

    async def open_pending(self) -> Problem | None:
        """Open what was asked for first, unless something is open. Raises: as `open`."""
        async with self._one_at_a_time:
            return None if self._pending is None else await self._open(self._pending)

    async def keep_trying(self) -> None:
        """Open what was asked for first as soon as it can be: the client need not ask again."""
        wait_s = AGAIN_FIRST_S
        while self._pending is not None:
            await asyncio.sleep(wait_s)
            wait_s = min(AGAIN_MAX_S, wait_s * 2)
            with contextlib.suppress(BusError, StoreError):
                await self.open_pending()

    async def _open(self, target: Target) -> Problem | None:
        stage = self._ctx
        demo = await self._is_demo()  # first: once something is opened, nothing may fail any more
        opening = await self._opened(target, demo=demo)
        self._pending = None
        if isinstance(opening, Problem):
            return opening
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        self.conversation = Conversation(
            stage.bus, self._transport, opening,
            demo=demo, clock=stage.clock, wall_ms=stage.wall_ms, metrics=stage.metrics,
            microphone=self._microphone,
        )  # fmt: skip
        if opening.resumed:
            stage.metrics.of(catalogue.RESUMES).inc()
        self._running = self._tasks.create_task(self.conversation.run())
        return None

    async def _opened(self, target: Target, *, demo: bool) -> OpenedConversation | Problem:
        stage = self._ctx
        if isinstance(target, Resume):
            return await resume_conversation(stage.bus, stage.store, self._id, target, stage.wall_ms())
        return await create_conversation(stage.bus, self._id, demo=demo)

    async def _is_demo(self) -> bool:
        """Whether the demo model answers just now."""
        try:
            members = await self._ctx.bus.alive(self._ctx.alive_s)
        except WriteRefused as error:  # the key is broken: that is no reason not to open a conversation
            log.warning("the workers cannot be seen: %s", error)
            return False
        return DEMO in engines_of(members)["llm"]

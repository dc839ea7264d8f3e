"""Extends the summaries that are due, one after the other, while no turn is being answered.

One llm worker does this: the worker that has the lease. Redis holds the conversations whose summaries are due until
they are extended, so a worker that dies leaves them to the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.summary.activity import TurnActivity, TurnBegun
from tertulia_llm.summary.due import BATCH_MESSAGES, default_keep, messages_to_keep
from tertulia_llm.summary.extension import Outdated, Postponed, SummaryExtension
from tertulia_llm.turn import Turn
from tertulia_shared.bus import Bus, BusError, BusRefused
from tertulia_shared.codec import BadEntry
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import is_id
from tertulia_shared.store import StoreError

POLL_S: Final = 5.0
"""Interval at which a worker looks for summaries that are due."""
REFUSED_POLL_S: Final = 60.0
BUSY_POLL_S: Final = 1.0
"""The interval while a summary waits for the end of a turn."""
LEASE_RENEW_S: Final = 2.0
RETRY_FIRST_S, RETRY_MAX_S = 30.0, 3600.0
"""After a failure of the model, the wait before the next try. It doubles with each failure."""
POSTPONE_S: Final = 5.0
MAX_NOTED: Final = 1_000

log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Raised when another worker has the lease."""


class Summarizer:
    """Makes summaries. `history`: the most messages of the history in a prompt. `is_wanted`: False if no summaries are
    to be made.
    """

    def __init__(
        self,
        bus: Bus,
        extension: SummaryExtension,
        *,
        activity: TurnActivity,
        metrics: LLMMetrics,
        history: int,
        is_wanted: Callable[[], bool],
    ) -> None:
        self._bus = bus
        self._extension = extension
        self._activity = activity
        self._metrics = metrics
        self._history = history
        self._is_wanted = is_wanted
        self._key = bus.keys.summaries_due()
        self._noted: dict[str, int] = {}
        self._woken = asyncio.Event()
        self._not_before: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._most: dict[str, int] = {}
        """The size of a request, for conversations of which a larger one does not fit into the model's window."""

    def note(self, turn: Turn) -> None:
        """Note a turn that has ended: the summary of its conversation may be due."""
        if turn.summary.off or not self._is_wanted():
            return
        room = self._history if turn.history_room is None else min(self._history, turn.history_room)
        keep = messages_to_keep(turn.history.count_after(turn.summary.covers), room)
        if keep is not None and len(self._noted) < MAX_NOTED:
            self._noted[turn.conversation_id] = keep
            self._woken.set()

    async def run(self, holder: str) -> None:
        """Extend summaries until cancelled. `holder`: the name of this worker, under which it takes the lease."""
        wait_s = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()
            self._woken.clear()
            wait_s = POLL_S
            try:
                await self._post_noted()
                if self._is_wanted() and await self._extend_due(holder):
                    wait_s = BUSY_POLL_S
            except LeaseLost:  # another worker makes them
                continue
            except BusRefused as error:  # the Redis user is of an older release, without the rights for these keys
                log.warning("no summaries can be made: %s", error)
                wait_s = REFUSED_POLL_S
            except BusError as error:
                log.info("summaries wait: %s", error)

    async def _post_noted(self) -> None:
        noted = dict(self._noted)
        if noted:
            outlet = self._bus.outlet()
            outlet.put(self._key, noted)
            await outlet.flush()
            self._noted = {id: keep for id, keep in self._noted.items() if noted.get(id) != keep}

    async def _extend_due(self, holder: str) -> bool:
        """Extend the summaries that are due. True if some wait for the end of a turn."""
        now = asyncio.get_running_loop().time()
        due = {raw.decode(errors="replace"): keep for raw, keep in (await self._bus.hash(self._key)).items()}
        self._not_before = {id: time for id, time in self._not_before.items() if id in due}
        for conversation_id, keep in due.items():
            if self._not_before.get(conversation_id, 0.0) > now:
                continue
            if not await self._activity.is_quiet():
                return True
            async with self._lease(holder):
                is_done = not is_id(conversation_id) or await self._extend(conversation_id, self._keep(keep))
                if is_done:
                    await self._forget(conversation_id)
        return False

    def _keep(self, raw: bytes) -> int:
        keep = int(raw) if raw.isdigit() and len(raw) < 5 else 0  # noqa: PLR2004 - more digits than any history has
        return keep or default_keep(self._history)

    async def _extend(self, conversation_id: str, keep: int) -> bool:
        """Extend one summary as far as possible. False if it is to be tried again."""
        ids = {"conversation_id": conversation_id}
        try:
            while await self._extension.extend(conversation_id, keep, self._most.get(conversation_id, BATCH_MESSAGES)):
                self._metrics.summary("made")
                log.info("extended the summary of a conversation", extra=ids)
        except TurnBegun:
            self._metrics.summary("cancelled")
        except Outdated:
            self._metrics.summary("outdated")
        except Postponed as postponed:
            log.info("a summary waits: %s", postponed, extra=ids)
            self._not_before[conversation_id] = asyncio.get_running_loop().time() + POSTPONE_S
        except ModelFailed as failed:
            self._metrics.summary("failed")
            log.warning("the model made no summary: %s", failed, extra=ids)
            self._put_off(conversation_id, failed)
        except (StoreError, BadEntry) as error:
            log.warning("a conversation cannot be summed up: %s", error, extra=ids)
            return True
        else:
            return True
        return False

    def _put_off(self, conversation_id: str, failed: ModelFailed) -> None:
        most = self._most.get(conversation_id, BATCH_MESSAGES)
        if failed.code == "llm_context" and most > 1:
            self._most[conversation_id] = most // 2
            return
        failures = self._failures[conversation_id] = self._failures.get(conversation_id, 0) + 1
        wait_s = min(RETRY_MAX_S, RETRY_FIRST_S * 2 ** (failures - 1))
        self._not_before[conversation_id] = asyncio.get_running_loop().time() + wait_s

    async def _forget(self, conversation_id: str) -> None:
        for known in (self._failures, self._not_before, self._most):
            known.pop(conversation_id, None)
        outlet = self._bus.outlet()
        outlet.put(self._key, {conversation_id: None})
        await outlet.flush()

    @asynccontextmanager
    async def _lease(self, holder: str) -> AsyncGenerator[None]:
        """Run the block with the lease.

        Raises:
            LeaseLost: another worker has it. Errors of the block are raised unchanged.
        """
        lease = self._bus.keys.summarizer()
        if not await self._bus.acquire_lease(lease, holder):
            raise LeaseLost
        try:
            async with asyncio.TaskGroup() as tasks:
                renewing = tasks.create_task(self._renew(holder))
                yield
                renewing.cancel()
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        finally:
            with contextlib.suppress(BusError):
                await self._bus.release(lease, holder)

    async def _renew(self, holder: str) -> None:
        while True:
            await asyncio.sleep(LEASE_RENEW_S)
            if not await self._bus.acquire_lease(self._bus.keys.summarizer(), holder):
                raise LeaseLost

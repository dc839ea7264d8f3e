"""Cancels work when the user interrupts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tertulia_shared.bus import Bus, BusError, BusUnavailable, Entry, Fence, NotOwner, Stale
from tertulia_shared.codec import BadEntry, envelope
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.exception_groups import first_error
from tertulia_shared.keys import Key

CHECK_S = 10.0
"""Seconds between comparisons of the state's epoch with the epoch of the work."""

BEGIN_S = 0.05
"""The commands are followed from so many seconds after the work began. Redis refuses the writes of interrupted work at
once, and many short replies are complete by then.
"""
DELAY_S = 0.05
"""The commands are read so many seconds later at most: until then, their stream waits for the next read."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def until_interrupted(
    bus: Bus, conversation_id: str, epoch: int, *, after: str = "", fence: Fence | None = None
) -> AsyncGenerator[None]:
    """Run the block until it ends; cancel it when the conversation's epoch goes above `epoch`.

    A lower epoch or, with the `fence` of the work's writes, another owner cancels it, too (checked every `CHECK_S`):
    Redis has lost the data that this work belongs to. The epoch alone may be the same after a loss.

    `after`: the last command at a time when the epoch was not above `epoch` yet; "" reads it, which takes a round trip.

    Raises:
        Stale: the work was interrupted.
        NotOwner: this worker no longer owns the work.
        BusError: the commands cannot be read.
        Exception: an error of the block itself, unchanged.
    """
    watching: list[asyncio.Task[None]] = []
    try:
        async with asyncio.TaskGroup() as tasks:

            def watch() -> None:
                watching.append(tasks.create_task(_raise_when_interrupted(bus, conversation_id, epoch, after, fence)))

            beginning = asyncio.get_running_loop().call_later(BEGIN_S if after else 0, watch)
            try:
                yield
            finally:
                beginning.cancel()
                for task in watching:
                    task.cancel()
    except BaseExceptionGroup as group:
        raise first_error(group) from None


async def _raise_when_interrupted(bus: Bus, conversation_id: str, epoch: int, after: str, fence: Fence | None) -> None:
    """Read the commands, and check the epoch and the owner at intervals: if Redis loses its data, no command says so,
    and the work would wait for hours.
    """
    next_check = _now() + CHECK_S
    control = bus.keys.control(conversation_id)
    last = None if after else await _last(bus, control)
    follow = bus.follow(control, after or (BEGINNING if last is None else last.id), delay_s=DELAY_S)
    try:
        if last is not None and _may_stop(last, epoch):
            await _compare(bus, conversation_id, epoch)
        while True:
            try:
                async with asyncio.timeout_at(next_check):
                    entries = await follow.read()
            except TimeoutError:
                next_check = _now() + CHECK_S
                await _raise_if_lost(bus, conversation_id, epoch, fence)
                continue
            for entry in entries:
                if _may_stop(entry, epoch):
                    await _compare(bus, conversation_id, epoch)
    finally:
        follow.close()


async def _last(bus: Bus, control: Key) -> Entry | None:
    """The newest command; only this one is read, because a long conversation has many."""
    try:
        return await bus.last(control)
    except BusUnavailable:  # a follow waits until Redis is available again
        return None


def _may_stop(entry: Entry, epoch: int) -> bool:
    """True if the command is of a later epoch than the work, or is unreadable: it may then hide an interruption before
    it, which is not read.
    """
    try:
        return envelope(entry.fields).epoch > epoch
    except BadEntry as error:
        log.warning("ignored an unreadable control command: %s", error)
        return True


async def _compare(bus: Bus, conversation_id: str, epoch: int) -> None:
    """Raise `Stale` if the epoch in the state is above `epoch`: the state decides, not the command."""
    current = await _epoch(bus, conversation_id)
    if current > epoch:
        raise Stale(f"interrupted: the conversation is at epoch {current}")
    log.warning(
        "ignored a control command: the conversation's epoch is not above that of the work",
        extra={"conversation_id": conversation_id},
    )


async def _raise_if_lost(bus: Bus, conversation_id: str, epoch: int, fence: Fence | None) -> None:
    """Raise if Redis has lost the data of the work: the epoch or the owner is another one."""
    try:
        current = await _epoch(bus, conversation_id)
        if current == epoch and fence is not None:
            await bus.transact(conversation_id, [], fence=fence)  # writes nothing, but is refused to all but the owner
    except (NotOwner, Stale):
        raise
    except BusError:  # the next check, or the work itself, gets the error again
        return
    if current != epoch:
        raise Stale(f"the conversation is at epoch {current}, this work is of epoch {epoch}")


async def _epoch(bus: Bus, conversation_id: str) -> int:
    return ConversationState(await bus.hash(bus.keys.state(conversation_id))).epoch


def _now() -> float:
    return asyncio.get_running_loop().time()

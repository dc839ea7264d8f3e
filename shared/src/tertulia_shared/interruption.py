"""Cancels work when the user interrupts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tertulia_shared.bus import Bus, BusError, Follow, Stale
from tertulia_shared.codec import BadEntry, envelope
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.exception_groups import first_error

CHECK_S = 10.0
"""Seconds between comparisons of the state's epoch with the epoch of the work."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def until_interrupted(bus: Bus, conversation_id: str, epoch: int) -> AsyncGenerator[None]:
    """Run the block until it ends; cancel it when the conversation's epoch goes above `epoch`.

    A lower epoch cancels it, too (checked every `CHECK_S`): Redis has lost the data that this work belongs to.

    Raises: Stale: the work was interrupted. Errors of the block itself are raised unchanged.
    """
    control = bus.follow(bus.keys.control(conversation_id))
    try:
        async with asyncio.TaskGroup() as tasks:
            watching = (
                tasks.create_task(_raise_when_above(bus, conversation_id, control, epoch)),
                tasks.create_task(_raise_when_epoch_differs(bus, conversation_id, epoch)),
            )
            yield
            for task in watching:
                task.cancel()
    except BaseExceptionGroup as group:
        raise first_error(group) from None
    finally:
        control.close()


async def _raise_when_above(bus: Bus, conversation_id: str, control: Follow, epoch: int) -> None:
    while True:
        for entry in await control.read():
            try:
                raised = envelope(entry.fields).epoch
            except BadEntry as error:  # an unreadable command must not stop the work
                log.warning("ignored an unreadable control command: %s", error)
                continue
            if raised <= epoch:
                continue
            # only the epoch in the state counts: a command with another epoch must not stop the work
            held = ConversationState(await bus.hash(bus.keys.state(conversation_id))).epoch
            if held > epoch:
                raise Stale(f"interrupted: the conversation is at epoch {held}")
            log.warning(
                "ignored a control command: its epoch is above the conversation's",
                extra={"conversation_id": conversation_id},
            )


async def _raise_when_epoch_differs(bus: Bus, conversation_id: str, epoch: int) -> None:
    """Check the epoch at intervals: if Redis loses its data, no command says so, and the work would wait for hours."""
    while True:
        await asyncio.sleep(CHECK_S)
        held = epoch
        with contextlib.suppress(BusError):  # the next check, or the work itself, gets the error again
            held = ConversationState(await bus.hash(bus.keys.state(conversation_id))).epoch
        if held != epoch:
            raise Stale(f"the conversation is at epoch {held}, this work is of epoch {epoch}")

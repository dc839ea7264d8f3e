"""Work that stops the moment the user cuts in."""

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

LOOK_S = 10.0
"""How often it is looked whether the conversation still is at the epoch of the work."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def until_interrupted(bus: Bus, conversation_id: str, epoch: int) -> AsyncGenerator[None]:
    """Run the block until it ends, or until the conversation's epoch goes above `epoch`: then cancel it.

    Also if the epoch is below, which is looked at every `LOOK_S`: Redis has lost the talk that this work belongs to.

    Raises:
        Stale: it was interrupted. Whatever the block itself raises comes out as it is.
    """
    control = bus.follow(bus.keys.control(conversation_id))
    try:
        async with asyncio.TaskGroup() as tasks:
            watching = (
                tasks.create_task(_raise_when_above(bus, conversation_id, control, epoch)),
                tasks.create_task(_raise_when_elsewhere(bus, conversation_id, epoch)),
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
            except BadEntry as error:  # it tells nothing: no work ends by it
                log.warning("left out a command: %s", error)
                continue
            if raised <= epoch:
                continue
            # only the state says what the epoch is: a command that nothing in the state bears out ends no work
            held = ConversationState(await bus.hash(bus.keys.state(conversation_id))).epoch
            if held > epoch:
                raise Stale(f"interrupted: the conversation is at epoch {held}")
            log.warning("left out a command of an epoch that is not there", extra={"conversation_id": conversation_id})


async def _raise_when_elsewhere(bus: Bus, conversation_id: str, epoch: int) -> None:
    """No command tells that Redis has lost the talk: without this look the work would wait for its rest for hours."""
    while True:
        await asyncio.sleep(LOOK_S)
        held = epoch
        with contextlib.suppress(BusError):  # the next look, or the work itself, sees to it
            held = ConversationState(await bus.hash(bus.keys.state(conversation_id))).epoch
        if held != epoch:
            raise Stale(f"the conversation is at epoch {held}, this work is of epoch {epoch}")

"""Opens the store of a process that has one. The other processes do not import it: it takes 2 MB."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from tertulia_shared.process import CannotStart
from tertulia_shared.settings import CommonSettings
from tertulia_shared.store import Store, StoreError, StoreUnavailable, chosen_store

STORE_AGAIN_S: Final = 5.0
"""Seconds between attempts to open a store that was unavailable at the start."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_store(settings: CommonSettings) -> AsyncGenerator[Store]:
    """Open the store of the settings. If it is unavailable, the block begins anyway; its calls fail until it is back.

    Raises:
        CannotStart: the store can never work as configured; the message names the remedy.
    """
    try:
        store = chosen_store(settings)
        is_away = await _open(store)
    except StoreError as error:
        raise CannotStart(str(error)) from error
    try:
        async with asyncio.TaskGroup() as tasks:
            opening = tasks.create_task(_open_patiently(store)) if is_away else None
            yield store
            if opening is not None:
                opening.cancel()
    finally:
        await store.close()


async def _open(store: Store) -> bool:
    try:
        await store.open()
    except StoreUnavailable as error:
        log.warning("the store is unavailable: %s", error)
        return True
    return False


async def _open_patiently(store: Store) -> None:
    while True:
        await asyncio.sleep(STORE_AGAIN_S)
        try:
            if not await _open(store):
                log.info("the store is back")
                return
        except StoreError:
            log.exception("the store cannot be used")

"""Watches changed rows through Supabase Realtime. Without it, `refresh_characters` reads changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from pydantic import SecretStr
from realtime import AsyncRealtimeClient, RealtimePostgresChangesListenEvent, RealtimeSubscribeStates

AGAIN_FIRST_S: Final = 1.0
AGAIN_MAX_S: Final = 60.0
JOIN_TIMEOUT_S: Final = 10

log = logging.getLogger(__name__)
# the library logs unreadable frames, which have the text of rows
logging.getLogger("realtime").setLevel(logging.CRITICAL)


async def watch_table(url: str, key: SecretStr, table: str, changed: Callable[[], None]) -> None:
    """Call `changed` after each change of a row of `table`, and after each gap in the subscription, until cancelled."""
    wait_s = AGAIN_FIRST_S
    while True:
        if await _watch(url, key, table, changed):
            wait_s = AGAIN_FIRST_S
        await asyncio.sleep(wait_s)
        wait_s = min(AGAIN_MAX_S, wait_s * 2)


async def _watch(url: str, key: SecretStr, table: str, changed: Callable[[], None]) -> bool:
    """Use one connection until it ends; True if it was ever subscribed."""
    subscribed = False
    over = asyncio.Event()

    def on_state(state: RealtimeSubscribeStates, _: Exception | None) -> None:
        nonlocal subscribed
        if state is RealtimeSubscribeStates.SUBSCRIBED:
            subscribed = True
            changed()  # there may have been changes before the subscription
        else:
            over.set()

    # a new connection each time: the client's own reconnecting gives up after a few tries
    client = AsyncRealtimeClient(
        f"{url}/realtime/v1", token=key.get_secret_value(), auto_reconnect=False, max_retries=1, timeout=JOIN_TIMEOUT_S
    )
    try:
        channel = client.channel(f"tertulia-{table}")
        channel.on_postgres_changes(
            RealtimePostgresChangesListenEvent.All, lambda _: changed(), table=table, schema="public"
        )
        await channel.subscribe(on_state)
        await over.wait()
    except Exception as error:  # noqa: BLE001 - any error of the library: try again
        log.debug("Realtime is not there: %s", type(error).__name__)
    finally:
        await client.close()
    return subscribed

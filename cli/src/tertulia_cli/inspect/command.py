"""`tertulia inspect`: finds the conversation that is meant, reads it, shows it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Final

from rich.console import Console

from tertulia_cli.exits import MISUSED, NO_CONNECTION, OK, Failure
from tertulia_cli.inspect import tables
from tertulia_cli.inspect.recording import Listed, list_conversations, record
from tertulia_cli.inspect.timeline import build
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import Bus, BusError, BusRefused
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.keys import Keys

LAST: Final = "last"
PLAIN_COLUMNS: Final = 160
"""Where the output is no terminal: wide enough for every column."""


async def inspect(settings: RunSettings, asked: str) -> int:
    """List the conversations, or show the one that is asked for.

    Raises:
        Failure: Redis does not answer, or there is no such conversation.
    """
    url = settings.where_redis_is()
    try:
        async with open_bus(url, Keys(settings.namespace), name="inspect", tls=settings.redis_tls) as bus:
            return await _inspect(bus, asked)
    except* (BusRefused, ValueError) as group:
        raise Failure(f"{group.exceptions[0]}.", NO_CONNECTION) from None
    except* BusError as group:
        raise Failure(
            f"Redis cannot be read ({group.exceptions[0]}): is `tertulia run` running with this data folder "
            f"({settings.data_dir}), or is TERTULIA_REDIS_URL right?",
            NO_CONNECTION,
        ) from None


async def _inspect(bus: Bus, asked: str) -> int:
    console = Console(
        file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PLAIN_COLUMNS, soft_wrap=False
    )
    now_ms = time.time_ns() // 1_000_000
    conversations = await list_conversations(bus)
    if not asked:
        tables.show_list(console, conversations, now_ms)
        return OK
    id = choose(asked, conversations)
    tables.show_timeline(console, build(await record(bus, id, now_ms)))
    return OK


def choose(asked: str, conversations: Sequence[Listed]) -> str:
    """The id of the conversation that is meant: `last`, an id, or the beginning of exactly one.

    Raises:
        Failure: none is, or several are.
    """
    if asked == LAST and conversations:
        return conversations[0].id
    fitting = [each.id for each in conversations if each.id.startswith(asked.lower())]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Failure(f"{len(fitting)} conversations begin with {asked}: give more of the id.", MISUSED)
    raise Failure(f"no conversation {asked} in Redis: `tertulia inspect` lists those that are there.", MISUSED)

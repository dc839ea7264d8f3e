"""The Redis that the services use, as a command reads it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from tertulia_cli.exits import NO_CONNECTION, Failure
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import Bus, BusError, BusRefused
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.keys import Keys


@asynccontextmanager
async def redis_in_use(settings: RunSettings, command: str) -> AsyncGenerator[Bus]:
    """The bus over it; `command` is what its connections are called.

    Raises:
        Failure: its address cannot be read, or it does not answer, at the start or later.
    """
    keys = Keys(settings.namespace)
    try:
        async with AsyncExitStack() as block:
            opening = open_bus(settings.where_redis_is(), keys, name=command, tls=settings.redis_tls)
            try:
                bus = await block.enter_async_context(opening)
            except ValueError as error:  # of the address or a TLS file; what the block raises is another matter
                raise Failure(f"{error}.", NO_CONNECTION) from None
            yield bus
    except* BusRefused as group:
        raise Failure(f"{group.exceptions[0]}.", NO_CONNECTION) from None
    except* BusError as group:
        raise Failure(
            f"Redis cannot be used ({group.exceptions[0]}): is `tertulia run` running with this data folder "
            f"({settings.data_dir}), or is TERTULIA_REDIS_URL right?",
            NO_CONNECTION,
        ) from None

"""Connects a command to the Redis that the services use."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from tertulia_cli.exit_codes import NO_CONNECTION, Failure
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import Bus, BusError, BusRefused
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.keys import Keys


@asynccontextmanager
async def open_redis(settings: RunSettings, command: str) -> AsyncGenerator[Bus]:
    """Open the bus over Redis; `command` names its connections.

    Raises:
        Failure: the address is malformed, or Redis does not answer, at the start or later.
    """
    keys = Keys(settings.namespace)
    try:
        async with AsyncExitStack() as block:
            opening = open_bus(settings.redis_address(), keys, name=command, tls=settings.redis_tls)
            try:
                bus = await block.enter_async_context(opening)
            except ValueError as error:  # the error is from the address or a TLS file, not from the caller's block
                raise Failure(f"{error}.", NO_CONNECTION) from None
            yield bus
    except* BusRefused as group:
        raise Failure(f"{group.exceptions[0]}.", NO_CONNECTION) from None
    except* BusError as group:
        raise Failure(
            f"Redis cannot be used ({group.exceptions[0]}). Check that `tertulia run` is running with this data folder "
            f"({settings.data_dir}), or that TERTULIA_REDIS_URL is right.",
            NO_CONNECTION,
        ) from None

"""Pauses the connection over which a response comes, so that its tokens do not wake the process one by one."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol, TypeGuard


class Connection(Protocol):
    """The reading side of a transport of the event loop."""

    def is_closing(self) -> bool:
        """True if the connection is closed, or will be."""
        ...

    def pause_reading(self) -> None:
        """Read nothing until `resume_reading`."""
        ...

    def resume_reading(self) -> None:
        """Read what has arrived, and what arrives."""
        ...


def connection_of(response: object) -> Connection | None:
    """The connection of a response of the SDK's HTTP client; None if it is unknown, so that it is not paused.

    aiohttp has it, below the two streams that the HTTP client puts around the response. Our own `BodyStream` names it.
    """
    layer: object = getattr(response, "stream", None)
    connection = getattr(layer, "connection", None)
    if _is_connection(connection):
        return connection
    for name in ("_stream", "_aiohttp_response", "connection", "transport"):
        layer = getattr(layer, name, None)
    return layer if _is_connection(layer) else None


def _is_connection(layer: object) -> TypeGuard[Connection]:
    # `isinstance` with a runtime-checkable protocol costs ten times as much, and this runs for every reply
    return all(hasattr(layer, name) for name in ("is_closing", "pause_reading", "resume_reading"))


@contextmanager
def paused(connection: Connection | None) -> Generator[None]:
    """Read nothing from the connection meanwhile."""
    if connection is None or connection.is_closing():
        yield
        return
    connection.pause_reading()
    try:
        yield
    finally:
        if not connection.is_closing():
            connection.resume_reading()

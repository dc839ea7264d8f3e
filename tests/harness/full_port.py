"""A port on which no connection is ever accepted, like an address behind a firewall that drops packets."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

WAITING = 8
"""More connections than the queue of the port holds, so that the next one gets no answer."""


@contextmanager
def full_port() -> Generator[int]:
    """Yield the port's number."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        for _ in range(WAITING):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the signature of the library
            waiting.connect_ex(("127.0.0.1", port))
        yield port

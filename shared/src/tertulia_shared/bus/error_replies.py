"""Classifies the error replies of Redis: a temporary refusal (no memory, full disk), or a permanent one. Pure.

`WritesPaused` means that the same write succeeds once Redis has room again; any other error reply is permanent,
so a caller must not repeat the command.
"""

from __future__ import annotations

import re
from typing import Final

from redis.exceptions import (
    AskError,
    ClusterCrossSlotError,
    MovedError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)

from tertulia_shared.bus.port.errors import WriteRefused, WritesPaused

_TEMPORARY: Final = re.compile(r"\b(OOM|MISCONF|READONLY|LOADING|NOREPLICAS|MASTERDOWN|BUSY|CLUSTERDOWN|TRYAGAIN)\b")
"""Redis 6.2 puts the code of an error inside a script in the middle of its text."""


def refusal_of(error: ResponseError, what: str) -> WriteRefused:
    """Map a Redis error reply to a bus error. `what` names the refused command or key in the message."""
    code = "OOM " if isinstance(error, OutOfMemoryError) else ""  # redis-py removes the code from the text
    if isinstance(error, MovedError | AskError | ClusterCrossSlotError):  # redis-py removes these codes, too
        return WriteRefused(f"Redis refused {what}: it is a Redis Cluster, which Tertulia cannot use ({error})")
    text = f"Redis refused {what}: {code}{error}"
    if isinstance(error, OutOfMemoryError | ReadOnlyError) or _TEMPORARY.search(str(error)):
        return WritesPaused(text)
    return WriteRefused(text)

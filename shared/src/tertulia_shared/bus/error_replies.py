"""Classifies the error replies of Redis: a temporary refusal (no memory, full disk), or a permanent one. Pure.

`WritesPaused` means that the same write succeeds once Redis has room again; any other error reply is permanent,
so a caller must not repeat the command.
"""

from __future__ import annotations

import re
from typing import Final

from tertulia_shared.bus.port.errors import WriteRefused, WritesPaused
from tertulia_shared.bus.replies import ErrorReply

_TEMPORARY: Final = re.compile(r"\b(OOM|MISCONF|READONLY|LOADING|NOREPLICAS|MASTERDOWN|BUSY|CLUSTERDOWN|TRYAGAIN)\b")
"""Redis 6.2 puts the code of an error inside a script in the middle of its text."""
_OF_A_CLUSTER: Final = ("ASK ", "CROSSSLOT ", "MOVED ")


def refusal_of(error: ErrorReply, what: str) -> WriteRefused:
    """Map a Redis error reply to a bus error. `what` names the refused command or key in the message."""
    if str(error).startswith(_OF_A_CLUSTER):
        return WriteRefused(f"Redis refused {what}: it is a Redis Cluster, which Tertulia cannot use ({error})")
    text = f"Redis refused {what}: {error}"
    return WritesPaused(text) if _TEMPORARY.search(str(error)) else WriteRefused(text)

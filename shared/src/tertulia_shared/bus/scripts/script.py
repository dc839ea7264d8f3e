"""A Lua script and the commands that run it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

Argument = str | bytes | int | float
Command = Sequence[Argument]


class Script:
    """A Lua script, called by its digest; each connection loads it when it connects."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def call(self, keys: Sequence[str], *args: str | bytes | int) -> Command:
        """Build the command that runs the script. Each script has a function with named arguments that calls this."""
        return ("EVALSHA", self.digest, len(keys), *keys, *args)

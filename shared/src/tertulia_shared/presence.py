"""How live workers name themselves: by their name in the consumer group, as `stage:name:engine` among the workers.

A name ends in the schema version that its worker reads (`laptop-4242-a1b2c3.v1`): so an older worker knows whether
there is one that can do what it cannot.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Iterable

from tertulia_shared.codec import VERSION
from tertulia_shared.keys import Stage

_SCHEMA = re.compile(r"\.v(\d{1,6})")


def worker_name() -> str:
    """A name that no other worker has or had: host, process, a random part, and the schema version."""
    host = socket.gethostname().partition(".")[0].replace(":", "-")
    return f"{host}-{os.getpid()}-{secrets.token_hex(3)}.v{VERSION}"


def reads(members: Iterable[str], stage: Stage, version: int) -> bool:
    """Whether one of the live workers of the stage reads entries of this schema version."""
    return any(of == stage and schema >= version for of, schema in map(_stage_and_schema, members))


def _stage_and_schema(member: str) -> tuple[str, int]:
    stage, _, rest = member.partition(":")
    named = _SCHEMA.search(rest.partition(":")[0])
    return stage, int(named.group(1)) if named else 1

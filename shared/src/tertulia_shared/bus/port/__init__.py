"""The port to Redis: six small protocols, combined in `Bus`.

`redis_bus` is the real implementation; `testing.memory_bus` is the fake, which is part of the package.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from tertulia_shared.bus.port.maintenance import Maintenance
from tertulia_shared.bus.port.ownership import Ownership
from tertulia_shared.bus.port.presence import Presence
from tertulia_shared.bus.port.reading import Reading
from tertulia_shared.bus.port.work import WorkQueue
from tertulia_shared.bus.port.writing import Writing
from tertulia_shared.keys import Keys


class Bus(WorkQueue, Ownership, Writing, Reading, Presence, Maintenance, Protocol):
    """Every operation on Redis that a process may need. `keys`: the namespace."""

    keys: Keys


OpenBus = AbstractAsyncContextManager[Bus]

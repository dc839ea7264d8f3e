"""The port to Redis: what the stages need of it, as six small protocols that `Bus` joins.

`redis_bus` is the real implementation, `testing.memory_bus` the fake that ships.
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
    """All of Redis that a process may need. `keys`: the namespace."""

    keys: Keys


OpenBus = AbstractAsyncContextManager[Bus]

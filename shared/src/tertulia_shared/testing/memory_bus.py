"""An in-memory bus, tested by the same contract suite as the real one.

All users share one `MemoryBus` on one event loop. Idle times and presence use the clock that is passed in, so a test
controls when a lease ends; only `claim` waits in the loop's own time. Only keys with a shortened TTL expire.
"""

from __future__ import annotations

from tertulia_shared.testing.memory_maintenance import MemoryMaintenance
from tertulia_shared.testing.memory_ownership import MemoryOwnership
from tertulia_shared.testing.memory_presence import MemoryPresence
from tertulia_shared.testing.memory_work import MemoryWorkQueue
from tertulia_shared.testing.memory_writing import MemoryWriting


class MemoryBus(MemoryWorkQueue, MemoryOwnership, MemoryWriting, MemoryPresence, MemoryMaintenance):
    """Implements `port.Bus`, combined from its parts like the port."""

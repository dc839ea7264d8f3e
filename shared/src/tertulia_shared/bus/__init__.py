"""Redis Streams. Only this package talks to Redis: `port` defines the interface, the other modules implement it."""

from tertulia_shared.bus.port import Bus
from tertulia_shared.bus.port.errors import (
    BusError,
    BusRefused,
    BusUnavailable,
    EntriesLost,
    NotOwner,
    Stale,
    WriteRefused,
    WritesPaused,
)
from tertulia_shared.bus.port.maintenance import Maintenance, Sized, Sound, Space
from tertulia_shared.bus.port.ownership import Owned, Ownership, Refused
from tertulia_shared.bus.port.presence import Presence
from tertulia_shared.bus.port.reading import Entry, Follow, Reading
from tertulia_shared.bus.port.work import (
    UNASSIGNED,
    Backlog,
    Claim,
    PendingWork,
    QueueLoad,
    QueueView,
    WaitingWork,
    WorkQueue,
)
from tertulia_shared.bus.port.writing import Append, Applied, Condition, Expire, Fence, Outlet, Put, Write, Writing

__all__ = [
    "UNASSIGNED",
    "Append",
    "Applied",
    "Backlog",
    "Bus",
    "BusError",
    "BusRefused",
    "BusUnavailable",
    "Claim",
    "Condition",
    "EntriesLost",
    "Entry",
    "Expire",
    "Fence",
    "Follow",
    "Maintenance",
    "NotOwner",
    "Outlet",
    "Owned",
    "Ownership",
    "PendingWork",
    "Presence",
    "Put",
    "QueueLoad",
    "QueueView",
    "Reading",
    "Refused",
    "Sized",
    "Sound",
    "Space",
    "Stale",
    "WaitingWork",
    "WorkQueue",
    "Write",
    "WriteRefused",
    "WritesPaused",
    "Writing",
]

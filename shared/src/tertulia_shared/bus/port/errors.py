"""The errors that the bus raises.

BusError
├── BusUnavailable   the connection was lost; whether the last write arrived is unknown: resume as after a crash
│   └── BusRefused   Redis answers and refuses us: the login, a right or a certificate is wrong
├── NotOwner         another worker took the work over: stop, and write nothing more
├── EntriesLost      Redis has lost an entry that was read from it
├── Stale            the user interrupted: this work's epoch is over
└── WriteRefused     Redis answered with an error, and will answer the same command with the same error
    └── WritesPaused   Redis takes no writes now (out of memory, full disk, read-only replica): try again later
"""

from __future__ import annotations


class BusError(Exception):
    """Base class of the errors that the bus raises."""


class BusUnavailable(BusError):
    """The connection to Redis was lost; the outcome of the last write is unknown."""


class BusRefused(BusUnavailable):
    """Redis refuses the connection or a command; the message says which login, right or certificate is wrong."""


class NotOwner(BusError):
    """Another worker owns this work now."""


class EntriesLost(BusError):
    """Redis no longer has the entry `entry_id`, which was read: it restarted without its latest writes, or was flushed.

    All entries above that id were written after the loss.
    """

    def __init__(self, message: str, entry_id: str) -> None:
        super().__init__(message)
        self.entry_id = entry_id


class Stale(BusError):
    """The conversation's epoch is above the epoch of this work: the user interrupted."""


class WriteRefused(BusError):
    """Redis rejected a write with an error reply. Repeating the same write fails again, except for `WritesPaused`."""


class WritesPaused(WriteRefused):
    """Redis takes no writes now (out of memory, full disk, read-only replica). The same write succeeds later."""

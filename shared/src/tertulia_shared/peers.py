"""Watches the processes of peers on this machine: the work of one that dies is taken over before its lease ends.

A pidfd becomes readable when its process ends. On a system without pidfds, the pid is checked every `CHECK_S`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable

from tertulia_shared.worker_names import LocalProcess, local_process, started_at

CHECK_S = 0.25
"""Seconds between checks of a process without pidfds."""


def has_ended(process: LocalProcess) -> bool:
    """True if this process has ended. False if that is unknown: its work is then taken over when the lease expires."""
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    started = started_at(process.pid)
    return started is not None and started != process.started


class Peers:
    """The live peers that are watched. `on_end` is called with the name of each whose process ends."""

    def __init__(self, own_name: str, on_end: Callable[[str], None]) -> None:
        self._own_name = own_name
        self._on_end = on_end
        self._watched: dict[str, tuple[LocalProcess, int]] = {}
        """The process and its pidfd (-1: none), by name."""
        self._timer: asyncio.TimerHandle | None = None

        self._ended: set[str] = set()

    def watch(self, alive: Iterable[str], holding: Iterable[str] = ()) -> None:
        """Watch exactly these workers, replacing the previous set.

        Args:
            alive: the workers with a recent heartbeat.
            holding: the workers that hold work; `on_end` is called each time for those whose process has already ended.
        """
        holding = set(holding)
        names = (set(alive) | holding) - {self._own_name}
        self._ended = (self._ended & names) - holding
        for gone in self._watched.keys() - names:
            self._forget(gone)
        for name in names - self._watched.keys() - self._ended:
            process = local_process(name)
            if process is not None and process.pid != os.getpid():
                self._begin(name, process)
        self._set_timer()

    def has_ended(self, name: str) -> bool:
        """True if the process of this peer was seen to end."""
        return name in self._ended

    def _set_timer(self) -> None:
        if self._timer is None and any(pidfd < 0 for _, pidfd in self._watched.values()):
            self._timer = asyncio.get_running_loop().call_later(CHECK_S, self._look)

    def close(self) -> None:
        """Stop watching."""
        self.watch(())
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self, name: str, process: LocalProcess) -> None:
        pidfd = _pidfd(process.pid)
        if has_ended(process):  # checked after the pidfd was opened: this notices a pid that was reused in between
            if pidfd >= 0:
                os.close(pidfd)
            self._ended.add(name)
            self._on_end(name)
            return
        self._watched[name] = process, pidfd
        if pidfd >= 0:
            asyncio.get_running_loop().add_reader(pidfd, self._process_ended, name)

    def _process_ended(self, name: str) -> None:
        self._forget(name)
        self._ended.add(name)
        self._on_end(name)

    def _forget(self, name: str) -> None:
        _, pidfd = self._watched.pop(name)
        if pidfd >= 0:
            asyncio.get_running_loop().remove_reader(pidfd)
            os.close(pidfd)

    def _look(self) -> None:
        self._timer = None
        unseen = {name: process for name, (process, pidfd) in self._watched.items() if pidfd < 0}
        for name, process in unseen.items():
            if has_ended(process):
                self._process_ended(name)
        self._set_timer()


def _pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux, an old kernel, a sandbox that forbids it, or no such process
        return -1

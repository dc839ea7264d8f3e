"""A distant machine: a network namespace behind a link that delays packets, loses some, or is cut.

The wire is two tun devices and a thread that carries packets from one to the other, so TCP sees the conditions of
a real network: round trips, retransmissions, silence. (Not every kernel has netem.) Needs root.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from uuid import uuid4

TUN = Path("/dev/net/tun")
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
MTU = 1500


class NoFarLink(RuntimeError):
    """This machine cannot make the link; the message says why."""


class FarLink:
    """`with FarLink(delay_ms=25) as link:` `near` is the address of this end, `far` that of the other machine.

    `delay_ms` and `loss` (0 to 1) hold for each direction. `seed` decides which packets are lost.
    """

    def __init__(self, *, delay_ms: float = 0.0, loss: float = 0.0, seed: int = 0) -> None:
        number = random.randrange(1, 250)
        self.name = f"far-{uuid4().hex[:6]}"
        self.near, self.far = f"10.203.{number}.1", f"10.203.{number}.2"
        self._delay_s = delay_ms / 1000
        self._loss = loss
        self._chance = random.Random(seed)
        self._cut = threading.Event()
        self._over = threading.Event()
        self._fds: list[int] = []
        self._pump = threading.Thread(target=self._carry, name=self.name)

    def command(self, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` on the other machine, with the same process id and the same files."""
        return ["ip", "netns", "exec", self.name, *command]

    def cut(self) -> None:
        """Drop every packet, without an error to either end."""
        self._cut.set()

    def mend(self) -> None:
        """Forward packets again; those sent meanwhile are lost."""
        self._cut.clear()

    def __enter__(self) -> Self:
        if os.geteuid() != 0 or not TUN.exists():
            raise NoFarLink("a network namespace needs root and /dev/net/tun")
        ours, theirs = f"{self.name}a", f"{self.name}b"
        try:
            _ip("netns", "add", self.name)
            self._fds = [_tun(ours), _tun(theirs)]
            _ip("link", "set", theirs, "netns", self.name)
            _ip("addr", "add", self.near, "peer", self.far, "dev", ours)
            _ip("link", "set", ours, "up", "mtu", str(MTU))
            _ip("-n", self.name, "addr", "add", self.far, "peer", self.near, "dev", theirs)
            _ip("-n", self.name, "link", "set", theirs, "up", "mtu", str(MTU))
            _ip("-n", self.name, "link", "set", "lo", "up")
        except (OSError, subprocess.CalledProcessError) as error:
            self._remove()
            raise NoFarLink(f"no network namespace can be made here: {error}") from error
        self._pump.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pump.join()
        self._remove()

    def _remove(self) -> None:
        for fd in self._fds:
            os.close(fd)
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)

    def _carry(self) -> None:
        under_way: list[tuple[float, int, int, bytes]] = []
        other = dict(zip(self._fds, reversed(self._fds), strict=True))
        count = 0
        while not self._over.is_set():
            wait_s = 0.05 if not under_way else max(0.0, min(0.05, under_way[0][0] - time.monotonic()))
            for fd in select.select(self._fds, [], [], wait_s)[0]:
                packet = os.read(fd, MTU + 100)
                if not self._cut.is_set() and self._chance.random() >= self._loss:
                    count += 1
                    heapq.heappush(under_way, (time.monotonic() + self._delay_s, count, other[fd], packet))
            while under_way and under_way[0][0] <= time.monotonic():
                _, _, fd, packet = heapq.heappop(under_way)
                if not self._cut.is_set():
                    os.write(fd, packet)


def _tun(name: str) -> int:
    fd = os.open(TUN, os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)

"""What a process writes, line by line.

A pipe of our own, not asyncio's: a grandchild that inherited the other end must not keep us from seeing that the
process itself has ended.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Final

READ_BYTES: Final = 64 * 1024
MAX_LINE_BYTES: Final = 64 * 1024
"""A longer line is cut here: nobody may fill our memory with one."""


class LogPipe:
    """Give `write_end` to a process, then `hand_over` it; lines go to `sink` until `close`."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
        self._rest = b""
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        asyncio.get_running_loop().add_reader(self._read_end, self._read)

    def hand_over(self) -> None:
        """The process has its end: close ours."""
        os.close(self.write_end)

    def close(self) -> None:
        """Pass on what is still in the pipe, and close it."""
        while self._read():
            pass
        asyncio.get_running_loop().remove_reader(self._read_end)
        os.close(self._read_end)
        if self._rest:
            self._sink(self._rest)
            self._rest = b""

    def _read(self) -> bool:
        try:
            got = os.read(self._read_end, READ_BYTES)
        except BlockingIOError:
            return False
        if not got:  # every writer has gone; a reader at the end of a pipe would be called without end
            asyncio.get_running_loop().remove_reader(self._read_end)
            return False
        *lines, self._rest = (self._rest + got).split(b"\n")
        for line in lines:
            self._sink(line)
        if len(self._rest) > MAX_LINE_BYTES:
            self._sink(self._rest)
            self._rest = b""
        return True

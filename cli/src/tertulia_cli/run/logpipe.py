"""Reads a process' output line by line.

This does not use asyncio's subprocess pipes: with those, a grandchild that inherited the pipe would delay the notice
that the process has ended.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Final

READ_BYTES: Final = 64 * 1024
MAX_LINE_BYTES: Final = 64 * 1024
"""A longer line is truncated, to bound the memory."""


class LogPipe:
    """Pass `write_end` to a process, then call `hand_over`; lines go to `sink` until `close`."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        self._sink = sink
        self._rest = b""
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        asyncio.get_running_loop().add_reader(self._read_end, self._read)

    def hand_over(self) -> None:
        """Close our copy of the write end, once the process has its own."""
        os.close(self.write_end)

    def close(self) -> None:
        """Read the rest of the pipe, and close it."""
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
        if not got:  # all writers have closed; without this the loop would call the reader forever
            asyncio.get_running_loop().remove_reader(self._read_end)
            return False
        *lines, self._rest = (self._rest + got).split(b"\n")
        for line in lines:
            self._sink(line)
        if len(self._rest) > MAX_LINE_BYTES:
            self._sink(self._rest)
            self._rest = b""
        return True

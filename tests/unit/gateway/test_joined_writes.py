"""Frames of one round of the event loop are joined, in order, and never held longer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tertulia_gateway.protocols.joined_writes import MAX_JOINED_BYTES, JoinedWrites


class Written(asyncio.WriteTransport):
    """A transport that records each call to the operating system."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[bytes] = []
        self.closes = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        raise AssertionError("before Python 3.12.9, this does not pause the writer")

    def is_closing(self) -> bool:
        return self.closes


async def test_first_write_of_a_round_goes_out_at_once_and_the_others_together() -> None:
    transport = Written()
    frames = JoinedWrites(transport, asyncio.get_running_loop())
    for data in (b"1", b"2", b"3"):
        frames.write(data)
    assert transport.calls == [b"1"]
    await asyncio.sleep(0)
    assert transport.calls == [b"1", b"23"]
    frames.write(b"4")
    assert transport.calls == [b"1", b"23", b"4"]
    await asyncio.sleep(0)
    assert transport.calls == [b"1", b"23", b"4"]


async def test_many_bytes_do_not_wait_for_the_end_of_the_round() -> None:
    transport = Written()
    frames = JoinedWrites(transport, asyncio.get_running_loop())
    half = bytes(MAX_JOINED_BYTES // 2)
    for data in (b"1", half, half, b"2", b"3"):
        frames.write(data)
    assert transport.calls == [b"1", half + half + b"2"]
    await asyncio.sleep(0)
    assert transport.calls == [b"1", half + half + b"2", b"3"]


async def test_flush_writes_what_waits_unless_the_transport_closes() -> None:
    transport = Written()
    frames = JoinedWrites(transport, asyncio.get_running_loop())
    frames.write(b"1")
    frames.write(b"2")
    frames.flush()
    assert transport.calls == [b"1", b"2"]
    frames.write(b"3")
    transport.closes = True
    await asyncio.sleep(0)
    assert transport.calls == [b"1", b"2"]

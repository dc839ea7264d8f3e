"""The limits that connections share: fair parsing, and the number of unfinished connections."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from websockets.frames import Frame, Opcode

from tertulia_gateway.protocols.fair_parsing import FairParsing
from tertulia_gateway.protocols.frame_header import frame_header
from tertulia_gateway.protocols.unfinished_connections import UnfinishedConnections


@dataclass(eq=False)
class Sender:
    """A connection with a number of slices to parse. Each time a slice is parsed, it adds its name to `parsed`."""

    name: str
    slices: int
    parsed: list[str] = field(default_factory=list[str])
    is_bad: bool = False
    waits: bool = True
    evicted: bool = False

    def parse_slice(self) -> bool:
        if self.is_bad:
            raise ValueError("a bug")
        self.parsed.append(self.name)
        self.slices -= 1
        return self.slices > 0

    def is_waiting(self) -> bool:
        return self.waits

    def evict(self) -> None:
        self.evicted = True


async def _until_parsed(*senders: Sender) -> None:
    async with asyncio.timeout(10):
        while any(sender.slices > 0 for sender in senders):  # noqa: ASYNC110 - waits for the next iteration of the loop
            await asyncio.sleep(0)


async def test_first_slice_is_parsed_at_once_if_no_connection_is_waiting() -> None:
    sender = Sender("a", 1)
    FairParsing().add(sender)
    assert sender.parsed == ["a"]


async def test_slices_of_several_connections_are_parsed_alternately() -> None:
    parsed: list[str] = []
    parsing = FairParsing()
    flood, other = Sender("flood", 100, parsed), Sender("other", 2, parsed)
    parsing.add(flood)
    parsing.add(other)
    parsing.add(other)  # the connection is added again, because it has received more bytes meanwhile
    await _until_parsed(flood, other)
    assert parsed.count("flood") == 100
    assert [name for name in parsed if name == "other"] == ["other"] * 2
    assert parsed.index("other") <= 2, "it must not wait for the end of the flood"


async def test_parser_failure_ends_only_the_connection_whose_bytes_were_parsed() -> None:
    parsing = FairParsing()
    flood, bad, other = Sender("flood", 50), Sender("bad", 3, is_bad=True), Sender("other", 1)
    parsing.add(flood)
    parsing.add(bad)
    parsing.add(other)
    await _until_parsed(flood, other)
    assert (bad.evicted, flood.evicted, other.evicted) == (True, False, False)


def test_connection_that_exceeds_the_limit_evicts_the_oldest_connection_that_waits_for_its_client() -> None:
    unfinished = UnfinishedConnections(2)
    busy, idle, new = Sender("busy", 0, waits=False), Sender("idle", 0), Sender("new", 0)
    for connection in (busy, idle, new):
        unfinished.enter(connection)
    assert (busy.evicted, idle.evicted, new.evicted) == (False, True, False)
    assert len(unfinished) == 2


def test_new_connection_that_exceeds_the_limit_is_evicted_if_no_other_waits_for_its_client() -> None:
    unfinished = UnfinishedConnections(1)
    busy, new = Sender("busy", 0, waits=False), Sender("new", 0, waits=False)
    unfinished.enter(busy)
    unfinished.enter(new)
    assert (busy.evicted, new.evicted) == (False, True)
    unfinished.leave(busy)
    assert len(unfinished) == 0


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_frame_header_is_that_of_the_websockets_library(opcode: Opcode, length: int) -> None:
    payload = bytes(length)
    assert frame_header(opcode, length) + payload == Frame(opcode, payload).serialize(mask=False)

"""Detection of live workers and of the gateway's status."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tertulia_cli.run.readiness import Member, gateway_status, parse_members, parse_status

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(answer: Answer) -> AsyncGenerator[int]:
    """The port of a server that sends this answer to each connection."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def test_malformed_worker_names_are_skipped() -> None:
    found = parse_members(["tts:my-host-4711-a1b2c3:espeak", "llm:my-host-4712-a1b2c3:demo", "odd", "a:b"])
    assert found == [Member("tts", "my-host-4711-a1b2c3", "espeak"), Member("llm", "my-host-4712-a1b2c3", "demo")]


def test_live_worker_is_matched_by_process_and_host() -> None:
    member = Member("tts", "my-host-4711-a1b2c3", "espeak")
    assert member.is_process(4711, "my-host")
    assert not member.is_process(471, "my-host")
    assert not member.is_process(4711, "my")
    assert not member.is_process(4711, "other")


async def test_gateway_status_is_none_if_it_does_not_listen() -> None:
    assert await gateway_status("127.0.0.1", 1) is None


async def test_gateway_status_is_that_of_readyz() -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with listening(answer) as port:
        assert await gateway_status("127.0.0.1", port) == 503
    assert asked[0].startswith(b"GET /readyz HTTP/1.1\r\n")


async def test_cancelled_readiness_check_does_not_wait_for_a_hanging_gateway() -> None:
    asked = asyncio.Event()
    never = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await never.wait()
        writer.close()

    async with listening(hang) as port:
        asking = asyncio.create_task(gateway_status("127.0.0.1", port))
        await asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        never.set()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n", 200), (b"HTTP/1.0 503\r\n", 503), (b"", None), (b"SSH-2.0-x\r\n", None),
        (b"HTTP/1.1 2x0", None),
    ],
    ids=["ok", "no reason", "closed", "another protocol", "no number"],
)  # fmt: skip
def test_malformed_http_status_line_counts_as_no_status(line: bytes, status: int | None) -> None:
    assert parse_status(line) == status

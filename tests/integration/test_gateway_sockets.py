"""The socket of one client delays no other client: floods, incomplete requests, and clients that do not read."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import cast

import pytest
from websockets.exceptions import ConnectionClosed

from tertulia_gateway.protocols.bounds import MAX_UNFINISHED, SocketBounds
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tests.harness.client import talk
from tests.harness.eventually import PATIENCE_S
from tests.harness.gateway import Client, gateway
from tests.harness.raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawSocket, frame, upgrade
from tests.harness.stack import Stack

FOREIGN = "http://evil.example"
FRAMES = 1_000_000
TOLERABLE_S = 5.0
"""Maximum processor time that the gateway may use before it answers a request. A blocked event loop used 15 s or
more.
"""
SHORT = SocketBounds(ping_s=0.2, pong_s=0.5, linger_s=0.2, header_s=0.5, body_s=0.5, send_stall_s=0.5, closing_s=0.5)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A separate gateway process. There are no workers."""
    with Stack(tmp_path_factory.mktemp("sockets") / "stack", workers={"gateway": 1}) as running:
        yield running


@dataclass
class Probe:
    """Requests /healthz repeatedly. `longest_s`: the most processor time that the gateway used before an answer."""

    longest_s: float = 0.0

    async def run(self, stack: Stack) -> None:
        (asked,) = stack.of("gateway")
        while True:
            begun = asked.cpu_s
            await asyncio.to_thread(_ok, stack.http("/healthz"))
            self.longest_s = max(self.longest_s, asked.cpu_s - begun)


def _ok(url: str) -> None:
    with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310 - a local http address
        assert response.status == 200


@asynccontextmanager
async def others_are_served(stack: Stack) -> AsyncGenerator[None]:
    """Check that other clients are answered while the `with` block runs, and that a turn is accepted afterwards."""
    probe = Probe()
    async with talk(*stack.urls) as client:
        asking = asyncio.create_task(probe.run(stack))
        try:
            yield
        finally:
            asking.cancel()
        await client.say("still here", new_id())
        await client.until_event("turn_accepted")
    assert probe.longest_s < TOLERABLE_S


FLOODS = {
    "pings": frame(PING) * FRAMES,
    "pongs": frame(PONG) * FRAMES,
    "empty text": frame(TEXT) * FRAMES,
    "empty binary": frame(BINARY) * FRAMES,
    "continuations": frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * FRAMES,
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_flood_of_frames_closes_only_its_own_connection(process: Stack, flood: str) -> None:
    port = process.of("gateway")[0].port
    async with others_are_served(process), RawSocket.upgraded(port) as raw:
        writing = asyncio.create_task(raw.write(FLOODS[flood]))
        code, reason = await raw.close_frame()
        writing.cancel()
    assert code == 1008
    assert "more than" in reason


async def test_frames_that_flood_a_refused_socket_are_not_parsed(process: Stack) -> None:
    port = process.of("gateway")[0].port
    async with others_are_served(process), RawSocket.upgraded(port, Origin=FOREIGN) as raw:
        writing = asyncio.create_task(raw.write(FLOODS["empty text"]))
        code, reason = await raw.close_frame()
        writing.cancel()
    assert (code, "origin" in reason) == (1008, True)


async def test_clients_that_are_refused_repeatedly_are_disconnected_without_delaying_others(process: Stack) -> None:
    port = process.of("gateway")[0].port
    ends: set[str] = set()

    async def attempt() -> None:
        async with RawSocket.at(port) as raw:
            await raw.write(upgrade(Origin=FOREIGN))
            ends.add("refused" if b"origin" in await raw.rest() else "aborted")

    async with others_are_served(process):
        while ends != {"refused", "aborted"}:
            await asyncio.gather(*(attempt() for _ in range(100)))
    async with RawSocket.upgraded(port):
        pass


async def test_request_body_in_tiny_chunks_does_not_delay_others(process: Stack) -> None:
    port = process.of("gateway")[0].port
    head = b"POST /api/characters HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with others_are_served(process), RawSocket.at(port) as raw:
        await raw.write(head + b"1\r\na\r\n" * FRAMES)
        await raw.rest()


async def test_incomplete_requests_do_not_prevent_complete_requests(process: Stack) -> None:
    port = process.of("gateway")[0].port
    unfinished = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_UNFINISHED + 50)]
    try:
        for _, writer in unfinished:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: local")
        await asyncio.to_thread(_ok, process.http("/healthz"))
        async with talk(*process.urls) as client:
            await client.until_event("conversation_started")
        ended = [asyncio.create_task(reader.read()) for reader, _ in unfinished]
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
    finally:
        for _, writer in unfinished:
            writer.transport.abort()


def test_floods_cause_no_traceback_in_the_log(process: Stack) -> None:
    assert "Traceback" not in process.of("gateway")[0].log.read_text()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half",
        upgrade()[:-2],
        b"P",
    ],
)
async def test_incomplete_header_is_answered_with_408(redis_url: str, keys: Keys, sent: bytes) -> None:
    async with gateway(redis_url, keys, bounds=SHORT) as made, RawSocket.at(made.port) as raw:
        await raw.write(sent)
        assert (await raw.rest()).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "sent", [b"", b"POST /api/characters HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"]
)
async def test_connection_without_a_complete_request_is_closed(redis_url: str, keys: Keys, sent: bytes) -> None:
    async with gateway(redis_url, keys, bounds=SHORT) as made, RawSocket.at(made.port) as raw:
        await raw.write(sent)
        assert await raw.rest() == b""


@pytest.mark.parametrize("size", [20_000, 100_000])
async def test_long_header_is_refused(redis_url: str, keys: Keys, size: int) -> None:
    async with gateway(redis_url, keys) as made, RawSocket.at(made.port) as raw:
        await raw.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * size)
        assert (await raw.rest()).startswith(b"HTTP/1.1 4") or size > 50_000


async def test_websocket_upgrade_with_too_many_headers_is_refused(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys) as made, RawSocket.at(made.port) as raw:
        await raw.write(upgrade(**{f"X-{number}": "1" for number in range(200)}))
        assert (await raw.rest()).startswith(b"HTTP/1.1 431")


async def test_client_that_does_not_read_is_disconnected(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys, bounds=SHORT, max_connections=1) as made, RawSocket.upgraded(made.port) as raw:
        _do_not_read(raw)
        await _wait_for_room(made.url())


async def test_client_that_does_not_read_its_responses_is_disconnected(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys, bounds=SHORT, max_connections=1) as made, RawSocket.upgraded(made.port) as raw:
        _do_not_read(raw)
        await raw.write(frame(TEXT, b'{"type": "sing"}') * 1000 + frame(PING, b"x" * 125) * 500)
        await _wait_for_room(made.url())


def _do_not_read(raw: RawSocket) -> None:
    cast("asyncio.Transport", raw.writer.transport).pause_reading()


async def _wait_for_room(url: str) -> None:
    """Connect repeatedly until the gateway has dropped the client that is connected."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with Client.at(url) as client:
                with suppress(ConnectionClosed):
                    await client.socket.recv()
                    return


@pytest.mark.parametrize("fragments", [1, 8])
async def test_text_frames_above_the_rate_limit_close_the_connection(
    redis_url: str, keys: Keys, fragments: int
) -> None:
    data = b"[" * (1024 * 1024 // fragments)
    parts = [frame(CONTINUATION if n else TEXT, data, fin=n == fragments - 1) for n in range(fragments)]
    async with gateway(redis_url, keys) as made, RawSocket.upgraded(made.port) as raw:
        writing = asyncio.create_task(raw.write(b"".join(parts) * 4))
        code, reason = await raw.close_frame()
        await writing
    assert code == 1008
    assert "of text a second" in reason


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(TEXT, b"\xff\xfe") + frame(CLOSE, b"\x03\xe8"), 1000),
        (frame(TEXT, b"\xc3", fin=False) + frame(CONTINUATION, b"("), 1007),
        (frame(TEXT, b"{}", masked=False), 1002),
        (frame(TEXT, b"{}", rsv=4), 1002),
        (frame(3), 1002),
        (frame(PING, fin=False), 1002),
        (frame(CONTINUATION), 1002),
        (frame(TEXT, fin=False) * 2, 1002),
        (frame(8, b"\x00"), 1002),
        (frame(TEXT, b"x" * (1024 * 1024 + 1)), 1009),
        (frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * 200, 1008),
    ],
)
async def test_protocol_violation_gets_a_close_code_and_logs_no_traceback(
    redis_url: str, keys: Keys, sent: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway(redis_url, keys) as made, RawSocket.upgraded(made.port) as raw:
        writing = asyncio.create_task(raw.write(sent))
        assert (await raw.close_frame())[0] == code
        await writing
    assert not [record for record in caplog.records if record.exc_info]

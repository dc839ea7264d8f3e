"""deploy/images/healthcheck.sh, the health check of the containers, against real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.servers.redis_server import free_port

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "images" / "healthcheck.sh"


@asynccontextmanager
async def server(answer: bytes) -> AsyncGenerator[tuple[int, list[bytes]]]:
    """A server that answers every request with these bytes. Yields its port and the received requests."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], requests


async def check(port: int) -> tuple[int, str]:
    """The exit code and the output of the health check."""
    running = await asyncio.create_subprocess_exec(
        "bash", str(SCRIPT), str(port), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await running.communicate()
    assert running.returncode is not None
    return running.returncode, output.decode().strip()


async def test_service_that_answers_200_is_healthy() -> None:
    async with server(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"up"}') as (port, requests):
        assert await check(port) == (0, "")
    assert requests == [b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % port]


async def test_service_that_answers_503_is_unhealthy_and_its_reason_is_shown() -> None:
    answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 21\r\n\r\nthe event loop hangs\n"
    async with server(answer) as (port, _):
        assert await check(port) == (1, f"port {port} answers 503 Service Unavailable\nthe event loop hangs")


async def test_closed_port_is_unhealthy() -> None:
    port = free_port()
    assert await check(port) == (1, f"port {port} does not accept connections")


@pytest.mark.parametrize("answer", [b"", b"\r\n", b"garbage\n"])
async def test_answer_that_is_not_http_is_unhealthy(answer: bytes) -> None:
    async with server(answer) as (port, _):
        code, output = await check(port)
    assert code == 1
    assert output.startswith(f"port {port} ")

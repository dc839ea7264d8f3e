"""Serves `/metrics` and `/healthz` of a process, in a thread with its own event loop.

A scrape therefore never delays a conversation, and `/healthz` still answers correctly when the process's event loop
hangs. All bounds on callers are here: one short head within `HEAD_S`, one answer, and at most `MAX_CALLERS` at once;
further callers are disconnected.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Generator
from http import HTTPStatus

from tertulia_shared.metrics.registry import CONTENT_TYPE, Metrics
from tertulia_shared.metrics.request import Request, Response, line, parse

MAX_HEAD_BYTES = 8192
HEAD_S = 5.0
"""How long a caller may take to send its head, and again to read the answer."""
MAX_CALLERS = 16
BACKLOG = 32
"""Connections that may wait to be accepted."""
STOP_S = 2.0

log = logging.getLogger(__name__)


class CannotListen(Exception):
    """Listening failed; the message names the reason and the remedy."""


@contextlib.contextmanager
def endpoint(metrics: Metrics, host: str, port: int) -> Generator[int]:
    """Serve during the block; yields the port (`port` 0: a free one).

    Raises:
        CannotListen: the port is taken, or the address is not this machine's.
    """
    listening = _listen(host, port)
    server = _Server(metrics, listening)
    thread = threading.Thread(target=server.run, name="metrics", daemon=True)
    thread.start()
    bound = int(listening.getsockname()[1])
    shown = f"[{host}]" if ":" in host else host
    log.info("metrics at http://%s:%d/metrics", shown, bound)
    try:
        yield bound
    finally:
        server.stop()
        thread.join(STOP_S)


def answer(request: Request, metrics: Metrics) -> Response:
    """The answer for a path."""
    match request.path:
        case "/metrics":
            return Response(HTTPStatus.OK, metrics.text(), CONTENT_TYPE)
        case "/healthz":
            problem = metrics.health.problem()
            return line(HTTPStatus.SERVICE_UNAVAILABLE, problem) if problem else line(HTTPStatus.OK, "ok")
        case _:
            return line(HTTPStatus.NOT_FOUND, "there is /metrics and /healthz")


class _Server:
    def __init__(self, metrics: Metrics, listening: socket.socket) -> None:
        self._metrics = metrics
        self._listening = listening
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._callers = 0

    def run(self) -> None:
        """Serve until `stop`; the thread's main function."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    def stop(self) -> None:
        """End `run`, also from another thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._call, sock=self._listening, limit=MAX_HEAD_BYTES, backlog=BACKLOG)
        await self._stop.wait()
        server.close()  # open connections end with the event loop of `run`

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._callers == MAX_CALLERS:
            writer.transport.abort()
            return
        self._callers += 1
        try:
            async with asyncio.timeout(HEAD_S):
                request = await self._request(reader)
            response = request if isinstance(request, Response) else answer(request, self._metrics)
            head_only = isinstance(request, Request) and request.method == "HEAD"
            writer.write(response.to_wire(head_only=head_only))
            async with asyncio.timeout(HEAD_S):
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the caller disconnected, or was too slow
        finally:
            writer.transport.abort()  # does nothing after an orderly close
            self._callers -= 1

    @staticmethod
    async def _request(reader: asyncio.StreamReader) -> Request | Response:
        try:
            return parse(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.LimitOverrunError:
            return line(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"more than {MAX_HEAD_BYTES} bytes of headers")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        raise CannotListen(
            f"TERTULIA_METRICS_HOST {host} is not an address of this machine ({error.strerror})"
        ) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise CannotListen(_why_not(host, port, error)) from error
    return listening


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"the metrics port {port} is taken: set TERTULIA_METRICS_PORT to a free one, or to 0 for none"
    if error.errno == errno.EACCES:
        return f"the metrics port {port} may not be used by this user: set TERTULIA_METRICS_PORT to one above 1023"
    return f"metrics cannot be served at {host}:{port} ({error.strerror}): set TERTULIA_METRICS_HOST and _PORT"

"""The metrics endpoint: answers, refusals, slow callers, and independence of the process's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncGenerator, Iterator

import pytest

from tertulia_shared.metrics import CONTENT_TYPE, Metrics, catalogue
from tertulia_shared.metrics import endpoint as served
from tertulia_shared.metrics.endpoint import MAX_CALLERS, MAX_HEAD_BYTES, CannotListen, endpoint
from tests.harness.scrape import parsed

PATIENCE_S = 20.0


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("tts")


@pytest.fixture
def port(metrics: Metrics) -> Iterator[int]:
    with endpoint(metrics, "127.0.0.1", 0) as bound:
        yield bound


def exchange(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send raw bytes as a request. Returns status, headers (lower-case names) and body."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as caller:
        caller.sendall(request)
        answer = b""
        while piece := caller.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    return int(status.split(" ")[1]), headers, body


def ask(port: int, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    return exchange(port, f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def test_metrics_are_served_in_the_format_of_prometheus(port: int, metrics: Metrics) -> None:
    metrics.of(catalogue.CLAIMS, "tts").inc(4)
    status, headers, body = ask(port, "/metrics")
    assert (status, headers["content-type"]) == (200, CONTENT_TYPE)
    assert int(headers["content-length"]) == len(body)
    assert headers["connection"] == "close"
    assert parsed(body.decode()).of("tertulia_claims_total", stage="tts") == 4


def test_healthz_answers_ok_or_one_line_with_the_reason(port: int, metrics: Metrics) -> None:
    metrics.health.waits_for("Redis has not answered yet")
    assert ask(port, "/healthz")[::2] == (503, b"not ready: Redis has not answered yet\n")
    metrics.health.beat()
    assert ask(port, "/healthz")[::2] == (200, b"ok\n")


def test_metrics_endpoint_ignores_the_query_string(port: int, metrics: Metrics) -> None:
    metrics.health.beat()
    assert ask(port, "/healthz?verbose=1")[0] == 200


def test_head_request_is_answered_without_a_body(port: int, metrics: Metrics) -> None:
    metrics.health.beat()
    status, headers, body = ask(port, "/healthz", "HEAD")
    assert (status, headers["content-length"], body) == (200, "3", b"")


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metricsx", "/../etc/passwd", "/healthz/x"])
def test_unknown_path_is_answered_with_404(port: int, path: str) -> None:
    status, _, body = ask(port, path)
    assert (status, body) == (404, b"there is /metrics and /healthz\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get", "BREW"])
def test_methods_other_than_get_and_head_are_refused(port: int, method: str) -> None:
    status, headers, _ = ask(port, "/metrics", method)
    assert (status, headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n", b"hello\r\n\r\n", b"GET /metrics\r\n\r\n", b"GET  /metrics HTTP/1.1\r\n\r\n",
        b"GET /metrics SPDY/3\r\n\r\n", b"GET http://elsewhere/metrics HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
    ids=["nothing", "a word", "no version", "two spaces", "another protocol", "a proxy's request", "TLS"],
)  # fmt: skip
def test_malformed_http_request_is_refused(port: int, request_bytes: bytes) -> None:
    status, _, body = exchange(port, request_bytes)
    assert status == 400
    assert body.endswith(b"such as GET /metrics HTTP/1.1\n")


def test_http_request_with_too_many_headers_is_refused(port: int) -> None:
    request = b"GET /metrics HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n"
    status, _, body = exchange(port, request)
    assert status == 431
    assert str(MAX_HEAD_BYTES).encode() in body


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "HEAD_S", 0.05)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("sent", [b"", b"GET /metrics HTTP/1.1\r\nHost: loc"], ids=["silent", "half a request"])
def test_metrics_endpoint_disconnects_a_slow_caller(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as slow:
        slow.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            assert slow.recv(100) == b""  # the connection ends without an answer


def test_metrics_caller_that_disconnects_does_not_affect_others(port: int, metrics: Metrics) -> None:
    metrics.health.beat()
    for sent in (b"", b"GET /met", b"GET /metrics HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as caller:
            caller.sendall(sent)
    assert ask(port, "/healthz")[0] == 200


def is_answered(port: int) -> bool:
    """Whether /healthz is answered; False if the caller is disconnected."""
    try:
        return ask(port, "/healthz")[0] == 200
    except (ConnectionError, IndexError):  # an empty answer has no status
        return False


def test_slow_metrics_callers_block_others_at_most_until_their_timeout(port: int, metrics: Metrics) -> None:
    metrics.health.beat()
    slow = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) for _ in range(MAX_CALLERS)]
    deadline = time.monotonic() + PATIENCE_S
    while is_answered(port):  # until the endpoint has accepted all slow callers
        assert time.monotonic() < deadline
    for caller in slow:
        caller.close()
    while not is_answered(port):
        assert time.monotonic() < deadline


async def test_metrics_endpoint_answers_while_the_event_loop_is_blocked(port: int, metrics: Metrics) -> None:
    metrics.health.beat()  # from here on `ask` blocks the event loop of this test
    assert ask(port, "/healthz")[::2] == (200, b"ok\n")


@pytest.fixture
async def answering() -> AsyncGenerator[int]:
    with endpoint(Metrics(), "127.0.0.1", 0) as bound:
        yield bound


async def test_metrics_scrape_does_not_block_the_event_loop(answering: int, monkeypatch: pytest.MonkeyPatch) -> None:
    began, may_end = threading.Event(), threading.Event()

    def slow(_: Metrics) -> bytes:
        began.set()
        assert may_end.wait(PATIENCE_S)
        return b""

    monkeypatch.setattr(Metrics, "text", slow)
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(asyncio.to_thread(ask, answering, "/metrics"))
        await asyncio.to_thread(began.wait, PATIENCE_S)
        await asyncio.sleep(0)  # this loop continues while the endpoint makes the text
        assert not asking.done()
        may_end.set()
    assert asking.result()[0] == 200


def threads() -> set[threading.Thread]:
    """The threads of the endpoint. Other threads of the process do not count."""
    return {thread for thread in threading.enumerate() if thread.name == "metrics"}


def test_metrics_port_is_closed_after_the_block(metrics: Metrics) -> None:
    before = threads()
    with endpoint(metrics, "127.0.0.1", 0) as bound:
        ask(bound, "/healthz")
        (serving,) = threads() - before
    serving.join(PATIENCE_S)
    assert not serving.is_alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", bound), timeout=PATIENCE_S).close()


def test_unfinished_request_does_not_delay_the_end_of_the_metrics_endpoint(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "HEAD_S", 3 * PATIENCE_S)
    before = threads()
    with endpoint(metrics, "127.0.0.1", 0) as bound:
        (serving,) = threads() - before
        slow = socket.create_connection(("127.0.0.1", bound), timeout=PATIENCE_S)
        slow.sendall(b"GET /metr")
        ask(bound, "/healthz")
    serving.join(PATIENCE_S)
    assert not serving.is_alive()
    slow.close()


def test_taken_metrics_port_raises_an_error_with_advice(metrics: Metrics) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = pytest.raises(CannotListen, match=rf"the metrics port {port} is taken: set TERTULIA_METRICS_PORT")
        with refused, endpoint(metrics, "127.0.0.1", port):
            pytest.fail("it listens")


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_address_of_another_machine_is_refused_with_the_reason(metrics: Metrics, host: str) -> None:
    with pytest.raises(CannotListen, match="TERTULIA_METRICS_HOST"), endpoint(metrics, host, 0):
        pytest.fail("it listens")


def test_metrics_endpoint_listens_on_ipv6(metrics: Metrics) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        with endpoint(metrics, "::1", 0) as bound, socket.create_connection(("::1", bound), timeout=PATIENCE_S) as it:
            it.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
            assert it.recv(100).startswith(b"HTTP/1.1 503")
    except CannotListen as error:
        pytest.skip(f"this machine has no IPv6: {error}")

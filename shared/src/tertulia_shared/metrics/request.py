"""The little of HTTP/1.1 that the endpoint speaks: one request's head in, one response out. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

ALLOWED = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for; the query is left aside."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, which is also the connection's end. `head_only`: to HEAD."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"

    def to_wire(self, *, head_only: bool = False) -> bytes:
        """As it is sent."""
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
        ]
        if self.status is HTTPStatus.METHOD_NOT_ALLOWED:
            lines.append(f"Allow: {', '.join(ALLOWED)}")
        return "\r\n".join([*lines, "", ""]).encode("ascii") + (b"" if head_only else self.body)


def line(status: HTTPStatus, text: str) -> Response:
    """An answer of one line for a person."""
    return Response(status, f"{text}\n".encode())


def parse(head: bytes) -> Request | Response:
    """The request that a head (up to its empty line) makes, or why it is refused."""
    first, _, _ = head.partition(b"\r\n")
    parts = first.decode("latin-1").split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1.") or not parts[1].startswith("/"):  # noqa: PLR2004 - its three words
        return line(HTTPStatus.BAD_REQUEST, "this is no HTTP/1.1 request: GET /metrics HTTP/1.1 would be one")
    method, target, _ = parts
    if method not in ALLOWED:
        return line(HTTPStatus.METHOD_NOT_ALLOWED, f"only {' and '.join(ALLOWED)} are answered here")
    return Request(method, target.partition("?")[0])

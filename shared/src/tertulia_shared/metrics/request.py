"""The part of HTTP/1.1 that the endpoint needs: parses one request head, builds one response. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

ALLOWED = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Request:
    """The parsed request: method and path; the query string is ignored."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Response:
    """A response, after which the connection closes. `head_only`: the answer to HEAD."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"

    def to_wire(self, *, head_only: bool = False) -> bytes:
        """Serialize the response to HTTP/1.1 bytes."""
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
    """A response of one line of text."""
    return Response(status, f"{text}\n".encode())


def parse(head: bytes) -> Request | Response:
    """Parse a request head (up to its empty line); returns the error response if it is refused."""
    first, _, _ = head.partition(b"\r\n")
    parts = first.decode("latin-1").split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1.") or not parts[1].startswith("/"):  # noqa: PLR2004 - method, target, version
        return line(HTTPStatus.BAD_REQUEST, "this is not an HTTP/1.1 request, such as GET /metrics HTTP/1.1")
    method, target, _ = parts
    if method not in ALLOWED:
        return line(HTTPStatus.METHOD_NOT_ALLOWED, f"only {' and '.join(ALLOWED)} are answered here")
    return Request(method, target.partition("?")[0])

"""A collector that takes OTLP's JSON over HTTP and keeps the spans."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Generator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


@dataclass
class Collector:
    """The spans that were received, each with the name of its service in `service`."""

    url: str
    spans: list[dict[str, Any]]

    def of_trace(self, trace_id: str) -> list[dict[str, Any]]:
        return [span for span in list(self.spans) if span["traceId"] == trace_id]


@contextlib.contextmanager
def collecting() -> Generator[Collector]:
    """Receive spans during the block."""
    spans: list[dict[str, Any]] = []

    class Handler(_Handler):
        received = spans

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}", spans)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    received: ClassVar[list[dict[str, Any]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_otlp = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
        if is_otlp:
            for group in json.loads(body)["resourceSpans"]:
                service = group["resource"]["attributes"][0]["value"]["stringValue"]
                for scope in group["scopeSpans"]:
                    self.received += [{**span, "service": service} for span in scope["spans"]]
        self.send_response(HTTPStatus.OK if is_otlp else HTTPStatus.NOT_FOUND)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass

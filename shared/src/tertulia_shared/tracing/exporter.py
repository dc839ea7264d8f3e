"""Sends ended spans to a collector from a thread of its own, about once a second. Spans that it does not accept are
lost: a turn never waits for them.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Generator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from tertulia_shared.tracing.otlp import PATH, encode
from tertulia_shared.tracing.tracer import Recorder, Span
from tertulia_shared.version import __version__
from tertulia_shared.worker_names import worker_name

EVERY_S: Final = 1.0
MAX_WAITING: Final = 4096
"""Most spans that wait to be sent; older ones are lost."""
BATCH: Final = 512
ANSWER_S: Final = 5.0
FIRST_ERROR_STATUS: Final = 300

Count = Callable[[str, int], None]
"""Counts spans: the result (`sent` or `lost`), and how many."""

log = logging.getLogger(__name__)


@contextlib.contextmanager
def exporting(service: str, endpoint: str, count: Count = lambda _result, _spans: None) -> Generator[Recorder]:
    """Send the spans of the recorder during the block, and the rest at its end. `endpoint`: http:// or https://."""
    exporter = _Exporter(service, endpoint, count)
    thread = threading.Thread(target=exporter.run, name="traces", daemon=True)
    thread.start()
    try:
        yield Recorder(exporter.add)
    finally:
        exporter.stop.set()
        thread.join(ANSWER_S)


class _Exporter:
    def __init__(self, service: str, endpoint: str, count: Count) -> None:
        self._resource = {"service.name": f"tertulia-{service}", "service.instance.id": worker_name()}
        self._endpoint = urlsplit(endpoint)
        self._waiting = deque[Span]()
        self._count = count
        self._has_warned = False
        self.stop = threading.Event()

    def add(self, span: Span) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self._count("lost", 1)
        self._waiting.append(span)

    def run(self) -> None:
        while not self.stop.wait(EVERY_S):
            self._send_all()
        self._send_all()

    def _send_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                self._send(encode(self._resource, __version__, batch))
            except (OSError, HTTPException) as error:
                self._count("lost", len(batch))
                if not self._has_warned:
                    self._has_warned = True
                    log.warning("traces cannot be sent to TERTULIA_OTLP_ENDPOINT: %s", error)
                return
            self._has_warned = False
            self._count("sent", len(batch))

    def _send(self, body: bytes) -> None:
        """Raises:
        OSError, HTTPException: the collector does not answer, or refuses the spans.
        """
        address = self._endpoint
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=ANSWER_S)
        try:
            path = f"{address.path.rstrip('/')}{PATH}"
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status >= FIRST_ERROR_STATUS:
                raise HTTPException(f"it answers {answer.status} {answer.reason}")
        finally:
            connection.close()

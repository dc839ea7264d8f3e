"""The fastest possible model: one precomputed reply for every request, at almost no CPU time. Or one at a pace."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from tests.fakes.model_sse import chunk, ending

# The tokens are divided evenly among the sentences; the last one takes the rest.
_INSTANT_SENTENCES = 5
_INSTANT_WRITES = 4
_WORDS = "the quiet harbour keeps its lamps lit while small boats come home late from fishing".split()  # noqa: SIM905 - more readable than a list


def instant_tokens(count: int) -> list[str]:
    """`count` tokens in five sentences (fewer if there are not enough tokens for five).

    Raises:
        ValueError: `count` is less than 1.
    """
    if count < 1:
        raise ValueError(f"tokens is {count}; it must be at least 1")
    sentences = min(_INSTANT_SENTENCES, count)
    tokens: list[str] = []
    for number in range(sentences):
        length = count // sentences + (count % sentences if number == sentences - 1 else 0)
        words = [_WORDS[(number + index) % len(_WORDS)] for index in range(length)]
        words[0] = words[0].capitalize()
        words[-1] += "."
        tokens += [word if not (number or index) else f" {word}" for index, word in enumerate(words)]
    return tokens


@dataclass(frozen=True, slots=True)
class Pace:
    """When a reply's parts are written: seconds until the first token, and between two tokens."""

    first_s: float
    each_s: float


class InstantModel(asyncio.Protocol):
    """A server of HTTP/1.1 with keep-alive, for benchmarks: it sends one precomputed reply in a few writes.

    It parses only the length of a request, so that the benchmark measures the client. With a pace, it writes one part
    after the other.
    """

    def __init__(self, parts: Sequence[bytes], pace: Pace | None = None) -> None:
        self._parts = parts
        self._pace = pace
        self._pending = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while (end := self._pending.find(b"\r\n\r\n")) >= 0:
            total = end + 4 + _content_length(bytes(self._pending[:end]))
            if len(self._pending) < total:
                return
            del self._pending[:total]
            if self._pace is None:
                for part in self._parts:
                    self._write(part)
                continue
            loop = asyncio.get_running_loop()
            begun = loop.time() + self._pace.first_s
            for number, part in enumerate(self._parts):
                loop.call_at(begun + number * self._pace.each_s, self._write, part)

    def _write(self, part: bytes) -> None:
        if self._transport is not None:
            self._transport.write(part)


def instant_parts(tokens: Sequence[str], writes: int = _INSTANT_WRITES) -> list[bytes]:
    """The HTTP response to every request, as the parts of its writes."""
    chunks = [chunk({"role": "assistant", "content": ""}), *(chunk({"content": token}) for token in tokens)]
    size = -(-len(chunks) // writes)
    groups = [b"".join(chunks[at : at + size]) for at in range(0, len(chunks), size)]
    groups[-1] += ending(len(tokens), with_usage=True)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = [b"%x\r\n%s\r\n" % (len(group), group) for group in groups]
    parts[0] = head + parts[0]
    parts[-1] += b"0\r\n\r\n"
    return parts


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def serve_instantly(host: str, port: int, tokens: int, pace: Pace | None = None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    parts = instant_parts(instant_tokens(tokens), _INSTANT_WRITES if pace is None else tokens + 1)
    server = await loop.create_server(lambda: InstantModel(parts, pace), host, port)
    sys.stdout.write(f"instant model ready on http://{host}:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    await stop.wait()
    server.close()

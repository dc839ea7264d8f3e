"""The bounds of one connection, and those that all connections of a process share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tertulia_gateway.protocols.fair_parsing import FairParsing
from tertulia_gateway.protocols.unfinished_connections import UnfinishedConnections
from tertulia_gateway.rate_limit import TokenBucket

FRAMES_BESIDE_TEXT_PER_S = 500.0
"""Maximum number of WebSocket frames of any kind per second, in addition to the text frames that the settings allow.

PCM of 20 ms at twice real time is 100 frames a second.
"""
FRAME_BURST_S = 4.0
"""How many seconds' worth of frames may come at once: at 500 frames per second, 2,000 frames."""
MAX_HEADER_BYTES = 16 * 1024
MAX_UNFINISHED = 256
"""Maximum number of simultaneous connections other than open WebSockets: HTTP requests, handshakes, closing WebSockets.
"""


@dataclass(frozen=True, slots=True)
class SocketBounds:
    """Bounds of one connection; times in seconds."""

    frames_per_s: float = FRAMES_BESIDE_TEXT_PER_S
    max_fragments: int = 128
    """Maximum number of frames of one message. The size limit alone would allow any number of empty continuation
    frames.
    """
    text_bytes_per_s: float = 256 * 1024
    """Maximum number of bytes of text messages per second. The frame rate is not enough: a message of 1 MiB is one
    frame, and takes milliseconds to parse.
    """
    text_burst_bytes: float = 2 * 1024 * 1024
    refusals_per_s: float = 20.0
    """How many refused handshakes per second, of all clients together, get a response with the reason. Further refused
    handshakes are aborted.
    """
    refusal_burst: float = 60.0
    pongs_per_s: float = 10.0
    ping_s: float = 10.0
    """Time between two pings that the gateway sends."""
    pong_s: float = 16.0
    """Time limit for a client to answer a ping."""
    linger_s: float = 2.0
    """How long a client has to read the close frame. Then the connection is aborted."""
    header_s: float = 10.0
    """Time limit for a request's header, from the start of the connection or from the last response."""
    body_s: float = 30.0
    send_stall_s: float = 20.0
    """How long a client may stop reading an HTTP response."""
    closing_s: float = 5.0
    """How long a closing HTTP connection waits for the client to read the rest."""


@dataclass(frozen=True, slots=True)
class SharedLimits:
    """Limits that the connections of one process share."""

    bounds: SocketBounds = field(default_factory=SocketBounds)
    parsing: FairParsing = field(default_factory=FairParsing)
    unfinished: UnfinishedConnections = field(default_factory=lambda: UnfinishedConnections(MAX_UNFINISHED))
    is_refused: Callable[[Mapping[str, str], Mapping[str, str]], bool] = lambda _headers, _query: False
    """True if a handshake with these headers and this query will be refused."""
    refusal_rate: TokenBucket = field(init=False)

    def __post_init__(self) -> None:
        """Build `refusal_rate` from the bounds."""
        rate, burst = self.bounds.refusals_per_s, self.bounds.refusal_burst
        object.__setattr__(self, "refusal_rate", TokenBucket(rate, burst, time.monotonic))

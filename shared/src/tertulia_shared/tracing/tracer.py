"""Spans of turns. The turn's id, a UUID, is the trace's id, and the id of the root span follows from it: so every
process that knows the turn can add spans, and no context travels. No I/O.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from tertulia_shared.ids import is_id

Attribute = str | int | float | bool
MAX_EVENTS: Final = 32
"""Further events of a span are not recorded."""


@dataclass(slots=True)
class Span:
    """An ended span. Ids are in hex; times in ns since 1970. `parent_id`: "" for the root."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_ns: int
    end_ns: int = 0
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    events: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """The name and the time of each event."""
    has_failed: bool = False


class SpanHandle(Protocol):
    """A span in progress. One that is never ended is not exported."""

    @property
    def id(self) -> str:
        """Its id, as the parent of others; "" if it is not recorded."""
        ...

    def event(self, name: str) -> None:
        """Record that something happens now."""
        ...

    def end(self, *, failed: bool = False, **attributes: Attribute) -> None:
        """End the span now. Attributes hold figures, ids and codes, never a text of a person or a character."""
        ...


class Tracer(Protocol):
    """Starts spans."""

    def start(
        self, name: str, turn_id: str, *, parent: str | None = None, id: str = "", start_ns: int = 0
    ) -> SpanHandle:
        """Start a span of the turn.

        Args:
            name: what is done.
            turn_id: the turn. If it is not an id, nothing is recorded.
            parent: the id of the parent; None: the root span; "": this is the root span.
            id: the id of the span; "": a new one.
            start_ns: when it began, in ns since 1970; 0: now.
        """
        ...


def root_of(turn_id: str) -> str:
    """The id of the root span of a turn's trace."""
    return hashlib.blake2b(turn_id.encode(), digest_size=8).hexdigest()


class _NoSpan:
    id = ""

    def event(self, name: str) -> None:
        pass

    def end(self, *, failed: bool = False, **attributes: Attribute) -> None:
        pass


class _Off:
    def start(self, *_: object, **__: object) -> SpanHandle:
        return NO_SPAN


NO_SPAN: Final[SpanHandle] = _NoSpan()
"""A span that is not recorded."""
OFF: Final[Tracer] = _Off()
"""Records nothing."""


class Recorder:
    """Gives each ended span to `export`. `now_ns`: ns since 1970."""

    def __init__(self, export: Callable[[Span], None], now_ns: Callable[[], int] = time.time_ns) -> None:
        self._export = export
        self._now_ns = now_ns

    def start(
        self, name: str, turn_id: str, *, parent: str | None = None, id: str = "", start_ns: int = 0
    ) -> SpanHandle:
        """See `Tracer.start`."""
        if not is_id(turn_id):
            return NO_SPAN
        parent_id = root_of(turn_id) if parent is None else parent
        span = Span(
            turn_id.replace("-", ""), id or secrets.token_hex(8), parent_id, name, start_ns or self._now_ns()
        )  # fmt: skip
        return _Recorded(span, self._export, self._now_ns)


class _Recorded:
    def __init__(self, span: Span, export: Callable[[Span], None], now_ns: Callable[[], int]) -> None:
        self._span = span
        self._export = export
        self._now_ns = now_ns

    @property
    def id(self) -> str:
        return self._span.span_id

    def event(self, name: str) -> None:
        if len(self._span.events) < MAX_EVENTS:
            self._span.events.append((name, self._now_ns()))

    def end(self, *, failed: bool = False, **attributes: Attribute) -> None:
        if self._span.end_ns:
            return
        self._span.end_ns = self._now_ns()
        self._span.attributes = attributes
        self._span.has_failed = failed
        self._export(self._span)

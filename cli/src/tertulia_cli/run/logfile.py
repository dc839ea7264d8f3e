"""A service's log file with a size bound; keeps the last lines in memory to explain a death."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import orjson

MAX_BYTES: Final = 5 * 1024 * 1024
"""Above this size a log is rotated to `NAME.log.1`, replacing the previous one, at the start and while it grows."""
LAST_LINES: Final = 20
MAX_LINE_CHARS: Final = 2_000
"""Longest line shown on the terminal."""


class LogFile:
    """Appends lines to a file, and passes each to `echo` if given."""

    def __init__(self, path: Path, echo: Callable[[str], None] | None = None, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._echo = echo
        self._max_bytes = max_bytes
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._rotate_if_above(max_bytes)
        self._file = path.open("ab", buffering=0)
        self._size = self._file.tell()

    def write(self, line: bytes) -> None:
        """Append one line, given without its newline."""
        self._file.write(line + b"\n")
        self._size += len(line) + 1
        if self._size > self._max_bytes:
            self._file.close()
            self._rotate_if_above(0)
            self._file = self.path.open("ab", buffering=0)
            self._size = 0
        text = line.decode(errors="replace")
        self._last.append(text)
        if self._echo is not None:
            self._echo(text)

    def forget(self) -> None:
        """Forget the last lines, because a new process starts."""
        self._last.clear()

    def explanation(self) -> str:
        """The last plain (non-JSON) lines of the process, or else the end of its log."""
        plain = [line for line in self._last if line.strip() and _record(line) is None]
        return "\n".join(plain or [readable(line) for line in self._last])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _rotate_if_above(self, size: int) -> None:
        if self.path.exists() and self.path.stat().st_size > size:
            self.path.replace(self.path.with_suffix(".log.1"))


def readable(line: str) -> str:
    """Format a JSON log line for people; any other line is returned as it is."""
    record = _record(line)
    if record is None:
        return line[:MAX_LINE_CHARS]
    known = ("ts", "level", "service", "logger", "message", "error")
    ids = " ".join(f"{name}={value}" for name, value in record.items() if name not in known)
    clock = str(record.get("ts", ""))[11:23]
    shown = f"{clock} {record.get('level', '')}: {record.get('message', '')}"
    error = str(record.get("error", "")).strip()
    tail = f"\n{error}" if error else ""
    return f"{shown} {ids}".rstrip()[:MAX_LINE_CHARS] + tail


def _record(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        record: object = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return cast("dict[str, Any]", record) if isinstance(record, dict) and "message" in record else None

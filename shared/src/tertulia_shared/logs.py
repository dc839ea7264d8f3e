"""Logs as one JSON object per line: time, level, service, message, and the ids that apply. Logs never have speech or
keys.

Messages are constant sentences; variable parts go into `extra`, and only the fields listed here are written.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

IDS = (
    "conversation_id", "message_id", "turn_id", "session_id", "character_id", "work_id", "attempt", "worker", "epoch",
    "code", "count", "ms",
)  # fmt: skip
"""Fields that may accompany a message: ids, codes and figures."""


class JsonFormatter(logging.Formatter):
    """Formats each log record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in IDS:
            value = record.__dict__.get(name)
            if value not in (None, ""):
                line[name] = value
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def set_up(service: str, level: str) -> None:
    """Send this process's log to stderr as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # these libraries log frames and URLs, which may contain speech or a token
    for chatty in ("httpx", "httpx2", "httpcore", "openai", "asyncio", "uvicorn", "websockets", "aiohttp"):
        logging.getLogger(chatty).setLevel(logging.WARNING)

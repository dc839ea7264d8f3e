"""Values in the rows of the SQLite store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson

from tertulia_shared.store.records import time_from_text
from tertulia_shared.usage import Usage, possible_usage

Row: TypeAlias = "tuple[Any, ...]"


def stored_usage(encoded: str) -> Usage:
    return {} if encoded == "{}" else possible_usage(orjson.loads(encoded))


def stored_time(text: str) -> datetime:
    """Read a row's time. An unreadable one becomes 1970, so that it does not hide the row's conversation."""
    try:
        read = time_from_text(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return read if read.tzinfo else read.replace(tzinfo=UTC)

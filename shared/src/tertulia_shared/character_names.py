"""The names of the active characters in Redis: llm workers write them, stt workers read them.

They are also in `Keys.cast`, but among prompts and images, which are large and which stt workers may not read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final, cast

_FIELD: Final = "names"
MAX_NAMES: Final = 256
"""Only this many names are read."""


def fields_of(names: Iterable[str]) -> Mapping[str, str]:
    """The fields of `Keys.character_names`."""
    return {_FIELD: json.dumps(list(names), ensure_ascii=False)}


def names_in(fields: Mapping[bytes, bytes]) -> tuple[str, ...] | None:
    """The names in the decoded `Keys.character_names`; None if they are missing or cannot be read."""
    try:
        names: object = json.loads(fields.get(_FIELD.encode(), b""))
    except (ValueError, RecursionError):
        return None
    if not isinstance(names, list):
        return None
    return tuple(name for name in cast("list[object]", names)[:MAX_NAMES] if isinstance(name, str) and name)

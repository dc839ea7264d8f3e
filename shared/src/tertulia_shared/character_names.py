"""The names of the characters in Redis: llm workers write them, stt workers read them.

They are also in `Keys.cast`, but among prompts and images, which are large and which stt workers may not read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final, cast

_FIELD: Final = "names"
_BY_ID: Final = "by_id"
MAX_NAMES: Final = 256
"""Only this many names are read."""


def fields_of(active: Iterable[str], by_id: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The fields of `Keys.character_names`. `active`: the names of the active characters; `by_id`: of all."""
    names = {_FIELD: json.dumps(list(active), ensure_ascii=False)}
    return names if by_id is None else {**names, _BY_ID: json.dumps(dict(by_id), ensure_ascii=False)}


def names_in(fields: Mapping[bytes, bytes]) -> tuple[str, ...] | None:
    """The names of the active characters in the decoded `Keys.character_names`; None if they are missing or cannot be
    read.
    """
    names = _loaded(fields, _FIELD)
    if not isinstance(names, list):
        return None
    return tuple(name for name in cast("list[object]", names)[:MAX_NAMES] if isinstance(name, str) and name)


def names_by_id(fields: Mapping[bytes, bytes]) -> Mapping[str, str]:
    """The names of all characters by id; empty if they are missing (an older llm worker wrote them) or unreadable."""
    names = _loaded(fields, _BY_ID)
    if not isinstance(names, dict):
        return {}
    items = list(cast("dict[str, object]", names).items())[:MAX_NAMES]
    return {character_id: name for character_id, name in items if isinstance(name, str) and name}


def _loaded(fields: Mapping[bytes, bytes], field: str) -> object:
    try:
        return json.loads(fields.get(field.encode(), b""))
    except (ValueError, RecursionError):
        return None

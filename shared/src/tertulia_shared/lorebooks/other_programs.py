"""Reads the lorebooks of NovelAI, Agnai and RisuAI, which SillyTavern imports, too. Pure; the file is untrusted.

Each has its own names for the keys and the text of an entry. Other fields of an entry are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

_NOVEL_AI: Final = {"text": "content", "displayName": "name", "forceActivation": "constant"}
_AGNAI: Final = {"keywords": "keys", "entry": "content", "weight": "insertion_order"}
_RISU_AI: Final = {
    "key": "keys", "secondkey": "secondary_keys", "alwaysActive": "constant", "insertorder": "insertion_order",
    "useRegex": "use_regex",
}  # fmt: skip
"""The fields of an entry that have another name in a character's book."""


def book_of_other_program(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The lorebook of another program as a character's book; empty if the file is none."""
    if "lorebookVersion" in whole:
        entries, names = whole.get("entries"), _NOVEL_AI
    elif whole.get("kind") == "memory":
        entries, names = whole.get("entries"), _AGNAI
    elif whole.get("type") == "risu":
        entries, names = whole.get("data"), _RISU_AI
    else:
        return {}
    if not isinstance(entries, list):  # world info that was made of such a file keeps its other fields
        return {}
    made = [_entry(each, names) for each in cast("list[object]", entries)]
    return {"name": whole.get("name", ""), "entries": made}


def _entry(entry: object, names: Mapping[str, str]) -> object:
    """One entry. RisuAI writes several keys as one text, with commas."""
    if not isinstance(entry, dict):
        return entry
    made = {names.get(theirs, theirs): value for theirs, value in cast("Mapping[str, object]", entry).items()}
    for field in ("keys", "secondary_keys"):
        keys = made.get(field)
        if isinstance(keys, str):
            made[field] = [key.strip() for key in keys.split(",") if key.strip()]
    return made

"""Makes a `Lorebook` of the JSON of a character's book (V2, V3) or of SillyTavern's world info. Pure.

A missing value, or one of a wrong type, has its default. What exceeds a bound is left out. Nothing here fails, because
a book may have come with a character card, long ago and from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from tertulia_shared.lorebooks.decorators import Bounds, decorated
from tertulia_shared.lorebooks.lorebook import (
    CERTAIN,
    DEFAULT_DEPTH,
    DEFAULT_ORDER,
    DEFAULT_SCAN_DEPTH,
    KeyCondition,
    Logic,
    Lorebook,
    LoreEntry,
    Place,
)
from tertulia_shared.text import clean_line, clean_text

MAX_ENTRIES: Final = 2_000
MAX_KEYS: Final = 50
"""Keys of one entry, and of each of its conditions."""
MAX_KEY_CHARS: Final = 200
MAX_CONTENT_CHARS: Final = 8_000
"""A longer text is cut here."""
MAX_NAME_CHARS: Final = 60
MAX_DEPTH: Final = 1_000
"""Messages; no history has more."""
MAX_NUMBER: Final = 1_000_000
_DECORATOR_BOUNDS: Final = Bounds(MAX_DEPTH, MAX_DEPTH, MAX_KEYS, MAX_KEY_CHARS)

Fields = Mapping[str, Any]


def lorebook_of(book: Fields) -> Lorebook:
    """Read a book in either format."""
    found = _entries(book.get("entries"))
    entries = [_entry(fields, number) for number, fields in enumerate(found[:MAX_ENTRIES])]
    return Lorebook(
        name=_line(book.get("name")),
        entries=_with_own_ids(entries),
        scan_depth=_number(book.get("scan_depth"), DEFAULT_SCAN_DEPTH, MAX_DEPTH),
        budget=_number(book.get("token_budget"), 0, MAX_NUMBER) or None,
        is_recursive=book.get("recursive_scanning") is True,
        ignored=max(len(found) - MAX_ENTRIES, 0),
    )


def _entries(found: object) -> Sequence[Fields]:
    """The entries of a list (a character's book), or of an object (world info)."""
    if isinstance(found, dict):
        given: Sequence[object] = list(cast("Mapping[str, object]", found).values())
    else:
        given = cast("Sequence[object]", found) if isinstance(found, list) else ()
    return [cast("Fields", each) for each in given if isinstance(each, dict)]


def _entry(entry: Fields, number: int) -> LoreEntry:
    """Read an entry. In a character's book, SillyTavern's own fields are in `extensions`, with other names."""
    extensions: Fields = cast("Fields", entry["extensions"]) if isinstance(entry.get("extensions"), dict) else {}
    values = {**{_CAMEL.get(name, name): value for name, value in extensions.items()}, **entry}
    keys = _keys(entry.get("keys", entry.get("key")))
    place, depth = _place(entry, values)
    name = _line(entry.get("comment")) or _line(entry.get("name")) or (keys[0][:MAX_NAME_CHARS] if keys else "")
    read = LoreEntry(
        id=_id(entry, number),
        name=name,
        content=_text(entry.get("content")).strip(),
        keys=keys,
        conditions=_conditions(entry, values),
        is_enabled=entry.get("enabled") is not False and entry.get("disable") is not True,
        is_constant=entry.get("constant") is True,
        are_regexes=entry.get("use_regex") is True,
        is_case_sensitive=_first_bool(entry.get("case_sensitive"), values.get("caseSensitive")),
        matches_whole_words=values.get("matchWholeWords") is True,
        scan_depth=_optional(values.get("scanDepth")),
        place=place,
        depth=depth,
        order=_number(entry.get("insertion_order", entry.get("order")), DEFAULT_ORDER, MAX_NUMBER, -MAX_NUMBER),
        priority=_number(entry.get("priority"), 0, MAX_NUMBER, -MAX_NUMBER),
        probability=CERTAIN
        if values.get("useProbability") is False
        else _number(values.get("probability"), CERTAIN, CERTAIN),
        is_final=values.get("preventRecursion") is True,
        needs_message=values.get("excludeRecursion") is True,
        needs_entry=bool(values.get("delayUntilRecursion")),
    )
    return decorated(read, _DECORATOR_BOUNDS)


_CAMEL: Final = {
    "match_whole_words": "matchWholeWords",
    "case_sensitive": "caseSensitive",
    "scan_depth": "scanDepth",
    "prevent_recursion": "preventRecursion",
    "exclude_recursion": "excludeRecursion",
    "delay_until_recursion": "delayUntilRecursion",
}
"""The names in world info of the fields that SillyTavern writes into the `extensions` of a character's book."""
_LOGICS: Final[Mapping[int, Logic]] = {0: "any", 1: "not_all", 2: "not_any", 3: "all"}
_PLACES: Final[Mapping[object, Place]] = {
    "before_char": "before", "after_char": "after", 0: "before", 1: "after", 2: "depth", 3: "depth", 4: "depth",
    5: "after", 6: "after", 7: "after",
}  # fmt: skip
"""By the name in a character's book, and by SillyTavern's number. 2 and 3 are beside the author's note, 5 and 6 beside
the examples, and 7 is a place that a template names.
"""
_AT_DEPTH: Final = 4


def _place(entry: Fields, values: Fields) -> tuple[Place, int]:
    extensions = entry.get("extensions")
    own: object = cast("Fields", extensions).get("position") if isinstance(extensions, dict) else None
    # SillyTavern writes "after_char" into a character's book for all of its further places
    given: object = own if _is_number(own) else entry.get("position")
    place = _PLACES.get(given, "before") if isinstance(given, str | int) else "before"
    return place, _number(values.get("depth"), DEFAULT_DEPTH, MAX_DEPTH) if given == _AT_DEPTH else DEFAULT_DEPTH


def _conditions(entry: Fields, values: Fields) -> tuple[KeyCondition, ...]:
    keys = _keys(entry.get("secondary_keys", entry.get("keysecondary")))
    if not keys or entry.get("selective") is not True:
        return ()
    logic: object = values.get("selectiveLogic")
    return (KeyCondition(_LOGICS.get(logic, "any") if isinstance(logic, int) else "any", keys),)


def _keys(found: object) -> tuple[str, ...]:
    """The keys of a list, or of a text in which commas separate them."""
    given = found.split(",") if isinstance(found, str) else found
    if not isinstance(given, list):
        return ()
    texts = (
        clean_text(each).strip() for each in cast("Sequence[object]", given)[: 2 * MAX_KEYS] if isinstance(each, str)
    )
    return tuple(dict.fromkeys(text for text in texts if 0 < len(text) <= MAX_KEY_CHARS))[:MAX_KEYS]


def _id(entry: Fields, number: int) -> str:
    given: object = entry.get("uid", entry.get("id"))
    return str(given)[:40] if isinstance(given, str | int) and not isinstance(given, bool) else f"#{number}"


def _with_own_ids(entries: Sequence[LoreEntry]) -> tuple[LoreEntry, ...]:
    """The entries, each with an id of its own: the first with an id keeps it."""
    by_id: dict[str, LoreEntry] = {}
    for number, entry in enumerate(entries):
        by_id[entry.id if entry.id not in by_id else f"{entry.id}#{number}"] = entry
    return tuple(_with_id(entry, id) for id, entry in by_id.items())


def _with_id(entry: LoreEntry, id: str) -> LoreEntry:
    return entry if entry.id == id else replace(entry, id=id)


def _text(found: object) -> str:
    return clean_text(found[:MAX_CONTENT_CHARS]) if isinstance(found, str) else ""


def _line(found: object) -> str:
    return clean_line(found[: 2 * MAX_NAME_CHARS])[:MAX_NAME_CHARS].strip() if isinstance(found, str) else ""


def _is_number(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool)


def _first_bool(*found: object) -> bool:
    return next((each for each in found if isinstance(each, bool)), False)


def _number(found: object, default: int, most: int, least: int = 0) -> int:
    """A number within the bounds. A fraction is cut off."""
    if isinstance(found, bool) or not isinstance(found, int | float) or found != found:  # noqa: PLR0124 - NaN
        return default
    return int(min(max(found, least), most))


def _optional(found: object) -> int | None:
    return None if isinstance(found, bool) or not isinstance(found, int | float) else _number(found, 0, MAX_DEPTH)

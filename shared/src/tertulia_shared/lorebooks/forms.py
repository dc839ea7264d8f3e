"""Checks the JSON of a lorebook, and converts between its two formats. Pure.

World info has `entries` as an object, by number; a character's book has them as a list. A conversation keeps world
info, a character's card keeps a character's book. Fields that are unknown here are kept, also by a conversion.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, cast

from tertulia_shared.cards.card import book_of
from tertulia_shared.cards.errors import BadCard
from tertulia_shared.cards.json_text import read_object
from tertulia_shared.lorebooks.errors import BadLorebook
from tertulia_shared.lorebooks.other_programs import book_of_other_program
from tertulia_shared.lorebooks.reading import MAX_ENTRIES
from tertulia_shared.text_encoding import WANTED, UnknownEncoding, decoded

Json: TypeAlias = dict[str, Any]
Form: TypeAlias = Literal["world_info", "character_book"]

MAX_BYTES: Final = 524_288
"""Bytes of a lorebook's JSON in UTF-8."""
DOCUMENT_ID: Final = "book"
"""The id of the document with a conversation's lorebook: each conversation has one."""
_NO_ENTRIES: Final = (
    "The JSON has no entries of a lorebook. Choose SillyTavern's world info, a lorebook of the V3 format, of NovelAI, "
    "Agnai or RisuAI, or the JSON of a character card with a lorebook."
)


def checked_file(data: bytes) -> Json:
    """Parse a file with a lorebook.

    Raises:
        BadLorebook: it is no lorebook, is larger than allowed, or is in an encoding that is not read.
    """
    try:
        text = decoded(data)
    except UnknownEncoding:
        raise BadLorebook("lorebook_encoding", f"The lorebook is not in {WANTED}: save it as UTF-8.") from None
    return checked(text)


def checked(text: str) -> Json:
    """Parse a lorebook in any of its formats, also in the files in which they travel.

    Raises:
        BadLorebook: it is no lorebook, or is larger than allowed.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise BadLorebook(
            "lorebook_too_large",
            f"The lorebook has {size} bytes; at most {MAX_BYTES} are allowed. Divide it, or remove entries.",
        )
    try:
        whole = dict(read_object(text))
    except BadCard as error:
        if error.code == "card_not_a_card":
            raise BadLorebook("lorebook_not_a_lorebook", _NO_ENTRIES) from None
        raise BadLorebook("lorebook_no_json", str(error).replace("card", "lorebook")) from None
    book = book_of_other_program(whole) or _book_in(whole)
    entries = cast("Sequence[object] | Mapping[str, object]", book["entries"])
    if len(entries) > MAX_ENTRIES:
        raise BadLorebook(
            "lorebook_too_large",
            f"The lorebook has {len(entries)} entries; at most {MAX_ENTRIES} are allowed. Divide it, or remove some.",
        )
    values = entries.values() if isinstance(entries, Mapping) else entries
    if not all(isinstance(entry, dict) for entry in values):
        raise BadLorebook("lorebook_not_a_lorebook", "An entry of the lorebook is not an object with fields.")
    return book


def book_in_card(card: str) -> Json:
    """The book in the JSON of a character's card; empty if it has none, or if the text is no card."""
    try:
        return dict(book_of(card))
    except BadCard:  # a person has edited the row
        return {}


def encoded(book: Mapping[str, Any]) -> str:
    """A book as JSON. Halves of surrogate pairs, which no database takes, become U+FFFD."""
    text = json.dumps(book, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def stored(text: str) -> Json:
    """A book that was stored as JSON; empty if it cannot be read, because a person has edited the row."""
    try:
        book: object = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return {}
    found = cast("Json", book) if isinstance(book, dict) else {}
    return found if isinstance(found.get("entries"), dict) else {}


def revision_of(text: str) -> str:
    """A name for this text: the same for the same text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def converted(book: Mapping[str, Any], form: Form) -> Json:
    """The book in this format."""
    return world_info(book) if form == "world_info" else character_book(book)


def world_info(book: Mapping[str, Any]) -> Json:
    """The book as world info."""
    entries: object = book.get("entries")
    if not isinstance(entries, list):
        return dict(book)
    converted = (_to_world_info(entry, number) for number, entry in enumerate(cast("list[Json]", entries)))
    return {**book, "entries": {str(number): entry for number, entry in enumerate(converted)}}


def character_book(book: Mapping[str, Any]) -> Json:
    """The book as a character's book."""
    entries: object = book.get("entries")
    if not isinstance(entries, dict):
        return dict(book)
    converted = [
        _to_character_book(entry, number) for number, entry in enumerate(cast("dict[str, Json]", entries).values())
    ]
    return {"extensions": {}, **book, "entries": converted}


def _book_in(whole: Json) -> Json:
    """The book of a file: alone, as V3's `lorebook_v3`, or in a character card."""
    data: object = whole.get("data")
    inner = cast("Json", data) if isinstance(data, dict) else {}
    for place in (whole, inner, inner.get("character_book"), whole.get("character_book")):
        if isinstance(place, dict) and isinstance(cast("Json", place).get("entries"), list | dict):
            return cast("Json", place)
    raise BadLorebook("lorebook_not_a_lorebook", _NO_ENTRIES)


_WORLD_INFO: Final = (
    ("key", "keys"), ("keysecondary", "secondary_keys"), ("order", "insertion_order"), ("uid", "id"),
)  # fmt: skip
"""The names in world info, and in a character's book."""
_EXTENSIONS: Final = (
    ("position", "position"), ("depth", "depth"), ("role", "role"), ("selectiveLogic", "selectiveLogic"),
    ("probability", "probability"), ("useProbability", "useProbability"), ("scanDepth", "scan_depth"),
    ("matchWholeWords", "match_whole_words"), ("caseSensitive", "case_sensitive"),
    ("excludeRecursion", "exclude_recursion"), ("preventRecursion", "prevent_recursion"),
    ("delayUntilRecursion", "delay_until_recursion"), ("group", "group"), ("groupWeight", "group_weight"),
    ("sticky", "sticky"), ("cooldown", "cooldown"), ("delay", "delay"), ("displayIndex", "display_index"),
    ("vectorized", "vectorized"), ("automationId", "automation_id"),
)  # fmt: skip
"""The names in world info, and in the `extensions` of an entry of a character's book."""
_PLACES: Final = {"before_char": 0, "after_char": 1}


def _to_world_info(entry: Mapping[str, Any], number: int) -> Json:
    made = dict(entry)
    for ours, theirs in _WORLD_INFO:
        if theirs in made:
            made[ours] = made.pop(theirs)
    given: object = made.pop("extensions", None)
    extensions = dict(cast("Json", given)) if isinstance(given, dict) else {}
    made["disable"] = made.pop("enabled", True) is False
    position: object = made.get("position")
    made["position"] = _PLACES.get(position, 0) if isinstance(position, str) else 0
    if "case_sensitive" in made:
        made["caseSensitive"] = made.pop("case_sensitive")
    for ours, theirs in _EXTENSIONS:
        if theirs in extensions:
            made[ours] = extensions.pop(theirs)
    if extensions:
        made["extensions"] = extensions
    made.setdefault("comment", made.get("name", ""))
    uid: object = made.get("uid")
    made["uid"] = uid if isinstance(uid, int) else number
    return {**_NEW_WORLD_INFO, **made}


_NEW_WORLD_INFO: Final[Mapping[str, Any]] = {
    "uid": 0, "key": [], "keysecondary": [], "comment": "", "content": "", "constant": False, "selective": False,
    "selectiveLogic": 0, "order": 100, "position": 0, "disable": False, "probability": 100, "useProbability": True,
    "depth": 4, "role": 0,
}  # fmt: skip
"""The fields that SillyTavern expects in each entry."""


def _to_character_book(entry: Mapping[str, Any], number: int) -> Json:
    made = dict(entry)
    given: object = made.pop("extensions", None)
    extensions = dict(cast("Json", given)) if isinstance(given, dict) else {}
    for ours, theirs in _EXTENSIONS:
        if ours in made:
            extensions[theirs] = made.pop(ours)
    for ours, theirs in _WORLD_INFO:
        if ours in made:
            made[theirs] = made.pop(ours)
    if isinstance(extensions.get("case_sensitive"), bool):
        made["case_sensitive"] = extensions.pop("case_sensitive")
    made["enabled"] = made.pop("disable", False) is not True
    made["position"] = "before_char" if extensions.get("position", 0) == 0 else "after_char"
    made.setdefault("id", number)
    return {"keys": [], "content": "", "insertion_order": 100, **made, "extensions": extensions}

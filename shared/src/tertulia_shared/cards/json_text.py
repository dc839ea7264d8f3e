"""Reads JSON with bounds, and changes single values of it without touching the rest of the text. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias, cast

from tertulia_shared.cards.errors import BadCard

JsonObject: TypeAlias = Mapping[str, Any]

MAX_CARD_CHARS: Final = 1_048_576
"""Characters of a card's JSON. Cards with large lorebooks have some hundred thousand."""
MAX_DEPTH: Final = 64
"""Levels of objects and arrays in each other."""

_SPACE: Final = re.compile(r"[ \t\n\r]*")
# possessive, and the closing quote is optional: the time is linear in the length of any text
_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Member:
    """Where a member of an object is in the text: `key` to `key_end`, `value` to `end`."""

    key: int
    key_end: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class _Element:
    """The text of an element of a list, with the white space before its comma, and the white space before it."""

    space: str
    source: str


def read_object(text: str) -> JsonObject:
    """Parse a JSON object.

    Raises:
        BadCard: the text is too long, too deep, or not the JSON of an object.
    """
    if len(text) > MAX_CARD_CHARS:
        raise BadCard(
            "card_too_large",
            f"The card has {len(text)} characters of JSON; at most {MAX_CARD_CHARS} are allowed. Remove pictures or "
            "sounds that are embedded in it.",
        )
    if _depth(text) > MAX_DEPTH:
        raise BadCard("card_too_deep", f"The card's JSON is more than {MAX_DEPTH} levels deep.")
    try:
        found: object = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise BadCard("card_no_json", f"The card is not valid JSON ({_reason(error)}).") from None
    if not isinstance(found, dict):
        raise BadCard("card_not_a_card", "The card's JSON is not an object with the fields of a character.")
    return cast("JsonObject", found)


def with_value(text: str, path: Sequence[str], value: object) -> str:
    """The text of a JSON object with another value at `path`. Missing objects on the path are added; everything else
    in the text stays as it is. The text must be valid.
    """
    start = _skip(text, 0)
    for depth, name in enumerate(path):
        member = _members(text, start).get(name)
        rest = path[depth + 1 :]
        if member is None:
            return _with_member(text, start, name, _nested(rest, value))
        if not rest:
            return text[: member.value] + _json(value, text) + text[member.end :]
        if text[member.value] != "{":
            return text[: member.value] + _json(_nested(rest, value), text) + text[member.end :]
        start = member.value
    return text


def list_at(text: str, path: Sequence[str]) -> Sequence[object] | None:
    """The list at `path` of the text of a JSON object; None if there is none. The text must be valid."""
    start = _start_of(text, path)
    if start is None or text[start] != "[":
        return None
    return cast("Sequence[object]", _DECODER.raw_decode(text, start)[0])


def with_elements(text: str, path: Sequence[str], elements: Sequence[int | str]) -> str:
    """The text of a JSON object with other elements in the list at `path`. A number in `elements` is the index of an
    old element, whose text stays as it is. A string is a new element.

    Raises:
        ValueError: there is no list at `path`.
    """
    start = _start_of(text, path)
    if start is None:
        raise ValueError(f"there is no list at {path}")
    known, tail, end = _elements(text, start)
    first = known[0].space if known else ""
    between = known[1].space if len(known) > 1 else first or (" " if ", " in text else "")
    parts: list[str] = []
    for element in elements:
        source = _json(element, text) if isinstance(element, str) else known[element].source
        own = known[element].space if isinstance(element, int) and element else between
        parts.append((own if parts else first) + source)
    return f"{text[: start + 1]}{','.join(parts)}{tail}{text[end - 1 :]}"


def without_member(text: str, path: Sequence[str]) -> str:
    """The text of a JSON object without the member at `path`; unchanged if it has none."""
    start = _skip(text, 0)
    for name in path[:-1]:
        member = _members(text, start).get(name)
        if member is None or text[member.value] != "{":
            return text
        start = member.value
    while True:  # an object may have several members of this name
        members = _every_member(text, start)
        at = next((at for at, (name, _) in enumerate(members) if name == path[-1]), None)
        if at is None:
            return text
        member = members[at][1]
        if at > 0:
            text = text[: members[at - 1][1].end] + text[member.end :]
        else:
            text = text[: member.key] + text[members[1][1].key if len(members) > 1 else member.end :]


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in _TOKEN.finditer(text):
        match match.group()[0]:
            case "[" | "{":
                depth += 1
                deepest = max(deepest, depth)
            case "]" | "}":
                depth -= 1
            case _:
                pass
    return deepest


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.lower()}, line {error.lineno}, column {error.colno}"
    return "a number is too long" if isinstance(error, ValueError) and "digits" in str(error) else "unusual values"


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _members(text: str, start: int) -> dict[str, _Member]:
    """The members of the object that begins at `start`. Of equal names, the last counts, as for JSON parsers."""
    return dict(_every_member(text, start))


def _every_member(text: str, start: int) -> list[tuple[str, _Member]]:
    """The names and members of the object that begins at `start`, in their order, also those of equal names."""
    members: list[tuple[str, _Member]] = []
    at = _skip(text, start + 1)
    while text[at] != "}":
        name, key_end = _DECODER.raw_decode(text, at)
        value = _skip(text, _skip(text, key_end) + 1)
        _, end = _DECODER.raw_decode(text, value)
        members.append((cast("str", name), _Member(at, key_end, value, end)))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return members


def _elements(text: str, start: int) -> tuple[list[_Element], str, int]:
    """The elements of the list that begins at `start`, the white space after the last one, and where the list ends."""
    elements: list[_Element] = []
    at = start + 1
    value = _skip(text, at)
    while text[value] != "]":
        _, end = _DECODER.raw_decode(text, value)
        after = _skip(text, end)
        if text[after] == "]":
            elements.append(_Element(text[at:value], text[value:end]))
            return elements, text[end:after], after + 1
        elements.append(_Element(text[at:value], text[value:after]))
        at = after + 1
        value = _skip(text, at)
    return elements, text[at:value], value + 1


def _start_of(text: str, path: Sequence[str]) -> int | None:
    """Where the value at `path` begins; None if there is none."""
    start = _skip(text, 0)
    for name in path:
        member = _members(text, start).get(name) if text[start] == "{" else None
        if member is None:
            return None
        start = member.value
    return start


def _with_member(text: str, start: int, name: str, value: object) -> str:
    """The text with one more member at the end of the object at `start`, laid out like its first member."""
    members = [member for _, member in _every_member(text, start)]
    encoded = f"{json.dumps(name)}:{' ' if ': ' in text else ''}{_json(value, text)}"
    if not members:
        return text[: start + 1] + encoded + text[start + 1 :]
    first, end = members[0], members[-1].end
    indent = text[start + 1 : first.key]
    encoded = f"{json.dumps(name)}{text[first.key_end : first.value]}{_json(value, text)}"
    return f"{text[:end]},{indent}{encoded}{text[end:]}"


def _nested(path: Sequence[str], value: object) -> object:
    for name in reversed(path):
        value = {name: value}
    return value


def _json(value: object, text: str) -> str:
    """The value as JSON, with non-ASCII characters escaped if the text escapes them."""
    return json.dumps(value, ensure_ascii=text.isascii())

"""Reads which parameters of a request an error names in fields of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast


def named_params(error: Mapping[str, Any]) -> Iterator[str]:
    """The parameters that an object of an error names: `seed`, `messages.0.role`."""
    for name in ("param", "field", "parameter"):
        value = error.get(name)
        if isinstance(value, str) and value:
            yield plain_param(value)
    for name in ("loc", "path"):
        yield from _in_path([str(part) for part in _items(error.get(name))])
    yield from (plain_param(key) for key in _items(error.get("keys")) if isinstance(key, str))
    source = error.get("source")
    if isinstance(source, Mapping):
        places = (cast("Mapping[str, Any]", source).get(name) for name in ("pointer", "parameter"))
        yield from (plain_param(place.replace("/", ".")) for place in places if isinstance(place, str) and place)
    for violation in _items(error.get("fieldViolations")):
        if isinstance(violation, Mapping):
            yield from named_params(cast("Mapping[str, Any]", violation))


def plain_param(text: str) -> str:
    """A parameter's path without brackets and without the words for the body of the request."""
    return text.replace("[", ".").replace("]", "").removeprefix("$.").removeprefix("body.").strip("./ ")


def _in_path(parts: list[str]) -> Iterator[str]:
    if parts[:1] in (["body"], ["query"]):
        parts = parts[1:]
    if parts:
        yield ".".join(parts)


def _items(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()

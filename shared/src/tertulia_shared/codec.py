"""How an entry looks inside Redis: one stream field a scalar, so that `redis-cli XRANGE` can be read by a person.

str, int, float and bool are UTF-8 text ("1"/"0" for bool), bytes are raw, anything nested is msgpack in one field.
Every entry begins with `v` (schema version), `ts` (ms since 1970 by the writer's clock) and `epoch`; an event also with
`type`. Fields that hold their default are left out; a reader ignores fields it does not know.

    BadEntry               the entry cannot be read: say so and dead-letter it
    └── UnknownVersion     it was written by a newer release
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgpack

from tertulia_shared.events import EVENTS, Event

VERSION = 1
"""The schema version this release writes. It reads this one and older."""

T = TypeVar("T")
Value = str | int | float | bytes
Fields = Mapping[bytes, bytes]


class BadEntry(ValueError):
    """A stream entry lacks a field, or holds what cannot be read."""


class UnknownVersion(BadEntry):
    """A stream entry was written by a newer release than this one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Envelope:
    """What every entry has beside its own fields."""

    ts: int
    epoch: int


def encode(entry: object, *, ts: int, epoch: int, **extra: Value) -> list[Value]:
    """The entry as a flat list of names and values, as XADD takes it."""
    out: list[Value] = [b"v", VERSION, b"ts", ts, b"epoch", epoch]
    if isinstance(entry, Event):
        out += (b"type", entry.type)
    for spec in _specs(type(entry)):
        value = getattr(entry, spec.name)
        if spec.default is not dataclasses.MISSING and value == spec.default:
            continue
        out.append(spec.key)
        out.append(spec.dump(value))
    for name, value in extra.items():
        out += (name, value)
    return out


def decode(cls: type[T], fields: Fields) -> T:
    """The entry of a known class.

    Raises:
        BadEntry: a field is missing or cannot be read; the message names it.
    """
    check_version(fields)
    return cls(**as_dict(cls, fields))


def decode_event(fields: Fields) -> Event:
    """An entry of an `events` stream.

    Raises:
        BadEntry: its type is not known, or a field is missing.
    """
    check_version(fields)  # first: a newer release's event may be of a type that is not known here
    name = text(fields, b"type")
    cls = EVENTS.get(name)
    if cls is None:
        raise BadEntry(f"event type {name!r} is not known to this release")
    return decode(cls, fields)


def as_dict(cls: type, fields: Fields) -> dict[str, Any]:
    """The entry's own fields as plain values: what a JSON writer needs, without building the object."""
    out: dict[str, Any] = {}
    for spec in _specs(cls):
        raw = fields.get(spec.key)
        if raw is None:
            if spec.default is dataclasses.MISSING:
                raise BadEntry(f"{cls.__name__} entry lacks the field {spec.name!r}")
            out[spec.name] = spec.default
            continue
        try:
            out[spec.name] = spec.load(raw)
        except (ValueError, TypeError, msgpack.UnpackException) as error:
            raise BadEntry(f"{cls.__name__} entry: field {spec.name!r} cannot be read: {error}") from error
    return out


def envelope(fields: Fields) -> Envelope:
    """`ts` and `epoch` of an entry.

    Raises:
        BadEntry: one of them is missing or no number.
    """
    try:
        return Envelope(ts=int(fields[b"ts"]), epoch=int(fields[b"epoch"]))
    except (KeyError, ValueError) as error:
        raise BadEntry(f"entry without a readable envelope: {error}") from error


def text(fields: Fields, name: bytes, default: str | None = None) -> str:
    """One field as text."""
    raw = fields.get(name)
    if raw is None:
        if default is None:
            raise BadEntry(f"entry lacks the field {name.decode()!r}")
        return default
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadEntry(f"entry: field {name.decode()!r} is not UTF-8: {error}") from error


def check_version(fields: Fields) -> None:
    """Refuse what a newer release wrote.

    Raises:
        UnknownVersion: with both versions and what to do.
    """
    raw = fields.get(b"v", b"")
    if not raw.isdigit():
        raise BadEntry(f"entry without a schema version (v={raw!r})")
    if int(raw) > VERSION:
        raise UnknownVersion(
            f"entry has schema version {int(raw)}, this release reads up to {VERSION}: update this worker"
        )


def pack(value: object) -> bytes:
    """A nested structure of plain values as msgpack."""
    return msgpack.packb(value)


def unpack(raw: bytes) -> Any:
    """The reverse of `pack`.

    Raises:
        BadEntry: it is not msgpack.
    """
    try:
        return msgpack.unpackb(raw)
    except (ValueError, msgpack.UnpackException) as error:
        raise BadEntry(f"not msgpack: {error}") from error


@dataclasses.dataclass(frozen=True, slots=True)
class _Spec:
    name: str
    key: bytes
    default: Any
    dump: Callable[[Any], Value]
    load: Callable[[bytes], Any]


@cache
def _specs(cls: type) -> tuple[_Spec, ...]:
    hints = get_type_hints(cls)
    return tuple(
        _Spec(field.name, field.name.encode(), _default(field), *_conversion(hints[field.name]))
        for field in dataclasses.fields(cls)
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _conversion(hint: Any) -> tuple[Callable[[Any], Value], Callable[[bytes], Any]]:
    if get_origin(hint) is Literal and all(isinstance(choice, str) for choice in get_args(hint)):
        return _same, bytes.decode
    return _CONVERSIONS.get(hint, (_plain_pack, _nested(hint)))


def _same(value: Value) -> Value:
    return value


def _plain_pack(value: object) -> bytes:
    return pack(dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value)


def _nested(hint: Any) -> Callable[[bytes], Any]:
    if get_origin(hint) is tuple:
        return lambda raw: tuple(unpack(raw))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return lambda raw: hint(**unpack(raw))
    return unpack


_CONVERSIONS: Mapping[Any, tuple[Callable[[Any], Value], Callable[[bytes], Any]]] = {
    str: (_same, bytes.decode),
    int: (_same, int),
    float: (_same, float),
    bytes: (_same, bytes),
    bool: (int, lambda raw: raw == b"1"),
}

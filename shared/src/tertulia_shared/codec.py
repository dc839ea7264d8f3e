"""Encodes entries as stream fields, one field per scalar, so that a person can read `redis-cli XRANGE`.

str, int, float and bool are UTF-8 text ("1"/"0" for bool), bytes are raw, anything nested is msgpack in one field.
Every entry begins with `v` (schema version), `ts` (ms since 1970 by the writer's clock) and `epoch`; an event also with
`type`. Fields with their default value are omitted; a reader ignores unknown fields, in nested structures too.
The envelope and the ids mean the same in every version (docs/adr/0012-schema-versions.md).

    BadEntry               the entry cannot be read: report it and dead-letter the entry
    └── UnknownVersion     a newer release wrote it
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import msgpack

from tertulia_shared.events import EVENTS, Event

VERSION = 1
"""The schema version that this release writes. It reads entries of this version and of older ones."""
_THIS_VERSION = str(VERSION).encode()
MAX_DIGITS = 18
"""A number in an envelope has at most this many digits: longer ones are invalid, and Python refuses very long ones."""
MAX_NUMBER = 2**63

T = TypeVar("T")
Value = str | int | float | bytes
Fields = Mapping[bytes, bytes]


class BadEntry(ValueError):
    """A stream entry lacks a field, or has an unreadable one."""


class UnknownVersion(BadEntry):
    """A stream entry was written by a newer release than this one, in the schema `version`."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"it was written by a newer release (schema version {version}, this one reads up to {VERSION}): "
            "update this worker"
        )
        self.version = version


@dataclasses.dataclass(frozen=True, slots=True)
class Envelope:
    """The fields that every entry has besides its own."""

    ts: int
    epoch: int


def encode(entry: object, *, ts: int, epoch: int | bytes, v: Value = VERSION, **extra: Value) -> list[bytes]:
    """The entry as a flat list of names and values, as XADD takes it.

    `epoch`: bytes are a mark in its place, for a script that raises the epoch itself.
    `v`: a version above `VERSION` for an entry that older releases must leave to this one (see `decode`).

    Raises:
        ValueError: a text has half a surrogate pair.
        TypeError, OverflowError: a nested value cannot be packed.
    """
    version = _THIS_VERSION if v == VERSION else to_bytes(v)
    out = [b"v", version, b"ts", b"%d" % ts, b"epoch", epoch if isinstance(epoch, bytes) else b"%d" % epoch]
    if isinstance(entry, Event):
        out += (b"type", entry.type.encode())
    for spec in _specs(type(entry)):
        value = getattr(entry, spec.name)
        if spec.default is not dataclasses.MISSING and value == spec.default:
            continue
        out += (spec.key, spec.dump(value))
    for name, value in extra.items():
        out += (name.encode(), to_bytes(value))
    return out


def to_bytes(value: Value) -> bytes:
    """One value as Redis keeps it."""
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else str(value).encode()


def decode(cls: type[T], fields: Fields, *, newest: int = 0) -> T:
    """Decode an entry of a known class. `newest`: a version above `VERSION` that the caller can read, too.

    Raises:
        BadEntry: a field is missing or cannot be read; the message names it.
    """
    check_version(fields, newest)
    return cls(**as_dict(cls, fields))


def decode_event(fields: Fields) -> Event:
    """Decode an entry of an `events` stream.

    Raises:
        BadEntry: its type is not known, or a field is missing.
    """
    check_version(fields)  # check the version first: a newer release may have event types that this one does not know
    name = text(fields, b"type")
    cls = EVENTS.get(name)
    if cls is None:
        raise BadEntry(f"event type {name!r} is not known to this release")
    return decode(cls, fields)


def as_dict(cls: type, fields: Fields) -> dict[str, Any]:
    """The entry's own fields as plain values, for a JSON writer, without building the object."""
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
        except (ValueError, TypeError, OverflowError, msgpack.UnpackException) as error:
            raise BadEntry(f"{cls.__name__} entry: field {spec.name!r} cannot be read: {error}") from error
    return out


def envelope(fields: Fields) -> Envelope:
    """`ts` and `epoch` of an entry.

    Raises:
        BadEntry: one of them is missing or not a number.
    """
    ts, epoch = fields.get(b"ts", b""), fields.get(b"epoch", b"")
    if not (_is_number(ts) and _is_number(epoch)):
        raise BadEntry(f"entry without a readable envelope (ts={ts[:MAX_DIGITS]!r}, epoch={epoch[:MAX_DIGITS]!r})")
    return Envelope(ts=int(ts), epoch=int(epoch))


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


def number(fields: Fields, name: bytes) -> int:
    """One field as a number from 0; 0 if it is missing or not a number."""
    raw = fields.get(name, b"")
    return int(raw) if raw.isdigit() and len(raw) <= MAX_DIGITS else 0


def check_version(fields: Fields, newest: int = 0) -> None:
    """Raise if the entry's version is newer than this release and than `newest`.

    Raises:
        UnknownVersion: its message has both versions and the remedy.
    """
    raw = fields.get(b"v", b"")
    if raw == _THIS_VERSION:  # nearly always
        return
    if not _is_number(raw):
        raise BadEntry(f"entry without a schema version (v={raw[:MAX_DIGITS]!r})")
    if int(raw) > max(VERSION, newest):
        raise UnknownVersion(int(raw))


def known(cls: type[T], wire: object) -> T:
    """Build a dataclass from a nested structure; ignores unknown fields, and gives missing ones their defaults.

    Raises:
        BadEntry: it is not such a structure, lacks a field without a default, or has a value of another type.
    """
    if not isinstance(wire, Mapping):
        raise BadEntry(f"{cls.__name__}: {type(wire).__name__} instead of its fields")
    given = cast("Mapping[str, Any]", wire)
    specs = _specs(cls)
    missing = [spec.name for spec in specs if spec.default is dataclasses.MISSING and spec.name not in given]
    if missing:
        raise BadEntry(f"{cls.__name__} lacks {', '.join(missing)}")
    hints, values = _hints(cls), dict[str, Any]()
    for spec in specs:
        if (name := spec.name) in given:
            value = given[name]
            is_right = type(value) in spec.right
            values[name] = value if is_right else _known_as(hints[name], value, f"{cls.__name__}: field {name!r}")
    return cls(**values)


def _known_as(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return known(hint, value)
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise BadEntry(f"{where}: {type(value).__name__} instead of a list")
        item, right = get_args(hint)[0], _right_types(get_args(hint)[0])
        items = cast("list[Any]", value)
        return tuple(each if type(each) in right else _known_as(item, each, where) for each in items)
    types = _types_of(hint)
    if isinstance(value, int) and abs(value) >= MAX_NUMBER:
        raise BadEntry(f"{where}: a number that does not fit 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise BadEntry(f"{where}: a number that is not finite")
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):  # a bool is an int to Python
        raise BadEntry(f"{where}: {type(value).__name__} instead of {' or '.join(each.__name__ for each in types)}")
    return value


@cache
def _right_types(hint: Any) -> frozenset[type]:
    """The types whose values need no further check in a field with this hint."""
    if get_origin(hint) is tuple or dataclasses.is_dataclass(hint):
        return frozenset()
    return frozenset({str, bytes, bool, NoneType} & set(_types_of(hint)))


@cache
def _types_of(hint: Any) -> tuple[type, ...]:
    """The types that the value of a field may have."""
    if get_origin(hint) is Literal:
        return tuple({type(cast("object", choice)) for choice in get_args(hint)})
    if isinstance(hint, UnionType):
        return tuple(kind for choice in get_args(hint) for kind in _types_of(choice))
    return (float, int) if hint is float else (hint,)


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
    except (ValueError, OverflowError, msgpack.UnpackException) as error:
        raise BadEntry(f"not msgpack: {error}") from error


@dataclasses.dataclass(frozen=True, slots=True)
class _Spec:
    name: str
    key: bytes
    default: Any
    dump: Callable[[Any], bytes]
    load: Callable[[bytes], Any]
    right: frozenset[type]
    """See `_right_types`."""


@cache
def _hints(cls: type) -> Mapping[str, Any]:
    return get_type_hints(cls)


@cache
def _specs(cls: type) -> tuple[_Spec, ...]:
    hints = _hints(cls)
    return tuple(
        _Spec(
            field.name,
            field.name.encode(),
            _default(field),
            *_conversion(hints[field.name]),
            _right_types(hints[field.name]),
        )
        for field in dataclasses.fields(cls)
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _conversion(hint: Any) -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    if get_origin(hint) is Literal and all(isinstance(choice, str) for choice in get_args(hint)):
        return str.encode, bytes.decode
    return _CONVERSIONS.get(hint, (_plain_pack, _nested(hint)))


def _is_number(raw: bytes) -> bool:
    return raw.isdigit() and len(raw) <= MAX_DIGITS


def count(raw: bytes) -> int:
    """A number from 0 that fits signed 64 bits: every number in an entry is a count.

    Raises:
        ValueError: it is not such a number.
    """
    # not by `_is_number`: a turn has some 70 numbers in the gateway
    if raw.isdigit() and len(raw) <= MAX_DIGITS:
        return int(raw)
    raise ValueError(f"{raw[:MAX_DIGITS]!r} is not a number from 0 of at most {MAX_DIGITS} digits")


def _figure(raw: bytes) -> float:
    figure = float(raw)
    if not math.isfinite(figure):
        raise ValueError("it is not finite")
    return figure


def _plain_pack(value: object) -> bytes:
    return pack(dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value)


def _nested(hint: Any) -> Callable[[bytes], Any]:
    if get_origin(hint) is tuple:
        return lambda raw: tuple(unpack(raw))
    if any(get_origin(choice) is tuple for choice in get_args(hint)):
        return lambda raw: None if (items := unpack(raw)) is None else tuple(items)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return lambda raw: known(hint, unpack(raw))
    return unpack


_CONVERSIONS: Mapping[Any, tuple[Callable[[Any], bytes], Callable[[bytes], Any]]] = {
    str: (str.encode, bytes.decode),
    int: (b"%d".__mod__, count),
    float: (to_bytes, _figure),
    bytes: (bytes, bytes),
    bool: (lambda value: b"1" if value else b"0", lambda raw: raw == b"1"),
}

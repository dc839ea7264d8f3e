"""Hostile values and mutations of valid inputs, drawn from a seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final

import msgpack
import orjson

from tertulia_shared.ids import new_id

TEXTS: Final = (
    "", " ", "\0", "\x7f", "\x92", "\u2028", "\u202e", "\ufeff", "\ufffd", "é" * 50, "x" * 9000, "<b>", "';--", "../..",
    "0", "-1", "1e400", "nan", "9" * 25, "true", "0-0", f"{2**63}-0", f"{2**64}-{2**64}", "9999999999999999999-1",
    "$", "*",
)  # fmt: skip
NUMBERS: Final = (0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64 - 1, 0.5, -0.0, 1e308, True)
RAW: Final = (
    b"",
    b"\xff",
    b"\0",
    b"\xc3(",
    b"\xed\xa0\x80",
    b"\xc1",
    b"\x91" * 600,
    b"[" * 600,
    b"9" * 5000,
    b"-5",
    b"+5",
    b"1_0",
)


def value(rng: Random, depth: int = 0) -> Any:
    """Any JSON value."""
    choice = rng.randrange(8 if depth < 3 else 5)
    match choice:
        case 0 | 1:
            return rng.choice(TEXTS)
        case 2 | 3:
            return rng.choice(NUMBERS)
        case 4:
            return rng.choice((None, new_id()))
        case 5:
            return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
        case _:
            return {rng.choice(TEXTS): value(rng, depth + 1) for _ in range(rng.randrange(4))}


def changed(rng: Random, data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a mapping with some values replaced, removed or added."""
    out = dict(data)
    for name in data:
        act = rng.randrange(6)
        if act == 0:
            out[name] = value(rng)
        elif act == 1:
            del out[name]
    if rng.randrange(4) == 0:
        out[rng.choice(TEXTS)] = value(rng)
    return out


def flipped(rng: Random, data: bytes) -> bytes:
    """A copy of bytes with some of them changed, removed, repeated or inserted."""
    out = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(4):
            case 0 if at < len(out):
                out[at] = rng.randrange(256)
            case 1:
                del out[at : at + rng.randrange(1, 9)]
            case 2:
                out[at:at] = out[at : at + rng.randrange(1, 40)]
            case _:
                out[at:at] = rng.choice(RAW)[:100]
    return bytes(out)


def raw(rng: Random) -> bytes:
    """A field of a stream entry: bytes, text, a number, msgpack or JSON."""
    makers: Sequence[Callable[[], bytes]] = (
        lambda: rng.choice(RAW),
        lambda: rng.choice(TEXTS).encode(),
        lambda: str(rng.choice(NUMBERS)).encode(),
        lambda: rng.randbytes(rng.randrange(30)),
        lambda: msgpack.packb(value(rng)),
        lambda: orjson.dumps(value(rng)),
    )
    return rng.choice(makers)()

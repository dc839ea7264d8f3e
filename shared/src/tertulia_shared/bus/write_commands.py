"""Converts writes to commands: the arguments of the write scripts, and plain commands. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgpack

from tertulia_shared.bus.port.errors import WriteRefused
from tertulia_shared.bus.port.writing import Append, Expire, Fence, Put, Write
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.bus.scripts.writing import FIRST_WRITE_VALUE, FenceArguments
from tertulia_shared.codec import encode, to_bytes
from tertulia_shared.keys import Key

EPOCH_MARK = b"\0epoch"
"""Placeholder for the epoch that the script itself raises."""
OPERATIONS = ("XADD", "HSET", "HDEL", "EXPIRE")
"""The commands that `operations_of` makes and the scripts run."""

LONG_VALUE = 1024
"""A value of more bytes is passed to the script separately."""
Operation = Sequence[bytes | int]
"""A command, the index of its key, and its arguments."""


def fence_arguments(fence: Fence | None, *, any_key: Key, state_key: Callable[[str], Key]) -> FenceArguments:
    """Convert a fence to the scripts' arguments. Without a fence they get `any_key` (of the same slot) and check
    nothing."""
    if fence is None:
        return FenceArguments(any_key.name, any_key.name)
    epoch = "" if fence.epoch is None else str(fence.epoch)
    return FenceArguments(fence.owner.name, state_key(fence.owner.name).name, fence.token, epoch)


def operations_of(
    writes: Sequence[Write],
    *,
    first: int,
    ts: int,
    epoch: int | bytes,
    fresh_until: dict[str, float] | None = None,
    now: float = 0.0,
    values: list[bytes] | None = None,
) -> tuple[list[str], bytes]:
    """Convert writes to the scripts' arguments: the keys (the first is KEYS[`first`]) and the packed operations.

    A key's TTL is renewed with the first write and then once every quarter of the TTL (`fresh_until` keeps the times).
    Long values are appended to `values`, if it is given, and operations have their index into ARGV.

    Raises:
        WriteRefused: something can't be encoded (half a surrogate pair, say).
    """
    indexes: dict[str, int] = {}
    operations: list[Operation] = []
    for write in writes:
        name = write.key.name
        index = indexes.get(name)
        if index is None:
            index = indexes[name] = first + len(indexes)
        operations += _encoded(write, index, ts, epoch, values)
        if isinstance(write, Expire):
            if fresh_until is not None:
                fresh_until[name] = 0.0  # the next write renews the TTL
            continue
        if fresh_until is not None and isinstance(write, Put) and all(each is None for each in write.fields.values()):
            # Redis deletes a hash, with its TTL, when the last field is deleted: the next write sets the TTL
            fresh_until[name] = 0.0
            continue
        if fresh_until is None or fresh_until.get(name, 0.0) <= now:
            operations.append([b"EXPIRE", index, str(write.key.ttl_s).encode()])
            if fresh_until is not None:
                fresh_until[name] = renew_at(write.key, now)
    return list(indexes), msgpack.packb(operations, use_bin_type=False)


def renew_at(key: Key, now: float) -> float:
    """When the TTL of a key that is set `now` needs to be renewed, in seconds of the same clock."""
    return now + key.ttl_s / 4


def plain_commands(writes: Sequence[Write], ts: int, epoch: int) -> Sequence[Command]:
    """The commands for a single write without a fence, which cost Redis less than a script. Empty for other writes: a
    script writes them atomically.

    Raises:
        WriteRefused: the write can't be encoded.
    """
    if len(writes) > 1 or isinstance(writes[0], Expire):
        return ()
    key = writes[0].key
    operations = _encoded(writes[0], 0, ts, epoch, None)
    if len(operations) != 1:  # fields to set and to delete, or no fields
        return ()
    name, _, *arguments = operations[0]
    return (name, key.name, *arguments), ("EXPIRE", key.name, key.ttl_s)


def add_arguments(append: Append, ts: int, epoch: int | bytes) -> list[bytes]:
    """The arguments of `XADD` after the key: the stream's bound, the entry's id and its fields.

    Raises:
        ValueError, TypeError, OverflowError: the entry can't be encoded.
    """
    bound, id = append.key.max_len, append.id
    head = [] if bound is None else [b"MAXLEN", b"~", str(bound).encode()]
    head.append(b"*" if id is None else id.encode())
    head += encode(append.entry, ts=ts, epoch=epoch, **append.extra)
    return head


def cannot_be_encoded(write: Write, error: Exception) -> WriteRefused:
    """The refusal of a write that can't be encoded."""
    return WriteRefused(f"a write to {write.key.name} cannot be encoded: {error}")


def _encoded(write: Write, index: int, ts: int, epoch: int | bytes, values: list[bytes] | None) -> Sequence[Operation]:
    try:
        return _operations(write, index, ts, epoch, values)
    except (ValueError, TypeError, OverflowError) as error:
        raise cannot_be_encoded(write, error) from error


def _operations(
    write: Write, index: int, ts: int, epoch: int | bytes, values: list[bytes] | None
) -> Sequence[Operation]:
    if isinstance(write, Append):
        arguments = add_arguments(write, ts, epoch)
        return [[b"XADD", index, *(arguments if values is None else _with_indexes(arguments, values))]]
    if isinstance(write, Expire):
        return [[b"SOONER", index, str(write.ttl_s).encode()]]
    kept = [to_bytes(part) for name, value in write.fields.items() if value is not None for part in (name, value)]
    gone = [name.encode() for name, value in write.fields.items() if value is None]
    return ([[b"HSET", index, *kept]] if kept else []) + ([[b"HDEL", index, *gone]] if gone else [])


def _with_indexes(fields: list[bytes], values: list[bytes]) -> Operation:
    """The fields, with an index into ARGV in place of each long value."""
    if max(map(len, fields)) <= LONG_VALUE:
        return fields
    out: list[bytes | int] = []
    for field in fields:
        if len(field) > LONG_VALUE:
            out.append(FIRST_WRITE_VALUE + len(values))
            values.append(field)
        else:
            out.append(field)
    return out

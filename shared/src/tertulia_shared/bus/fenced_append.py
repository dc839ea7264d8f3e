"""Appends sound with a fence, but without passing it through Lua, which hashes each byte of its arguments. Pure.

One transaction: a script checks the fence and renames the stream to its open name, `XADD` appends under that name, and
`RENAMENX` gives the stream its own name back. If the fence refuses, or the script does not run, no stream has the open
name, and `NOMKSTREAM` keeps `XADD` from making one. Outside of the transaction no stream has its open name (ADR 32).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from tertulia_shared.bus.port.writing import Append, Write
from tertulia_shared.bus.scripts import writing as scripts
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.bus.scripts.writing import FenceArguments
from tertulia_shared.bus.write_commands import LONG_VALUE, add_arguments, cannot_be_encoded
from tertulia_shared.entries import AudioChunk


def only_appends_sound(writes: Sequence[Write]) -> TypeGuard[Sequence[Append]]:
    """True if the writes append sound, and nothing else, to one stream, and so much of it that a script would take
    longer.
    """
    name, size = writes[0].key.name, 0
    for write in writes:
        if not isinstance(write, Append) or write.id is None or write.key.name != name:
            return False
        if not isinstance(write.entry, AudioChunk):
            return False
        size += len(write.entry.audio)
    return size > LONG_VALUE


def append_commands(
    writes: Sequence[Append], fence: FenceArguments, ts: int, epoch: int, *, renew_ttl: bool
) -> Sequence[Command]:
    """The transaction that appends these entries; `write_replies.after_append` reads its replies.

    `renew_ttl`: set the stream's TTL, too. Only then the script makes a stream that is missing.

    Raises:
        WriteRefused: an entry can't be encoded.
    """
    key = writes[0].key
    opened = key.opened
    adding: list[Command] = []
    for write in writes:
        try:
            adding.append((b"XADD", opened, b"NOMKSTREAM", *add_arguments(write, ts, epoch)))
        except (ValueError, TypeError, OverflowError) as error:
            raise cannot_be_encoded(write, error) from error
    if renew_ttl:
        adding.append(("EXPIRE", opened, key.ttl_s))
    return (
        ("MULTI",),
        scripts.open_stream(fence, stream_key=key.name, open_key=opened, may_make=renew_ttl),
        *adding,
        ("RENAMENX", opened, key.name),
        ("EXEC",),
    )

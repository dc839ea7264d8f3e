"""Appends sound with a fence, but without passing it through Lua, which hashes each byte of its arguments. Pure.

One transaction: a script checks the fence and renames the stream to its open name, `XADD` appends under that name, and
`RENAMENX` gives the stream its own name back. If the fence refuses, or the script does not run, no stream has the open
name, and `NOMKSTREAM` keeps `XADD` from making one. Outside of the transaction no stream has its open name (ADR 32).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tertulia_shared.bus.port.writing import Append, Write
from tertulia_shared.bus.scripts import writing as scripts
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.bus.scripts.writing import FenceArguments
from tertulia_shared.bus.write_commands import LONG_VALUE, plain_commands
from tertulia_shared.entries import AudioChunk


def only_appends_sound(writes: Sequence[Write], fresh_until: Mapping[str, float], now: float) -> bool:
    """True if the writes append sound, and nothing else, to one stream that exists and whose TTL needs no renewal.

    `fresh_until`: see `QueueOutlet`.
    """
    name = writes[0].key.name
    return fresh_until.get(name, 0.0) > now and all(
        isinstance(write, Append)
        and write.key.name == name
        and write.id is not None
        and isinstance(write.entry, AudioChunk)
        and len(write.entry.audio) > LONG_VALUE
        for write in writes
    )


def append_commands(writes: Sequence[Write], fence: FenceArguments, ts: int, epoch: int) -> Sequence[Command]:
    """The transaction that appends these entries; `write_replies.after_append` reads its replies.

    Raises:
        WriteRefused: an entry can't be encoded.
    """
    key = writes[0].key
    adding: list[Command] = []
    for write in writes:
        (command, _, *arguments), _ = plain_commands([write], ts, epoch)
        adding.append((command, key.opened, "NOMKSTREAM", *arguments))
    return (
        ("MULTI",),
        scripts.open_stream(fence, stream_key=key.name, open_key=key.opened),
        *adding,
        ("RENAMENX", key.opened, key.name),
        ("EXEC",),
    )

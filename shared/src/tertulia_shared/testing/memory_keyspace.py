"""The streams, hashes and strings of the memory bus, with their types and TTLs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tertulia_shared.bus.port.errors import WriteRefused
from tertulia_shared.bus.port.maintenance import Sized, Sound
from tertulia_shared.codec import Fields
from tertulia_shared.entry_ids import order
from tertulia_shared.keys import HOUR_S, Key
from tertulia_shared.testing.memory_streams import Stream


class MemoryKeyspace:
    """Streams, hashes and strings by key name. `arrived(name)` is called when a stream gets entries."""

    def __init__(self, now_ms: Callable[[], int], arrived: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._clock = clock
        self._expiring: dict[str, float] = {}
        """The time (by the clock) at which a key with a shortened TTL expires; all others outlive the process."""
        self._arrived = arrived
        self._streams: dict[str, Stream] = {}
        self._hashes: dict[str, dict[bytes, bytes]] = {}
        self._strings: dict[str, str] = {}

    def stream(self, key: Key) -> Stream:
        """The stream, empty if it does not exist. Raises: WriteRefused (the key is of another type)."""
        self._expire(key.name)
        self._check_kind(key, "stream")
        return self._streams.get(key.name, Stream())

    def hash(self, key: Key) -> dict[bytes, bytes]:
        """A copy of the hash, empty if it does not exist. Raises: WriteRefused (the key is of another type)."""
        self._expire(key.name)
        self._check_kind(key, "hash")
        return dict(self._hashes.get(key.name, {}))

    def kind(self, name: str) -> str:
        """The type of the key: `stream`, `hash`, `string`, or `none`."""
        kinds = {"stream": self._streams, "hash": self._hashes, "string": self._strings}
        return next((kind for kind, held in kinds.items() if name in held), "none")

    def rebuild(self, key: Key, entries: Sequence[tuple[str | None, Fields]]) -> None:
        """Replace the stream by these entries; id None: the server chooses."""
        self.drop(key.name)
        for id, fields in entries:
            self._own_stream(key).add(fields, id=id, now_ms=self._now_ms(), max_len=key.max_len)
        if entries:
            self._arrived(key.name)

    def string(self, key: Key) -> str:
        """The string, "" if it does not exist."""
        return self._strings.get(key.name, "")

    def names_of_streams(self) -> Iterator[str]:
        """Every stream with an entry, in order of creation."""
        for name in list(self._expiring):
            self._expire(name)
        yield from [name for name, stream in self._streams.items() if len(stream)]

    def remove(self, key: Key, ids: Sequence[str]) -> None:
        """Delete entries."""
        for id in ids:
            self.stream(key).delete(order(id))

    def delete(self, keys: Sequence[Key]) -> None:
        """Delete keys."""
        for key in keys:
            self.drop(key.name)

    def ttl_s(self, name: str) -> float | None:
        """Seconds until a key with a shortened TTL ends; None for any other."""
        return None if name not in self._expiring else self._expiring[name] - self._clock()

    def _expire(self, name: str) -> None:
        left_s = self.ttl_s(name)
        if left_s is not None and left_s <= 0:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Delete a key (DEL)."""
        self._expiring.pop(name, None)
        self._streams.pop(name, None)
        self._hashes.pop(name, None)
        self._strings.pop(name, None)

    def sounds(self) -> Iterator[Sound]:
        """Implements `port.Bus.sounds`; a TTL that was not shortened counts as an hour."""
        for name in self.names_of_streams():
            last = self._streams[name].last()
            if name.endswith(":audio") and last is not None:
                ttl_s = self.ttl_s(name)
                is_final = last.fields.get(b"is_final") == b"1"
                yield Sound(
                    name,
                    HOUR_S if ttl_s is None else int(ttl_s),
                    _size(self._streams[name]),
                    int(last.fields[b"ts"]) if is_final else 0,
                )

    def sizes(self) -> Iterator[Sized]:
        """The streams and hashes, by the bytes of their values."""
        yield from (Sized(name, _size(self._streams[name])) for name in self.names_of_streams())
        yield from (Sized(name, sum(map(len, fields.values()))) for name, fields in self._hashes.items())

    def free(self, name: str, *, keep_end: bool) -> None:
        """Implements `port.Bus.free`."""
        stream = self._streams.get(name)
        if not keep_end or stream is None:
            self.drop(name)
            return
        for entry in list(stream.after((0, 0)))[:-1]:
            stream.delete(order(entry.id))

    def _own_stream(self, key: Key) -> Stream:
        self._check_kind(key, "stream")
        return self._streams.setdefault(key.name, Stream())

    def _own_hash(self, key: Key) -> dict[bytes, bytes]:
        self._check_kind(key, "hash")
        return self._hashes.setdefault(key.name, {})

    def _check_kind(self, key: Key, kind: str) -> None:
        if self.kind(key.name) not in (kind, "none"):
            raise WriteRefused(f"{key.name} is no {kind}")


def _size(stream: Stream) -> int:
    return sum(len(value) for entry in stream.after((0, 0)) for value in entry.fields.values())

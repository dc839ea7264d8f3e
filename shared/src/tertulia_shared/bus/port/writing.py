"""Writes: fenced, in order, and sent in batches. The Lua script that makes the writes also checks the fence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import Work
from tertulia_shared.keys import Key, Stage


@dataclass(frozen=True, slots=True)
class Fence:
    """A fence on writes: Redis refuses them unless `owner` still has the value `token` and the epoch is not higher.

    `epoch` None: interruptions do not affect these writes (listening continues when a reply is cut off).
    `token` "": only the epoch is checked (the gateway owns nothing).
    """

    owner: Key
    token: str
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Append:
    """XADD. With `id` None the server chooses the id.

    An `id` that is not above the stream's last id means that the entry was written before; nothing is written then.
    """

    key: Key
    entry: object
    id: str | None = None
    extra: Mapping[str, Value] = field(default_factory=dict[str, Value])


@dataclass(frozen=True, slots=True)
class Put:
    """HSET of these fields; a field whose value is `None` is deleted."""

    key: Key
    fields: Mapping[str, Value | None]


@dataclass(frozen=True, slots=True)
class Expire:
    """Let a key expire in `ttl_s` seconds, unless it expires sooner or does not exist. A later write renews its TTL."""

    key: Key
    ttl_s: int


Write = Append | Put | Expire


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the conversation's state: that a field has a value (None: is missing); or, unless `is_equal`, that
    it does not.
    """

    field: StateField
    value: str | None
    is_equal: bool = True


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of a transaction: whether it was written now (see `once` and `given`), and the epoch after it."""

    new: bool
    epoch: int


class Outlet(Protocol):
    """An ordered queue of one owner's writes. Those that are queued in one round of the event loop are written
    atomically.
    """

    @property
    def skipped(self) -> bool:
        """True if the stream had an entry with the id of one of these appends, or a higher one (see `Append`)."""
        ...

    @property
    def failed(self) -> bool:
        """True if a write of this outlet failed: nothing after it was written, and it takes no more writes."""
        ...

    def append(self, key: Key, entry: object, *, id: str | None = None, **extra: Value) -> None:
        """Queue an XADD. Raises the error of an earlier write of this outlet."""
        ...

    def append_by_tick(self, key: Key, entry: object, *, id: str | None = None) -> None:
        """Queue an XADD that can wait for the next tick (`ticks`). A later write or `flush` takes it along at once."""
        ...

    def put(self, key: Key, fields: Mapping[str, Value | None]) -> None:
        """Queue an HSET."""
        ...

    def expire(self, key: Key, ttl_s: int) -> None:
        """Queue an `Expire`."""
        ...

    async def flush(self, *, by_tick: bool = False) -> None:
        """Wait until all queued writes are in Redis. `by_tick`: those that wait for a tick are not sent earlier.

        Raises:
            NotOwner, Stale, BusUnavailable, WriteRefused: the first failure; nothing after it was written.
        """
        ...

    async def room(self) -> None:
        """Wait until the queue is below this outlet's bound."""
        ...


class Writing(Protocol):
    """Outlets and transactions."""

    def outlet(self, fence: Fence | None = None, *, epoch: int = 0) -> Outlet:
        """An ordered queue of writes. Its entries carry the fence's epoch, or `epoch` if the fence has none."""
        ...

    async def transact(
        self,
        conversation_id: str,
        writes: Sequence[Write],
        *,
        fence: Fence | None = None,
        raise_epoch: bool = False,
        talk: bool | None = None,
        if_talking: Sequence[Write] = (),
        once: Key | None = None,
        given: Sequence[Condition] = (),
        withdraw: str = "",
        then: tuple[Stage, Work] | None = None,
    ) -> Applied:
        """Write all of `writes` or none of them, then post a pointer.

        Args:
            conversation_id: the conversation whose state is checked and changed.
            writes: the writes; with `raise_epoch` their entries carry the new epoch.
            fence: as for an outlet.
            raise_epoch: raise the conversation's epoch first: all older work becomes stale. If a reply was being made
                or heard, or a turn is withdrawn, the state's `cut` is set to the new epoch. A turn that is tentative
                is withdrawn.
            talk: set or clear the state's mark that a reply is being made or heard (None: do not change it).
            if_talking: further writes, made before `writes`, but only if that mark was set, or a tentative turn is
                withdrawn.
            once: if this key exists, nothing is written (`Applied.new` is False); otherwise the key is set.
            given: if the state does not meet one of these conditions, nothing is written (`Applied.new` is False).
            withdraw: the version of a turn (`UserTurn.ref`) that becomes withdrawn; only with `raise_epoch`.
            then: a pointer to post afterwards in the same round trip, also when nothing new was written.
        """
        ...

    async def remove(self, key: Key, ids: Sequence[str]) -> None:
        """Delete entries of a stream."""
        ...

    async def delete(self, keys: Sequence[Key]) -> None:
        """Delete keys of one conversation, whatever their type; missing keys are not an error."""
        ...

    async def move(self, key: Key, entries: Sequence[Entry], to: Key) -> None:
        """Append entries of one stream to another, unchanged, and then delete them.

        Not atomic: after a failure an entry may be in both streams, and twice in `to`. No entry is lost.

        Raises:
            WriteRefused: one of them was refused; none was deleted.
        """
        ...

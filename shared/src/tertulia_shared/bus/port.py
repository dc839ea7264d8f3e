"""What the stages need of Redis, said in their own words.

`redis_bus` is the real one, `testing.memory_bus` the fake that ships.

Delivery: work is claimed through a consumer group and redelivered until it is finished. Writing: an owner's writes
carry a fence (its token, its epoch), checked by the server in the same script that writes. Reading: one blocked read
serves all streams that a process follows.

    BusError
    ├── BusUnavailable   the connection was lost; whether the last write arrived is unknown: resume as after a crash
    │   └── BusRefused   there is a Redis and it does not let us in: a login, a right, a certificate is wrong
    ├── NotOwner         another worker took the work over: stop, without a word
    ├── EntriesLost      Redis came back without what was read from it
    ├── Stale            the user interrupted: this work's epoch is over
    └── WriteRefused     Redis answered with an error, and will answer the same command with the same error
        └── WritesPaused   it takes no writes just now (out of memory, full disk, read-only replica): try again later
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from tertulia_shared.codec import Fields, Value
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.keys import Key, Keys, Stage

MAX_FIRST = 16
"""Entries of a stream's beginning that come along with its ownership."""


class BusError(Exception):
    """Base of what the bus raises."""


class BusUnavailable(BusError):
    """The connection to Redis was lost; the outcome of the last write is unknown."""


class BusRefused(BusUnavailable):
    """Redis does not let us in; the message says which login, right or certificate is wrong."""


class NotOwner(BusError):
    """Another worker owns this work now."""


class EntriesLost(BusError):
    """Redis came back without the entry that was read last: it has lost the last moments before it went."""


class Stale(BusError):
    """The conversation's epoch is above this work's: the user interrupted."""


class WriteRefused(BusError):
    """Redis refused a write with an error of its own. The same write will be refused again."""


class WritesPaused(WriteRefused):
    """Redis takes no writes just now (out of memory, full disk, read-only replica). The same write succeeds later."""


MAX_AHEAD_S = 60.0
"""How far another machine's clock may be ahead of this one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stream entry: its id `ms-seq` and its raw fields."""

    id: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed work entry. `attempt` counts how often it has been delivered, this time included."""

    stage: Stage
    id: str
    attempt: int
    fields: Fields

    @property
    def token(self) -> str:
        """What the owner key holds while this claim's holder may write."""
        return f"{self.id}/{self.attempt}"


@dataclass(frozen=True, slots=True)
class Held:
    """A work entry that was given out: to which worker, when that was heard of last, and how often it was given out.

    `worker` is `NOBODY` while it waits to be taken over: whoever had it has handed it back.
    """

    id: str
    worker: str
    idle_s: float
    attempt: int


HUNG_LOOP_S = 30.0
"""An event loop that has not run for so many seconds has hung: its leases are no longer renewed."""
InHand = Callable[[], Mapping[str, int]]
"""Returns the attempt numbers of the work in hand, by work id."""
OnLost = Callable[[str, int], None]
"""Told of a work id and the attempt that another worker has taken over."""
NOBODY = "nobody"
"""The consumer that holds what was handed back."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """A stage's open work at one moment. Ages are seconds since it was posted, by the server's clock; 0 where none is.

    `waiting`: given to nobody yet. `held`: given to a worker and not finished, also by one that has died since.
    `handed_back`: given back by a worker that broke or left it to a newer release, and not taken over yet.
    """

    waiting: int = 0
    held: int = 0
    handed_back: int = 0
    oldest_waiting_s: float = 0.0
    oldest_given_out_s: float = 0.0
    """Of those held and handed back."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Whose writes these are: refused unless `owner` still holds `token` and the state's epoch is not above `epoch`.

    `epoch` None: interruptions don't matter to these writes (listening goes on when a reply is cut off). `token` "":
    whoever owns it, these writes only must not be stale (the gateway owns nothing).
    """

    owner: Key
    token: str
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Owned:
    """The right to write for one thing of a conversation, and the conversation's state as it was then."""

    owner: Key
    token: str
    state: Fields
    waiting: Sequence[Entry] = ()
    """The turns that wait, where they were asked for."""
    last: Entry | None = None
    """The last entry of the stream whose end was asked for."""
    first: Sequence[Entry] = ()
    """The first entries of the stream whose beginning was asked for."""

    @property
    def epoch(self) -> int:
        """The conversation's epoch at that moment; 0 where the state holds none that can be read."""
        return ConversationState(self.state).epoch

    def fence(self, epoch: int | None = None) -> Fence:
        """The fence for this owner's writes."""
        return Fence(self.owner, self.token, epoch)


@dataclass(frozen=True, slots=True)
class Refused:
    """The thing is owned through another work entry (`holder`: its token), or by a later attempt at this one."""

    holder: str
    later_attempt: bool


@dataclass(frozen=True, slots=True)
class Append:
    """XADD. `id` None lets the server choose. An explicit id not above the last one counts as already written."""

    key: Key
    entry: object
    id: str | None = None
    extra: Mapping[str, Value] = field(default_factory=dict[str, Value])


@dataclass(frozen=True, slots=True)
class Put:
    """HSET of these fields; `None` deletes one."""

    key: Key
    fields: Mapping[str, Value | None]


@dataclass(frozen=True, slots=True)
class Expire:
    """Let a key expire in `ttl_s` seconds, unless it expires sooner or is not there. A later write renews its life."""

    key: Key
    ttl_s: int


Write = Append | Put | Expire


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of a transaction: whether it was done now (not `once` before), and the epoch after it."""

    new: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class Space:
    """The memory that Redis uses and may use, in bytes (limit 0: no limit), and what it does at the limit."""

    used: int
    limit: int = 0
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """An `audio` stream: seconds until it expires, bytes of memory, when (ms since 1970) its final entry was
    written (0: it has none)."""

    name: str
    ttl_s: int
    size: int
    ended_ms: int = 0


@dataclass(frozen=True, slots=True)
class Sized:
    """A key and the bytes of memory that it takes."""

    name: str
    size: int


class Outlet(Protocol):
    """A queue of writes of one owner, in order. What is put in one tick goes out as one atomic script call."""

    def append(self, key: Key, entry: object, *, id: str | None = None, **extra: Value) -> None:
        """Queue an XADD. Raises what an earlier write of this outlet met."""
        ...

    def put(self, key: Key, fields: Mapping[str, Value | None]) -> None:
        """Queue an HSET."""
        ...

    def expire(self, key: Key, ttl_s: int) -> None:
        """Queue an `Expire`."""
        ...

    async def flush(self) -> None:
        """Wait until all that was queued is in Redis.

        Raises:
            NotOwner, Stale, BusUnavailable, WriteRefused: the first failure; nothing after it was written.
        """
        ...

    async def room(self) -> None:
        """Wait while more is queued than this outlet's bound."""
        ...


class Follow(Protocol):
    """A stream being read from somewhere on."""

    async def read(self) -> Sequence[Entry]:
        """The next entries, at least one; waits for them.

        Raises:
            EntriesLost: if this follow is to tell (see `Bus.follow`).
            WriteRefused: the key is no stream; other follows go on.
        """
        ...

    def take(self) -> Sequence[Entry]:
        """The entries that are here already; maybe none."""
        ...

    def close(self) -> None:
        """Stop following. A reader that waits gets no more."""
        ...


class Bus(Protocol):
    """See the module's docstring."""

    keys: Keys

    # -- work
    async def prepare(self, stage: Stage) -> None:
        """Make the stage's consumer group, if it isn't there."""
        ...

    async def post(self, stage: Stage, work: Work, *, epoch: int = 0) -> None:
        """Post a pointer for a stage to claim."""
        ...

    async def claim(self, stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
        """Up to `count` new pieces of work; waits up to `block_s` for the first."""
        ...

    async def take_over(
        self, stage: Stage, worker: str, *, idle_s: float, count: int, leave: Sequence[str] = (), of: str = ""
    ) -> Sequence[Claim]:
        """Take over up to `count` pieces of work whose lease was not renewed for `idle_s`.

        Args:
            stage: whose work.
            worker: the worker that takes it over.
            idle_s: how long ago the last renewal or delivery must be.
            count: the most to take.
            leave: ids that are not taken.
            of: take only what this worker holds ("": any).
        """
        ...

    async def reclaim(self, claim: Claim, worker: str) -> Claim | None:
        """Begin a new attempt at work that this worker still holds; None if it no longer does.

        For an attempt that a broken connection (or a Redis that takes no writes) interrupted: the new attempt has a new
        token, so a write of the old one whose outcome is unknown is refused if it arrives late. The repeat is
        counted as `note_uncounted` counts it: it is no failed attempt.
        """
        ...

    async def holders(self, stage: Stage) -> Sequence[str]:
        """The names of the consumers that hold unfinished work of the stage (`NOBODY` may be one)."""
        ...

    def keep_leases(
        self, stage: Stage, worker: str, *, every_s: float, held: InHand, on_lost: OnLost
    ) -> AbstractAsyncContextManager[None]:
        """Renew the leases of what `held` returns as long as the block runs.

        The real bus renews from a thread of its own with a connection of its own, so a busy event loop loses no work.
        It stops renewing when the event loop has not run for `HUNG_LOOP_S`: a hung worker must not hold work for ever.

        Args:
            stage: whose work.
            worker: the worker that holds it.
            every_s: seconds between two renewals.
            held: the attempts in hand, by work id. Called from the thread.
            on_lost: called on the event loop with the work id and attempt of each that another worker has taken over.
        """
        ...

    async def renew(self, stage: Stage, worker: str, ids: Sequence[str]) -> set[str]:
        """Reset the idle time of what this worker still owns; the ids it no longer owns come back."""
        ...

    async def finish(self, claim: Claim, worker: str) -> bool:
        """Acknowledge and delete, if this worker still owns it and this is its last attempt."""
        ...

    async def pass_on(self, claim: Claim, worker: str) -> bool:
        """Post it anew, if this worker still owns it: whoever waits for work has it at once.

        It is a new piece of work with the same fields, so its attempts count from 1: stopping a worker is no failure.
        """
        ...

    async def hand_back(self, claim: Claim, worker: str) -> bool:
        """Leave it to whoever looks next for what to take over, if this worker still owns it; attempts go on."""
        ...

    async def retire(self, stage: Stage, worker: str) -> None:
        """This worker claims no more: whatever it still owns is handed back, its name leaves the group."""
        ...

    async def note_failure(self, claim: Claim, reason: str) -> None:
        """Remember why an attempt failed, for whoever gives the work up."""
        ...

    async def last_failure(self, claim: Claim) -> str:
        """Why the last attempt failed; "" if it isn't known."""
        ...

    async def note_uncounted(self, claim: Claim) -> None:
        """Count an attempt that is no failed one: the work was left to a newer release, or Redis was away."""
        ...

    async def uncounted(self, claim: Claim) -> int:
        """How many of its attempts so far do not count towards `max_attempts`."""
        ...

    async def open_work(self, stage: Stage) -> int:
        """How many entries of the stage are waiting or being worked on."""
        ...

    async def held(self, stage: Stage) -> Sequence[Held]:
        """The entries of the stage that were given out and are not finished, in order. What is open and not among them
        has been claimed by nobody yet."""
        ...

    async def backlog(self, stage: Stage) -> Backlog:
        """The stage's open work, and how old it is; all 0 if nobody has prepared the stage."""
        ...

    # -- ownership
    async def own(
        self,
        claim: Claim,
        conversation_id: str,
        thing: str,
        *,
        waiting: int = 0,
        last: Key | None = None,
        first: Key | None = None,
    ) -> Owned | Refused:
        """Become the owner of `thing` (`turns`, a message, a session); later attempts fence off earlier ones.

        What else is asked for comes in the same round trip, as it is when nobody else may write any more.

        Args:
            claim: through which work entry.
            conversation_id: whose thing it is.
            thing: its name in the owner key.
            waiting: bring along at most so many turns behind the state's cursor (`Owned.waiting`).
            last: bring along this stream's last entry (`Owned.last`).
            first: bring along this stream's first entries, at most `MAX_FIRST` (`Owned.first`).
        """
        ...

    async def owner(self, conversation_id: str, thing: str) -> str:
        """The token of who owns `thing` or owned it last (`<work entry id>/<attempt>`); "" if nobody did, or let go."""
        ...

    async def release_turns(self, owned: Owned, conversation_id: str, cursor: str, *, cut: int = 0) -> bool:
        """Remember `cursor` as the last finished turn, and give the turns up if nothing is left to do.

        False, and still owned, if a turn waits behind `cursor`, or if the state's `cut` is not the given one: the user
        broke in since the owner last looked.

        Raises:
            NotOwner: it was no longer ours; nothing was remembered.
        """
        ...

    # -- writing
    def outlet(self, fence: Fence | None = None, *, epoch: int = 0) -> Outlet:
        """An ordered queue of writes; `epoch` is what its entries carry where the fence has none."""
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
        then: tuple[Stage, Work] | None = None,
    ) -> Applied:
        """Write all of it or nothing, then post a pointer.

        Args:
            conversation_id: whose state it is about.
            writes: what to write; with `raise_epoch` they carry the new epoch.
            fence: as for an outlet.
            raise_epoch: raise the conversation's epoch first: everything older is stale from here on. If a reply was
                being made or heard, the state's `cut` remembers the new epoch.
            talk: set or clear the state's mark that a reply is being made or heard (None: leave it).
            if_talking: written (before `writes`) only if that mark was set.
            once: if this key exists nothing is written (`Applied.new` False); else it is set.
            then: a pointer that is posted after it in the same round trip, also when nothing new was written.
        """
        ...

    # -- reading
    def follow(self, key: Key, after: str = BEGINNING, *, tell_loss: bool = False) -> Follow:
        """Follow a stream from behind the entry id `after`; `"$"` is not offered: say where you are.

        `tell_loss`: when the entry that was read last is no longer there (looked at after a break of the connection,
        and about once a second: Redis can be flushed under a live connection), `read` raises `EntriesLost`, once; after
        a break before any entry that was written since. If nothing was read yet, this holds for the entry `after`, if
        it was there. Without `tell_loss`, reading goes on behind
        that entry's id. Only for streams whose ids are times: one older than the key's life has expired, and is no
        loss.
        """
        ...

    async def read(self, key: Key, after: str = BEGINNING, *, count: int | None = None) -> Sequence[Entry]:
        """The entries behind `after`, at most `count`."""
        ...

    async def last(self, key: Key) -> Entry | None:
        """The last entry."""
        ...

    async def hash(self, key: Key) -> Fields:
        """All fields of a hash; empty if it isn't there."""
        ...

    def conversations_with_turns(self) -> AsyncIterator[str]:
        """Every conversation that has a `turns` stream (a SCAN: for the sweep)."""
        ...

    async def length(self, key: Key) -> int:
        """How many entries a stream has."""
        ...

    async def remove(self, key: Key, ids: Sequence[str]) -> None:
        """Delete entries of a stream."""
        ...

    async def delete(self, keys: Sequence[Key]) -> None:
        """Delete keys of one conversation, whatever they hold; one that is not there is no error."""
        ...

    async def move(self, key: Key, entries: Sequence[Entry], to: Key) -> None:
        """Append entries of one stream to another, as they are, and then delete them.

        Not in one step: if it fails they may be in both streams, and some of them twice in `to`; never in neither.

        Raises:
            WriteRefused: one of them was refused; none was deleted.
        """
        ...

    async def reopen(self, key: Key, final_id: str) -> bool:
        """Take a stream's last entry away if it is `final_id`: ids above the one before it can be written again.

        False, and nothing changed, if another entry is the last one.
        """
        ...

    async def mend(self, conversation_id: str, *, owner: bool = False) -> Sequence[str]:
        """Repair what no code can work with in a conversation's keys; the names of what was repaired. For repairs only.

        A key of another type is deleted; a stream whose ids lie a day and more in the future is made anew without the
        entry that brought them there; an epoch that no script has written is set 1000 above the newest that was told; a
        cursor that is no entry id or lies behind the last turn is set before the last turn. The names: `state`,
        `turns`, `events`, `control`, `receipts`, `epoch`, `cursor`, `owner`.

        `owner`: also delete an owner of the turns that is no token. Only the llm stage may touch this key.
        """
        ...

    # -- leases
    async def hold(self, key: Key, holder: str) -> bool:
        """Take or prolong a lease for the key's `ttl_s`; False while another holds it."""
        ...

    async def let_go(self, key: Key, holder: str) -> None:
        """End a lease, or what a token owns (`Keys.owner`), if this holder has it."""
        ...

    # -- presence
    async def beat(self, member: str) -> None:
        """Say that this worker is alive.

        Raises:
            WriteRefused: Redis answers, but does not take it (`WritesPaused`: not now).
        """
        ...

    async def leave(self, member: str) -> None:
        """Say that this worker stops."""
        ...

    async def alive(self, within_s: float) -> Sequence[str]:
        """The workers heard of within so many seconds, as text; bytes that are no UTF-8 are replaced.

        A beat more than `MAX_AHEAD_S` ahead of this machine's clock does not count: it would never become old.
        """
        ...

    async def info(self) -> Mapping[str, str]:
        """The fields of the server's INFO.

        Raises:
            WriteRefused: this user may not ask.
        """
        ...

    async def ping(self) -> float:
        """Round trip in seconds.

        Raises:
            BusUnavailable: no answer.
        """
        ...

    async def probe_writes(self) -> None:
        """Write something small that changes nothing.

        Raises:
            WritesPaused: Redis takes no writes just now.
        """
        ...

    # -- memory
    async def space(self) -> Space:
        """How much memory is used.

        Raises:
            BusRefused: this user of Redis may not ask.
        """
        ...

    async def probe_age(self) -> float | None:
        """Seconds since `probe_writes` succeeded anywhere; None if that is longer ago than its key lives."""
        ...

    def sounds(self) -> AsyncIterator[Sound]:
        """Every `audio` stream (a SCAN: only where room has to be made)."""
        ...

    def sizes(self) -> AsyncIterator[Sized]:
        """Every key of the namespace (a SCAN: only for a person who asks; stop when enough were seen)."""
        ...

    async def free(self, names: Sequence[str], *, keep_end: bool) -> None:
        """Delete keys (`keep_end`: of a stream all but its last entry). Works also while writes are paused."""
        ...


OpenBus = AbstractAsyncContextManager[Bus]

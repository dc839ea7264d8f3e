"""The operations that the scripts run inside Redis, in plain Python: checks, writes, groups. No call waits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tertulia_shared.bus.port.errors import NotOwner, Stale, WriteRefused
from tertulia_shared.bus.port.ownership import Owned, Refused
from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.bus.port.work import Backlog, Claim, PendingWork
from tertulia_shared.bus.port.writing import Append, Applied, Condition, Expire, Fence, Put, Write
from tertulia_shared.codec import Fields, Value, encode, to_bytes
from tertulia_shared.conversation_state import MAX_EPOCH, MAX_WITHDRAWN, ConversationState, StateField
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.keys import Key, Keys, Stage
from tertulia_shared.testing.memory_keyspace import MemoryKeyspace
from tertulia_shared.testing.memory_streams import Group

TOKEN = re.compile(r"[0-9]+-[0-9]+/[0-9]+")
EPOCH = re.compile(rb"0|[1-9][0-9]*")
CURSOR = re.compile(rb"[0-9]{1,20}(-[0-9]{1,20})?")


def is_readable_epoch(raw: bytes) -> bool:
    """True if a script can have written it: a number that Lua compares exactly."""
    return EPOCH.fullmatch(raw) is not None and int(raw[:20]) <= MAX_EPOCH


class MemoryServer(MemoryKeyspace):
    """The keyspace, with consumer groups. `arrived(name)` is called for every added entry."""

    def __init__(
        self, keys: Keys, now_ms: Callable[[], int], arrived: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        super().__init__(now_ms, arrived, clock)
        self._keys = keys
        self._groups: dict[Stage, Group] = {}

    # -- groups

    def pending(self, stage: Stage, now_ms: int) -> Sequence[PendingWork]:
        """Implements `port.Bus.pending`."""
        group = self._groups.get(stage)
        return () if group is None else group.pending(now_ms)

    def prepare(self, stage: Stage) -> bool:
        """Create the group; False if it existed."""
        if stage in self._groups:
            return False
        self._groups[stage] = Group(self._own_stream(self._keys.work(stage)))
        return True

    def has_group(self, stage: Stage) -> bool:
        """True if a worker has created the stage's group."""
        return stage in self._groups

    def group(self, stage: Stage) -> Group:
        """The stage's group.

        Raises:
            WriteRefused: no worker has created it.
        """
        group = self._groups.get(stage)
        if group is None:
            raise WriteRefused(f"there is no consumer group {stage!r} yet: prepare it first")
        return group

    def post_again(self, stage: Stage, fields: Fields) -> None:
        """Post a piece of work with these fields."""
        self.add(self._keys.work(stage), fields)

    def add(self, key: Key, fields: Fields) -> None:
        """Append an entry with these fields to a stream.

        Raises:
            WriteRefused: the key is of another type.
        """
        self._own_stream(key).add(fields, id=None, now_ms=self._now_ms(), max_len=key.max_len)
        self._arrived(key.name)

    def backlog(self, stage: Stage, unassigned: str) -> Backlog:
        """Implements `port.Bus.backlog`."""
        group = self._groups.get(stage)
        if group is None:
            return Backlog()
        waiting, given_out = group.waiting(), group.given_out()
        handed_back = sum(worker == unassigned for worker in given_out.values())
        return Backlog(
            len(waiting), len(given_out) - handed_back, handed_back,
            self._age_s(entry.id for entry in waiting), self._age_s(given_out),
        )  # fmt: skip

    def _age_s(self, ids: Iterable[str]) -> float:
        oldest = next(iter(ids), None)
        return 0.0 if oldest is None else self.age_s(oldest)

    def age_s(self, entry_id: str) -> float:
        """Seconds since the server chose this id."""
        return max(0, self._now_ms() - order(entry_id)[0]) / 1000

    # -- ownership

    def own(self, claim: Claim, conversation_id: str, thing: str, waiting: int) -> Owned | Refused:
        """Implements `port.Bus.own`.

        Raises:
            WriteRefused: the key of the state or of the turns has the wrong type, or the cursor is invalid.
        """
        owner = self._keys.owner(conversation_id, thing)
        held = self._strings.get(owner.name, "")
        if TOKEN.fullmatch(held):
            holder, _, attempt = held.rpartition("/")
            if holder != claim.id:
                if self.group(claim.stage).is_held(holder, int(attempt)):
                    return Refused(held, later_attempt=False)
            elif int(attempt) >= claim.attempt:
                return Refused(held, later_attempt=True)
        state = self.hash(self._keys.state(conversation_id))
        entries = self._waiting(self._keys.turns(conversation_id), state, waiting) if waiting else ()
        self.drop(owner.name)
        self._strings[owner.name] = claim.token
        return Owned(owner, claim.token, state, tuple(entries))

    def _waiting(self, turns: Key, state: Fields, count: int) -> Sequence[Entry]:
        stream = self.stream(turns)
        raw = ConversationState(state).get(StateField.CURSOR, BEGINNING.encode())
        if CURSOR.fullmatch(raw) is None:
            raise WriteRefused("the cursor in the state is no entry id")
        cursor = order(raw.decode())
        if stream.last() is not None and cursor > stream.last_id:
            raise WriteRefused("the cursor in the state lies behind the last turn")
        return stream.after(cursor, count)

    def release_turns(self, owned: Owned, conversation_id: str, cursor: str, cut: int, most: int) -> Owned | None:
        """Implements `port.Bus.release_turns`."""
        self._check_token(owned.owner, owned.token)
        state = self._keys.state(conversation_id)
        self.apply(Put(state, {StateField.CURSOR: cursor}), 0)
        waiting = self.stream(self._keys.turns(conversation_id)).after(order(cursor), most)
        fields = self.hash(state)
        if waiting or (ConversationState(fields).get(StateField.CUT) or b"0") != str(cut).encode():
            return replace(owned, state=fields, waiting=tuple(waiting))
        del self._strings[owned.owner.name]
        return None

    # -- writing

    def write(self, writes: Sequence[Write], *, fence: Fence | None, epoch: int) -> bool:
        """Apply an outlet's batch. The first failure ends it; earlier writes stay, as with Redis' scripts. Returns True
        if one of the entries was there already.

        Raises:
            NotOwner, Stale: the fence refused the batch; nothing was written.
            WriteRefused: one of the writes was refused.
        """
        _check_encodable(writes)
        self._check_fence(fence)
        skipped = False
        for write in writes:
            skipped = not self.apply(write, epoch) or skipped
        return skipped

    def transact(
        self,
        conversation_id: str,
        writes: Sequence[Write],
        *,
        fence: Fence | None,
        raise_epoch: bool,
        talk: bool | None,
        if_talking: Sequence[Write],
        once: Key | None,
        given: Sequence[Condition] = (),
        withdraw: str = "",
    ) -> Applied:
        """Implements `port.Bus.transact`."""
        _check_encodable((*writes, *if_talking))
        self._check_fence(fence)
        state = self._keys.state(conversation_id)
        epoch = self._epoch(state)
        before = ConversationState(self.hash(state))
        if not all(_is_met(condition, before) for condition in given):
            return Applied(new=False, epoch=epoch)
        if once is not None:
            if once.name in self._strings:
                return Applied(new=False, epoch=epoch)
            self._strings[once.name] = "1"
        talking = before.is_talking or (raise_epoch and StateField.TENTATIVE in before)
        if raise_epoch:
            epoch += 1
            is_cut = talking or withdraw
            self.apply(Put(state, {StateField.EPOCH: epoch, **({StateField.CUT: epoch} if is_cut else {})}), epoch)
            self._withdraw(state, before, withdraw)
        if talk is not None:
            self.apply(Put(state, {StateField.TALK: "1" if talk else None}), epoch)
        try:
            for write in (*(if_talking if talking else ()), *writes):
                self.apply(write, epoch)
        except WriteRefused:
            if once is not None:
                del self._strings[once.name]
            raise
        return Applied(new=True, epoch=epoch)

    def _withdraw(self, state: Key, before: ConversationState, turn: str) -> None:
        tentative = before.get(StateField.TENTATIVE, b"").decode()
        turns = before.get(StateField.WITHDRAWN, b"").decode().split()
        turns += dict.fromkeys(each for each in (tentative, turn) if each)
        fields: dict[str, Value | None] = {StateField.TENTATIVE: None}
        if tentative or turn:
            fields[StateField.WITHDRAWN] = " ".join(turns[-MAX_WITHDRAWN:])
        self.apply(Put(state, fields), 0)

    def apply(self, write: Write, epoch: int) -> bool:
        """Apply one write, without checking the fence. Returns False if it is an entry that was there already.

        Raises:
            WriteRefused: the key is of another type, or the id is 0-0.
        """
        self._expire(write.key.name)
        if isinstance(write, Expire):
            if write.key.name in self._streams or write.key.name in self._hashes:
                end = self._clock() + write.ttl_s
                self._expiring[write.key.name] = min(end, self._expiring.get(write.key.name, end))
            return True
        self._expiring.pop(write.key.name, None)
        if isinstance(write, Append):
            return self._append(write, epoch)
        kept = self._own_hash(write.key)
        for name, value in write.fields.items():
            if value is None:
                kept.pop(name.encode(), None)
            else:
                kept[name.encode()] = to_bytes(value)
        if not kept:
            del self._hashes[write.key.name]
        return True

    def _append(self, write: Append, epoch: int) -> bool:
        flat = encode(write.entry, ts=self._now_ms(), epoch=epoch, **write.extra)
        stream = self._own_stream(write.key)
        fields = dict(zip(flat[::2], flat[1::2], strict=True))
        try:
            new = stream.add(fields, id=write.id, now_ms=self._now_ms(), max_len=write.key.max_len)
        except ValueError as error:
            raise WriteRefused(f"refused a write to {write.key.name}: {error}") from error
        if new:
            self._arrived(write.key.name)
        return new

    def _check_fence(self, fence: Fence | None) -> None:
        if fence is None:
            return
        if fence.token:
            self._check_token(fence.owner, fence.token)
        state = self._keys.state(self._keys.conversation_of(fence.owner.name))
        current = 0 if fence.epoch is None else self._epoch(state)
        if fence.epoch is not None and current > fence.epoch:
            raise Stale(f"interrupted: the conversation is at epoch {current}")

    def _epoch(self, state: Key) -> int:
        raw = ConversationState(self.hash(state)).get(StateField.EPOCH, b"0")
        if not is_readable_epoch(raw):
            raise WriteRefused("the epoch in the state is no number that a script has written")
        return int(raw)

    def _check_token(self, owner: Key, token: str) -> None:
        if self._strings.get(owner.name) != token:
            raise NotOwner("another worker owns this work now")


def _is_met(condition: Condition, state: ConversationState) -> bool:
    value = state.get(condition.field, b"").decode(errors="replace")
    return (value == (condition.value or "")) == condition.is_equal


def _check_encodable(writes: Sequence[Write]) -> None:
    # a writer detects this before it sends anything
    for write in writes:
        if isinstance(write, Expire):
            continue
        try:
            if isinstance(write, Append):
                encode(write.entry, ts=0, epoch=0, **write.extra)
            else:
                for value in write.fields.values():
                    to_bytes(value or b"")
        except (ValueError, TypeError, OverflowError) as error:
            raise WriteRefused(f"a write to {write.key.name} cannot be encoded: {error}") from error

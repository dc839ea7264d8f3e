"""Claims new work so that the workers of a stage share it: each takes what it can begin, in proportion to its slots.

A worker without peers claims one entry, or as many as it holds if it has the slots: a peer that starts gets work, too.
With peers it claims its share of what waits, and leaves the rest to them. If they do not claim it within `GRACE_S` (a
peer hangs), it claims that too. If nothing waits, the workers whose slots are filled least block in a claim of one
entry, and the others wait for a post.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from tertulia_shared.bus import Bus, Claim, QueueLoad
from tertulia_shared.keys import Stage

GRACE_S = 0.25
"""Seconds that a worker leaves waiting work to peers which could begin it."""


def share_of(worker: str, load: QueueLoad, slots: Mapping[str, int], most: int) -> int:
    """How many of the waiting entries the worker should claim, at most `most`.

    Each entry goes to the worker whose slots are filled least; if several are, to the first name.

    Args:
        worker: one of the workers in `slots`.
        load: the waiting entries, and what each worker holds.
        slots: the workers that share the work.
        most: the number that the worker has room for.
    """
    held = {name: load.held.get(name, 0) for name in sorted(slots)}
    count = 0
    for _ in range(load.waiting):
        emptiest = min(held, key=lambda name: held[name] / slots[name])
        held[emptiest] += 1
        if emptiest == worker:
            count += 1
            if count == most:
                break
    return count


def may_block(worker: str, load: QueueLoad, slots: Mapping[str, int]) -> bool:
    """True if the next entry may go to this worker: it has a free slot, and no peer's slots are filled less.

    Redis gives the next entry to the worker whose claim has been blocked for longest.
    """
    filled = {name: load.held.get(name, 0) / slots[name] for name in slots}
    return filled[worker] < 1 and filled[worker] == min(filled.values())


class NewWork:
    """Claims the new work of one worker.

    `slots`: how many pieces of work it begins without delay. `limit`: how many it holds at most.
    """

    def __init__(self, bus: Bus, stage: Stage, worker: str, *, slots: int, limit: int) -> None:
        self._bus = bus
        self._stage: Stage = stage
        self._worker = worker
        self.slots = min(slots, limit)
        self._limit = limit
        self._peers: Mapping[str, int] = {}
        self.left: Collection[str] = ()
        """Returned work that this worker does not claim now."""
        self._left_since: float | None = None
        """Since when entries are left to peers (monotonic seconds); None if none are."""

    def share_with(self, peers: Mapping[str, int]) -> bool:
        """Set the slots of the live peers, by name. Returns True if other peers than before share the work."""
        changed = self._peers.keys() != peers.keys()
        self._peers = peers
        return changed

    def forget(self, peer: str) -> None:
        """Leave no more work to this peer: its process has ended."""
        self._peers = {name: slots for name, slots in self._peers.items() if name != peer}

    @property
    def not_taken_over_from(self) -> str:
        """A consumer whose expired work is not taken over, because it is claimed as new work; "" if there is none."""
        return ""

    async def refresh(self, members: Sequence[str], holders: Sequence[str]) -> bool:  # noqa: ARG002 - for `ChosenWork`
        """Learn which workers are alive (`members`), and which consumers hold work of the stage.

        Returns True if a claim that is blocked must end.
        """
        return False

    async def keep(self, claims: Sequence[Claim]) -> Sequence[Claim]:
        """The part of the claimed work that this worker begins."""
        return claims

    async def claim(self, held: int, block_s: float) -> Sequence[Claim]:
        """Claim new work, waiting up to `block_s` for it. May return nothing earlier. `held`: what the worker holds."""
        room = self._limit - held
        if not self._peers:  # not all that fit: a peer may start while this claim is blocked
            return await self._take(max(1, min(held, self.slots - held)), block_s)
        load = await self._bus.load(self._stage)
        slots = {**self._peers, self._worker: self.slots}
        share = share_of(self._worker, load, slots, room)
        if share:
            self._left_since = None
            return await self._take(share, 0)
        if load.waiting:
            return await self._leave_to_peers(load, room, block_s)
        self._left_since = None
        if may_block(self._worker, load, slots):
            return await self._take(1, block_s)
        await self._bus.wait_for_post(self._stage, after=load.last_id, block_s=block_s)
        return ()

    async def _take(self, count: int, block_s: float) -> Sequence[Claim]:
        return await self._bus.claim(self._stage, self._worker, count=count, block_s=block_s)

    async def _leave_to_peers(self, load: QueueLoad, room: int, block_s: float) -> Sequence[Claim]:
        now = asyncio.get_running_loop().time
        if self._left_since is None:
            self._left_since = now()
        grace_s = self._left_since + GRACE_S - now()
        if grace_s <= 0:
            self._left_since = None
            return await self._take(min(room, load.waiting), 0)
        await self._bus.wait_for_post(self._stage, after=load.last_id, block_s=min(grace_s, block_s))
        return ()

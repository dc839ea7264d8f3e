"""A model of work, claims and ownership, beside the bus that it is compared with.

`ModelledBus` has the state of both, and what the steps of `test_ownership_model.py` have in common.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from tertulia_shared.bus import Bus, Claim, NotOwner, Outlet, Owned, Stale
from tertulia_shared.bus.write_commands import LONG_VALUE
from tertulia_shared.codec import decode
from tertulia_shared.entries import AudioChunk, Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys
from tests.harness.bus import Bench, MemoryBench, redis_bench
from tests.harness.leftover_keys import Leftovers

CONVERSATIONS = 2
SOUND = b"\1\0" * LONG_VALUE
"""So long that a later write of an outlet appends it without passing it through the script."""
T = TypeVar("T")
_number = count()


@dataclass
class Piece:
    """An open work entry in the model. `holder`: the worker that has claimed it ("": none yet)."""

    conversation: int
    holder: str = ""
    attempt: int = 0
    is_idle: bool = False


@dataclass
class Conversation:
    """The model's state of one conversation."""

    id: str = field(default_factory=new_id)
    message: str = field(default_factory=new_id)
    epoch: int = 0
    cut: int = 0
    talks: bool = False
    token: str = ""
    turns: list[str] = field(default_factory=list[str])
    """Entry ids, in the order of the turns."""
    said: list[str] = field(default_factory=list[str])
    """Turn ids, in the order of the turns."""
    cursor: int = 0
    """The number of turns that were answered."""
    written: list[str] = field(default_factory=list[str])
    """The ids of the entries in the fenced stream that were accepted."""


@dataclass
class LocalClaim:
    """What a worker believes to have: its claim, and its ownership if `own` succeeded."""

    worker: str
    claim: Claim
    conversation: int
    owned: Owned | None = None
    epoch: int = 0
    outlet: Outlet | None = None
    """The outlet of `owned`, if its last write succeeded."""
    may_finish: bool = False
    """True if its handler has ended: everything is released, or another entry's worker does the work."""


class ModelledBus(RuleBasedStateMachine):
    """The state of the model, and the buses of the workers. A subclass adds the steps."""

    url = ""
    """The URL of a Redis, or "" for the memory bus."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.keys = Keys(f"model-{os.getpid()}-{next(_number)}")
        self.context = redis_bench(self.url, self.keys) if self.url else None
        self.bench: Bench = self.do(self.context.__aenter__()) if self.context else MemoryBench(self.keys)
        self.pieces: dict[str, Piece] = {}
        self.finished: set[str] = set()
        self.grips: list[LocalClaim] = []
        self.conversations = [Conversation() for _ in range(CONVERSATIONS)]

    def do(self, awaitable: Awaitable[T]) -> T:
        """Run a call of the bus until it returns."""

        async def call() -> T:
            return await awaitable

        return self.runner.run(call())

    def bus_of(self, worker: str) -> Bus:
        """The bus of a worker. Worker a has a connection of its own; the other workers share one."""
        return self.bench.bus if worker == "a" else self.bench.rival

    def teardown(self) -> None:
        if self.context is not None:
            self.do(self.context.__aexit__(None, None, None))
            left = Leftovers(self.url, self.keys)
            try:
                assert not (faults := left.faults()), faults
            finally:
                left.clear()
        self.runner.close()

    def raised(self, talk: Conversation, *, talks: bool) -> None:
        """Raise the epoch in the model. `cut`: also store it as the last epoch that cut a reply off."""
        talk.epoch += 1
        if talk.talks:
            talk.cut = talk.epoch
        talk.talks = talks

    def posted(self, number: int) -> None:
        """Find the id of the pointer that was posted last."""
        known = set(self.pieces) | self.finished
        entries = self.do(self.bench.bus.read(self.keys.work("llm")))
        (new,) = [entry.id for entry in entries if entry.id not in known]
        self.pieces[new] = Piece(number)

    def delivered(self, worker: str, claims: Sequence[Claim], expected: Sequence[str]) -> None:
        """Check that each claim has one more attempt, and that none is for finished work."""
        assert [claim.id for claim in claims] == list(expected)
        for claim in claims:
            assert claim.id not in self.finished
            piece = self.pieces[claim.id]
            piece.holder, piece.attempt, piece.is_idle = worker, piece.attempt + 1, False
            assert claim.attempt == piece.attempt
            assert decode(Work, claim.fields).conversation_id == self.conversations[piece.conversation].id
            self.grips.append(LocalClaim(worker, claim, piece.conversation))

    def holds(self, grip: LocalClaim) -> bool:
        """True if a worker still has its claim."""
        piece = self.pieces.get(grip.claim.id)
        return piece is not None and (piece.holder, piece.attempt) == (grip.worker, grip.claim.attempt)

    def refusal(self, grip: LocalClaim, talk: Conversation) -> type[Exception] | None:
        """The error that a fenced write of this worker must raise."""
        assert grip.owned is not None
        if talk.token != grip.owned.token:
            return NotOwner
        return Stale if talk.epoch > grip.epoch else None

    def fenced(self, grip: LocalClaim, key: Key, entry_id: str) -> type[Exception] | None:
        """Write one entry. Returns the error, or None if there is none."""
        assert grip.owned is not None
        outlet, grip.outlet = grip.outlet or self.bus_of(grip.worker).outlet(grip.owned.fence(grip.epoch)), None

        async def write() -> None:
            outlet.append(key, AudioChunk(SOUND, 0, 0, "c", "m", "luna"), id=entry_id)
            await outlet.flush()

        try:
            self.do(write())
        except (NotOwner, Stale) as error:
            return type(error)
        grip.outlet = outlet
        return None

    def stream(self, talk: Conversation) -> Key:
        """The stream that the owner of the turns writes, in this model."""
        return self.keys.sentences(talk.id, talk.message)

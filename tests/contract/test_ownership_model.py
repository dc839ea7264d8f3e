"""A model of claims, leases, ownership, fences and epochs. It is compared with both buses after every step.

Hypothesis chooses the steps. Workers act like those of the stages; some act like a worker that was paused for too long,
and use claims that a peer has taken over. The model knows the expected result of each call. `MODEL_EXAMPLES` sets the
number of examples.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tertulia_shared.bus import Append, Claim, NotOwner, Owned, Refused
from tertulia_shared.bus.port.work import UNASSIGNED
from tertulia_shared.entries import UserTurn, Work
from tertulia_shared.ids import new_id
from tests.contract.modelled_bus import CONVERSATIONS, ModelledBus, Piece
from tests.harness.bus import LONG_S, MemoryBench

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "40"))
STEPS = 40
WORKERS = ("a", "b", "c")
LEASE_S = 60.0
"""Longer than the time of an example, and shorter than `LONG_S`."""


class OwnershipModel(ModelledBus):
    """The steps and the invariants. For each new operation that moves work or ownership, add a rule here."""

    @initialize()
    def prepare(self) -> None:
        self.do(self.bench.bus.prepare("llm"))

    # -- what users do

    @rule(number=st.integers(0, CONVERSATIONS - 1), again=st.booleans())
    def say(self, number: int, *, again: bool) -> None:
        """Accept a turn: the epoch is raised and a pointer is posted. If the turn is repeated, only a pointer is
        posted.
        """
        talk, bus = self.conversations[number], self.bench.rival
        turn_id = talk.said[-1] if again and talk.said else new_id()
        is_new = turn_id not in talk.said
        writes = [Append(self.keys.turns(talk.id), UserTurn(turn_id, talk.id, "Hello", "typed"))]
        once, then = self.keys.turn_seen(talk.id, turn_id), Work(talk.id)
        applied = self.do(
            bus.transact(talk.id, writes, raise_epoch=True, talk=True, once=once, then=("llm", then))
        )  # fmt: skip
        assert applied.new == is_new
        if is_new:
            self.raised(talk, talks=True)
            talk.said.append(turn_id)
            (entry,) = self.do(bus.read(self.keys.turns(talk.id), talk.turns[-1] if talk.turns else "0-0"))
            talk.turns.append(entry.id)
        assert applied.epoch == talk.epoch
        self.posted(number)

    @rule(number=st.integers(0, CONVERSATIONS - 1))
    def interrupt(self, number: int) -> None:
        """Interrupt: the epoch is raised without a new turn, and a pointer is posted so that the heard text is
        settled.
        """
        talk = self.conversations[number]
        applied = self.do(
            self.bench.rival.transact(talk.id, [], raise_epoch=True, talk=False, then=("llm", Work(talk.id)))
        )
        self.raised(talk, talks=False)
        assert applied.epoch == talk.epoch
        self.posted(number)

    # -- takeover and release of work

    @rule(worker=st.sampled_from(WORKERS), most=st.integers(1, 3))
    def claim(self, worker: str, most: int) -> None:
        expected = [entry_id for entry_id, piece in self.pieces.items() if not piece.attempt][:most]
        claims = self.do(self.bus_of(worker).claim("llm", worker, count=most, block_s=0))
        self.delivered(worker, claims, expected)

    @rule(worker=st.sampled_from(WORKERS), leave=st.booleans())
    def take_over(self, worker: str, *, leave: bool) -> None:
        idle = [entry_id for entry_id, piece in sorted(self.pieces.items(), key=_by_id) if piece.is_idle]
        left = idle[:1] if leave else []
        claims = self.do(self.bus_of(worker).take_over("llm", worker, idle_s=LEASE_S, count=9, leave=left))
        self.delivered(worker, claims, [entry_id for entry_id in idle if entry_id not in left][:9])

    @rule()
    def leases_run_out(self) -> None:
        """Let all leases expire, as if all workers had died or were paused."""
        if isinstance(self.bench, MemoryBench):
            self.bench.clock.now += LONG_S
        for entry_id, piece in self.pieces.items():
            if piece.holder not in ("", UNASSIGNED):
                if not isinstance(self.bench, MemoryBench):
                    self.do(self.bench.let_idle(Claim("llm", entry_id, piece.attempt, {}), piece.holder))
                piece.is_idle = True

    @rule(worker=st.sampled_from(WORKERS))
    def renew(self, worker: str) -> None:
        """Renew all claims that a worker believes to have. The bus must return those that the worker has lost."""
        ids = list(dict.fromkeys(grip.claim.id for grip in self.grips if grip.worker == worker))
        lost = self.do(self.bus_of(worker).renew("llm", worker, ids)) if ids else set[str]()
        assert lost == {each for each in ids if each not in self.pieces or self.pieces[each].holder != worker}
        for entry_id in set(ids) - lost:
            self.pieces[entry_id].is_idle = False
        self.grips = [grip for grip in self.grips if grip.worker != worker or grip.claim.id not in lost]

    @precondition(lambda self: self.grips)
    @rule(data=st.data())
    def hand_back(self, data: st.DataObject) -> None:
        grip = data.draw(st.sampled_from(self.grips))
        done = self.do(self.bus_of(grip.worker).nack(grip.claim, grip.worker))
        assert done == self.holds(grip)
        if done:
            piece = self.pieces[grip.claim.id]
            piece.holder, piece.is_idle = UNASSIGNED, True

    @precondition(lambda self: self.grips)
    @rule(data=st.data())
    def pass_on(self, data: st.DataObject) -> None:
        """Requeue a worker's work. The worker that claims the new entry can own the same part."""
        grip = data.draw(st.sampled_from(self.grips))
        held = self.holds(grip)
        assert self.do(self.bus_of(grip.worker).requeue(grip.claim, grip.worker)) == held
        if held:
            del self.pieces[grip.claim.id]
            self.finished.add(grip.claim.id)
            self.posted(grip.conversation)

    @rule(worker=st.sampled_from(WORKERS))
    def retire(self, worker: str) -> None:
        self.do(self.bus_of(worker).deregister("llm", worker))
        for piece in self.pieces.values():
            if piece.holder == worker:
                piece.holder, piece.is_idle = UNASSIGNED, True

    @precondition(lambda self: any(grip.may_finish for grip in self.grips))
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        grip = data.draw(st.sampled_from([grip for grip in self.grips if grip.may_finish]))
        held = self.holds(grip)
        assert self.do(self.bus_of(grip.worker).finish(grip.claim, grip.worker)) == held
        if held:
            del self.pieces[grip.claim.id]
            self.finished.add(grip.claim.id)
        self.grips.remove(grip)

    @precondition(lambda self: self.grips)
    @rule(worker=st.sampled_from(WORKERS))
    def die(self, worker: str) -> None:
        """Kill a worker: it never uses its claims again."""
        self.grips = [grip for grip in self.grips if grip.worker != worker]

    # -- ownership

    @precondition(lambda self: self.grips)
    @rule(data=st.data())
    def own(self, data: st.DataObject) -> None:
        grip = data.draw(st.sampled_from(self.grips))
        talk = self.conversations[grip.conversation]
        answer = self.do(self.bus_of(grip.worker).own(grip.claim, talk.id, "turns", waiting=9))
        entry_id, _, attempt = talk.token.partition("/")
        holder = self.pieces.get(entry_id)
        if holder is not None and holder.attempt == int(attempt) and entry_id != grip.claim.id:
            assert answer == Refused(talk.token, later_attempt=False)
            grip.may_finish = True
        elif entry_id == grip.claim.id and int(attempt) >= grip.claim.attempt:
            assert answer == Refused(talk.token, later_attempt=True)
        else:
            assert isinstance(answer, Owned)
            talk.token = grip.claim.token
            assert answer.epoch == talk.epoch
            assert [entry.id for entry in answer.waiting] == talk.turns[talk.cursor :][:9]
            grip.owned, grip.epoch, grip.outlet, grip.may_finish = answer, talk.epoch, None, False

    @precondition(lambda self: any(grip.owned for grip in self.grips))
    @rule(data=st.data(), again=st.booleans())
    def write(self, data: st.DataObject, *, again: bool) -> None:
        """Write through a fence. The entry's id follows from its position, so a repeated write counts as done."""
        grip = data.draw(st.sampled_from([grip for grip in self.grips if grip.owned]))
        assert grip.owned is not None
        talk = self.conversations[grip.conversation]
        entry_id = talk.written[-1] if again and talk.written else f"{len(talk.written) + 1}-0"
        expected = self.refusal(grip, talk)
        assert self.fenced(grip, self.stream(talk), entry_id) is expected
        if expected is None and entry_id not in talk.written:
            talk.written.append(entry_id)

    @precondition(lambda self: any(grip.owned for grip in self.grips))
    @rule(data=st.data(), knows_cut=st.booleans(), answered=st.integers(0, 9))
    def release_turns(self, data: st.DataObject, *, knows_cut: bool, answered: int) -> None:
        """Release a worker's ownership of the turns. The bus must refuse it if a turn waits or an interruption is not
        settled.
        """
        grip = data.draw(st.sampled_from([grip for grip in self.grips if grip.owned]))
        assert grip.owned is not None
        talk = self.conversations[grip.conversation]
        cursor = max(talk.cursor, len(talk.turns) - answered)
        cursor_id = talk.turns[cursor - 1] if cursor else "0-0"
        cut = talk.cut if knows_cut else 0
        release = self.bus_of(grip.worker).release_turns(grip.owned, talk.id, cursor_id, cut=cut)
        if talk.token != grip.owned.token:
            with pytest.raises(NotOwner):
                self.do(release)
            return
        talk.cursor = cursor
        kept = self.do(release)
        released = kept is None
        assert released == (cursor == len(talk.turns) and cut == talk.cut)
        if released:
            talk.token, grip.may_finish, grip.owned = "", True, None

    # -- what must always be true

    @invariant()
    def the_bus_agrees(self) -> None:
        """Check that the bus has the workers, owners and entries of the model."""
        bus = self.bench.bus
        held = self.do(bus.pending("llm"))
        assert {each.id: (each.worker, each.attempt) for each in held} == {
            entry_id: (piece.holder, piece.attempt) for entry_id, piece in self.pieces.items() if piece.attempt
        }
        assert self.do(bus.open_work("llm")) == len(self.pieces)
        for talk in self.conversations:
            assert self.do(bus.owner(talk.id, "turns")) == talk.token
            assert [entry.id for entry in self.do(bus.read(self.stream(talk)))] == talk.written
            state = self.do(bus.hash(self.keys.state(talk.id)))
            assert int(state.get(b"epoch", b"0")) == talk.epoch

    @invariant()
    def waiting_turns_have_pointers(self) -> None:
        """Check that each waiting turn has an open pointer, which some worker can claim or take over."""
        for number, talk in enumerate(self.conversations):
            if talk.cursor < len(talk.turns):
                assert any(piece.conversation == number for piece in self.pieces.values())


def _by_id(item: tuple[str, Piece]) -> tuple[int, int]:
    ms, _, seq = item[0].partition("-")
    return int(ms), int(seq)


def _search(url: str) -> None:
    class Machine(OwnershipModel):
        pass

    Machine.url = url
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


@pytest.mark.timeout(600 if EXAMPLES > 40 else 120, method="signal")
@pytest.mark.parametrize("kind", ["memory", pytest.param("redis", marks=pytest.mark.slow)])
def test_each_owned_part_has_one_writer_and_no_work_is_lost(kind: str, request: pytest.FixtureRequest) -> None:
    _search(request.getfixturevalue("redis_url") if kind == "redis" else "")

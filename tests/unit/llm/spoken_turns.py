"""Spoken turns on an `LLMBench`: the writes of the stt worker, and checks that a withdrawn version left no trace."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tertulia_shared.bus import Applied
from tertulia_shared.codec import decode_event, envelope
from tertulia_shared.conversation_writes import accept_turn, confirm_turn, reopen_turn
from tertulia_shared.entries import UserTurn
from tertulia_shared.events import Error, Event, MessageHeard, TurnComplete, TurnReopened
from tertulia_shared.ids import new_id
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.llm import LINES, LLMBench

FIRST = "I went to the"
WHOLE = "I went to the market, Sage, and I bought apples"
SAGE = ("Sage", LINES["Sage"], "complete")
WHOLE_ROWS = [("Jay", WHOLE, "complete"), SAGE]


@dataclass(slots=True)
class SpokenTurn:
    """A spoken turn on a bench: its last version and the epoch of that version."""

    bench: LLMBench
    turn: UserTurn
    epoch: int = 0

    async def accept(self) -> None:
        """Write the turn, as stt does."""
        self.epoch = (await accept_turn(self.bench.bus, self.turn, once=False)).epoch

    async def reopen(self) -> Applied:
        """Withdraw the version, because the user goes on."""
        return await reopen_turn(self.bench.bus, self.turn, self.epoch)

    async def confirm(self) -> Applied:
        """Confirm the tentative version."""
        return await confirm_turn(self.bench.bus, self.turn, self.epoch)

    async def go_on(self, text: str = WHOLE, *, tentative: bool = False) -> None:
        """Write the next version."""
        self.turn = replace(self.turn, text=text, version=self.turn.version + 1, tentative=tentative)
        await self.accept()


def spoken(bench: LLMBench, text: str = FIRST, *, tentative: bool = False) -> SpokenTurn:
    return SpokenTurn(bench, UserTurn(new_id(), bench.conversation_id, text, "spoken", tentative=tentative))


async def handle_without_draining(bench: LLMBench) -> None:
    """Handle all open work. The writes in the outbox stay there."""
    handler = bench.handler or await bench.worker()
    while await bench.bus.open_work("llm"):
        claim = await bench.claimed()
        await handler.handle(claim)
        await bench.bus.finish(claim, "worker")


async def give_up(bench: LLMBench) -> None:
    """Have a new worker give up the open work, as after too many failed attempts."""
    claim = await bench.claimed()
    await (await bench.worker()).give_up(claim, "test")
    await bench.bus.finish(claim, "worker")


async def assert_last_version_is_answered(spoken: SpokenTurn) -> None:
    """Write the next version, have it answered, and check that earlier versions have left no trace."""
    await spoken.go_on()
    await spoken.bench.work()
    await assert_no_trace(spoken)


async def title(bench: LLMBench) -> str | None:
    """The title of the bench's conversation; None if the store does not have the conversation."""
    store = MemoryStore(bench.tables)
    await store.open()
    found = await store.conversation(bench.conversation_id)
    return None if found is None else found.title


async def events_after_reopening(bench: LLMBench) -> list[tuple[int, Event]]:
    """The epoch and the event of each entry after the last `turn_reopened`."""
    entries = await bench.bus.read(bench.bus.keys.events(bench.conversation_id))
    events = [(envelope(entry.fields).epoch, decode_event(entry.fields)) for entry in entries]
    last = max((at for at, (_, event) in enumerate(events) if isinstance(event, TurnReopened)), default=-1)
    return events[last + 1 :]


async def assert_no_trace(spoken: SpokenTurn) -> None:
    """Check that after the reopening the conversation shows, stores and remembers only the last version."""
    bench = spoken.bench
    assert await bench.rows() == WHOLE_ROWS
    assert await title(bench) == WHOLE
    events = await events_after_reopening(bench)
    assert not [event for _, event in events if isinstance(event, MessageHeard | Error)]
    assert [event.turn_id for _, event in events if isinstance(event, TurnComplete)] == [spoken.turn.turn_id]
    assert {epoch for epoch, _ in events} == {spoken.epoch}
    shown = (await bench.client()).talk()
    assert shown[-1] == SAGE
    assert FIRST not in [message["content"] for message in bench.model.requests[-1]]
    await bench.say("Sage, and now?")
    await bench.work()
    prompt = [message["content"] for message in bench.model.requests[-1]]
    assert prompt[1:] == [WHOLE, f"<Sage>{LINES['Sage']}</Sage>", "Sage, and now?"]

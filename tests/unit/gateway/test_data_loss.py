"""Recovery from a data loss of Redis: one report, and no interruption of a turn that was accepted after the loss."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field

import pytest

from tertulia_gateway.conversation.data_loss import LOST_EPOCHS, DataLoss
from tertulia_gateway.conversation.event_filter import Decision
from tertulia_gateway.conversation.microphone import Microphone
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.conversation.writer import ConversationWriter
from tertulia_shared.bus import Entry
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.entries import UserTurn
from tertulia_shared.events import VadDetectStart
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus

C = "cccccccc-0000-4000-8000-000000000001"
T = "eeeeeeee-0000-4000-8000-00000000000{}"
START_MS = 1_800_000_000_000


@dataclass
class Frames:
    """The frames that the client gets outside the event stream."""

    codes: list[str] = field(default_factory=list[str])

    async def send_text(self, frame: str) -> None:
        self.codes.append(json.loads(frame)["code"])

    async def send_bytes(self, frame: bytes) -> None:
        raise AssertionError("a loss sends no sound")


class Bench:
    """A conversation whose client has read all events."""

    def __init__(self) -> None:
        # each entry gets a later time: Redis, too, is not emptied and written again within one millisecond
        self.bus = MemoryBus(Keys("test"), now_ms=itertools.count(START_MS).__next__)
        self.events = self.bus.keys.events(C)
        self.frames = Frames()
        self.position = ClientPosition("me", claimed=True)
        self.writer = ConversationWriter(self.bus, C)
        self.microphone = Microphone(self.bus, self._unavailable)
        self.loss = DataLoss(self.bus, self.frames, C, self.position, writer=self.writer, microphone=self.microphone)

    async def _unavailable(self) -> None:
        raise AssertionError("the bus is available")

    async def turn(self, number: int) -> int:
        """Accept a turn. Returns its epoch."""
        return (await self.writer.begin_turn(UserTurn(T.format(number), C, "hello", "typed"))).epoch

    async def read(self) -> list[Entry]:
        """Read all new events, as the event sender does."""
        new = list(await self.bus.read(self.events, self.position.after))
        for entry in new:
            for due in self.position.read(entry):
                if self.position.advance(due) is Decision.SEND_AFTER_LOSS:
                    await self.loss.report(due.id)
                self.position.has_event(due)
        return new

    async def flush(self) -> None:
        """Lose the conversation."""
        keys = self.bus.keys
        await self.bus.delete([keys.state(C), keys.events(C), keys.turns(C), keys.work("stt")])

    async def epoch(self) -> int:
        """The epoch in Redis."""
        return ConversationState(await self.bus.hash(self.bus.keys.state(C))).epoch


@pytest.fixture
async def bench() -> Bench:
    """A client that has two turns; then Redis loses the conversation."""
    made = Bench()
    for number in (1, 2):
        await made.turn(number)
    await made.read()
    return made


async def test_loss_ends_the_turn_in_progress_although_a_later_event_was_read(bench: Bench) -> None:
    lost = bench.position.after
    await bench.flush()
    outlet = bench.bus.outlet()
    outlet.append(bench.events, VadDetectStart("s"))
    await outlet.flush()
    await bench.read()
    await bench.loss.recover(lost)
    assert bench.frames.codes == ["talk_lost"]
    assert await bench.epoch() > LOST_EPOCHS
    assert [entry.fields[b"type"] for entry in await bench.read()] == [b"interrupted"]


@pytest.mark.parametrize("is_read", [True, False])
async def test_turn_that_was_accepted_after_the_loss_is_reported_once_and_not_interrupted(
    bench: Bench, *, is_read: bool
) -> None:
    lost = bench.position.after
    await bench.flush()
    epoch = await bench.turn(3)
    if is_read:
        await bench.read()
    await bench.loss.recover(lost)
    await bench.read()
    assert bench.frames.codes == ["talk_lost"]
    assert bench.position.epoch == bench.position.audio.epoch == await bench.epoch() == epoch
    assert bench.position.timeline.turn_id == T.format(3)


async def test_each_loss_is_reported(bench: Bench) -> None:
    for number in (3, 4):
        lost = bench.position.after
        await bench.flush()
        await bench.turn(number)
        await bench.read()
        await bench.loss.recover(lost)
    assert bench.frames.codes == ["talk_lost", "talk_lost"]


async def listening(bench: Bench) -> str:
    """Begin to listen. Returns the id of the session."""
    session_id = bench.microphone.start(C)
    await bench.microphone.flush()
    return session_id


async def posted_sessions(bench: Bench) -> list[str]:
    """The listening sessions that Redis has work for."""
    await bench.microphone.flush()
    work = await bench.bus.read(bench.bus.keys.work("stt"))
    return [entry.fields[b"session_id"].decode() for entry in work]


async def test_listening_continues_after_a_second_loss_that_comes_between_the_report_and_the_recovery(
    bench: Bench,
) -> None:
    session_id, lost = await listening(bench), bench.position.after
    await bench.flush()
    await bench.turn(3)
    await bench.read()  # this event shows the loss
    assert await posted_sessions(bench) == [session_id]
    await bench.flush()
    await bench.loss.recover(lost)
    assert await posted_sessions(bench) == [session_id]
    assert bench.frames.codes == ["talk_lost"]


async def test_listening_continues_after_a_second_loss_during_the_recovery(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id, lost = await listening(bench), bench.position.after

    async def lose_again(frame: str) -> None:
        assert await posted_sessions(bench) == [session_id]
        await bench.flush()

    monkeypatch.setattr(bench.frames, "send_text", lose_again)
    await bench.flush()
    await bench.loss.recover(lost)
    assert await posted_sessions(bench) == [session_id]

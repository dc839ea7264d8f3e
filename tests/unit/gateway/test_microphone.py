"""The microphone's queue while Redis is unavailable, and listening sessions that Redis has lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from tertulia_gateway.commands import Resume
from tertulia_gateway.conversation import microphone
from tertulia_gateway.conversation.microphone import MAX_WAITING, Microphone
from tertulia_gateway.conversation.session import ConversationSession
from tertulia_shared.events import ListeningStopped
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.eventually import PATIENCE_S
from tests.unit.gateway.gateway_context import gateway_context

C = "cccccccc-0000-4000-8000-000000000001"


class Gone(Exception):
    """The client has disconnected."""


class IgnoringClient:
    """A client that ignores all frames."""

    async def send_text(self, frame: str) -> None:
        pass

    async def send_bytes(self, frame: bytes) -> None:
        pass


class RunningMicrophone:
    """A running microphone. For each failed attempt to write, an item is added to `failures`."""

    def __init__(self, bus: MemoryBus) -> None:
        self.bus = bus
        self.failures = asyncio.Queue[None]()
        self.microphone = Microphone(bus, self._failed)

    async def _failed(self) -> None:
        self.failures.put_nowait(None)

    async def wait_for_chunks(self, session_id: str, count: int) -> list[bytes]:
        """Wait for this many chunks of a session. Returns their PCM."""
        key = self.bus.keys.mic(C, session_id)
        async with asyncio.timeout(PATIENCE_S):
            while len(entries := await self.bus.read(key)) < count:  # noqa: ASYNC110 - another task writes to the bus
                await asyncio.sleep(0)
        assert [int(entry.id.partition("-")[0]) for entry in entries] == sorted(
            int(entry.id.partition("-")[0]) for entry in entries
        )
        return [entry.fields[b"pcm"] for entry in entries]


@pytest.fixture
async def running(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[RunningMicrophone]:
    monkeypatch.setattr(microphone, "FIRST_BACKOFF_S", 0.0)
    made = RunningMicrophone(MemoryBus(keys))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(made.microphone.run())
        yield made
        running.cancel()


async def test_audio_recorded_during_an_outage_is_written_when_redis_is_available_again(
    running: RunningMicrophone,
) -> None:
    session_id = running.microphone.start(C)
    running.microphone.feed(b"\0\0")
    await running.wait_for_chunks(session_id, 1)
    running.bus.break_connection()
    for n in range(1, 10):
        running.microphone.feed(bytes([n, 0]))
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(3):  # the microphone retries even if no further audio comes
            await running.failures.get()
    running.bus.restore_connection()
    assert await running.wait_for_chunks(session_id, 10) == [bytes([n, 0]) for n in range(10)]


async def test_full_microphone_queue_drops_the_oldest_chunks_but_no_begin_or_end(running: RunningMicrophone) -> None:
    running.bus.break_connection()
    session_id = running.microphone.start(C)
    for n in range(MAX_WAITING + 100):
        running.microphone.feed(n.to_bytes(2, "little"))
    running.microphone.stop("stopped")
    running.bus.restore_connection()
    # the begin and the end of the session are never dropped
    heard = await running.wait_for_chunks(session_id, MAX_WAITING - 1)
    assert len(heard) == MAX_WAITING - 1
    assert heard[-1] == b""
    assert heard[-2] == (MAX_WAITING + 99).to_bytes(2, "little")
    assert await running.bus.open_work("stt") == 1


async def test_stopped_session_that_redis_lost_is_posted_again_with_its_final_entry(running: RunningMicrophone) -> None:
    session_id = running.microphone.start(C)
    running.microphone.feed(b"\0\0")
    running.microphone.stop("stopped")
    await running.wait_for_chunks(session_id, 2)
    await running.bus.free([running.bus.keys.mic(C, session_id).name], keep_end=False)
    running.microphone.redis_lost_data()
    assert await running.wait_for_chunks(session_id, 1) == [b""]
    assert await running.bus.open_work("stt") == 2


async def test_ended_session_is_not_posted_again_after_data_loss(running: RunningMicrophone) -> None:
    session_id = running.microphone.start(C)
    running.microphone.stop("stopped")
    await running.wait_for_chunks(session_id, 1)
    running.microphone.ended(session_id)
    running.microphone.redis_lost_data()
    running.microphone.start(C)
    running.microphone.feed(b"\0\0")
    await running.wait_for_chunks(running.microphone.session_id, 1)
    assert await running.bus.open_work("stt") == 2, "one for each session"


async def test_session_that_the_worker_ended_is_closed_and_its_queued_audio_is_dropped(
    running: RunningMicrophone,
) -> None:
    first = running.microphone.start(C)
    running.microphone.feed(b"\0\0")
    await running.wait_for_chunks(first, 1)
    running.bus.break_connection()
    running.microphone.feed(b"\1\0")
    running.microphone.ended(first)
    assert running.microphone.session_id == ""
    second = running.microphone.start(C)
    running.microphone.feed(b"\2\0")
    running.bus.restore_connection()
    assert await running.wait_for_chunks(second, 1) == [b"\2\0"]
    assert await running.wait_for_chunks(first, 1) == [b"\0\0"]
    assert await running.bus.open_work("stt") == 2, "one for each session"


async def test_end_of_an_earlier_session_does_not_close_the_open_session(running: RunningMicrophone) -> None:
    first = running.microphone.start(C)
    second = running.microphone.start(C)
    running.microphone.ended(first)
    running.microphone.feed(b"\0\0")
    assert running.microphone.session_id == second
    assert await running.wait_for_chunks(second, 1) == [b"\0\0"]


async def test_resume_closes_a_session_whose_end_comes_before_the_position(running: RunningMicrophone) -> None:
    """The client that resumes is not sent the `listening_stopped` again."""
    outlet = running.bus.outlet()
    outlet.append(running.bus.keys.events(C), ListeningStopped(running.microphone.start(C), "idle"))
    await outlet.flush()
    ctx = gateway_context(running.bus, MemoryStore())
    with pytest.RaisesGroup(Gone):
        async with asyncio.TaskGroup() as tasks:
            session = ConversationSession(ctx, IgnoringClient(), tasks, None, microphone=running.microphone)
            assert await session.open(Resume(C)) is None
            raise Gone
    assert running.microphone.session_id == ""

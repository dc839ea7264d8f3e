"""Processes are killed while a spoken turn is tentative, confirmed, reopened and accepted again. Only its last version
is left.

The test makes the writes of the stt worker itself, so that it can choose their moments.
"""

from __future__ import annotations

import contextlib
import signal
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tertulia_shared.bus import Bus, BusUnavailable
from tertulia_shared.ids import new_id
from tests.chaos.faults import FAULTS, MAIN_FAULTS, kill_owner
from tests.chaos.turn_verdict import judge_turn
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.scripted_stt import SpokenTurn
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(180, method="signal")

BEGUN, WHOLE = "Luna, tell me a story about the", "Luna, tell me a story about the ocean."
ROWS = "SELECT id, role, text FROM messages WHERE turn_id = ? ORDER BY position"
MOMENTS = ("tentative", "reopened", "tentative again", "confirmed")


class Turn:
    """A spoken turn, and the message ids of its withdrawn versions."""

    def __init__(self, stack: Stack, client: TalkClient, bus: Bus) -> None:
        self.client = client
        self.spoken = SpokenTurn(bus, client.record.conversation_id)
        self._stack = stack
        self.bus = bus
        self._events = bus.keys.events(client.record.conversation_id)

    async def can_use_redis(self) -> bool:
        """True if the test's own connections, for writes and for reads, work."""
        with contextlib.suppress(BusUnavailable):
            await self.bus.transact(self.client.record.conversation_id, [])
            await self.bus.read(self._events, count=1)
            return True
        return False

    async def until_written(self, kind: str) -> None:
        """Wait until a worker has written an event of this kind for the version. The client may not have received it
        yet.
        """

        async def is_written() -> bool:
            with contextlib.suppress(BusUnavailable):
                entries = await self.bus.read(self._events)
                return any(
                    entry.fields[b"type"] == kind.encode() and entry.fields[b"epoch"] == str(self.spoken.epoch).encode()
                    for entry in entries
                )
            return False

        await eventually(is_written, f"{kind} of version {self.spoken.turn.version}")

    async def leaves_one_version(self) -> None:
        """Check that the client, the store and Redis have the whole last version, and nothing of the other versions."""
        turn_id, record = self.spoken.turn_id, self.client.record
        await self.client.until_done(turn_id)
        assert record.turns_accepted == {turn_id: WHOLE}
        shown = [(message.message_id, "character", message.text) for message in record.of_turn(turn_id)]
        await eventually(lambda: sorted(self._rows()) == sorted([*shown, (turn_id, "user", WHOLE)]), "the right rows")
        verdict = await judge_turn(self.bus, record, turn_id)
        assert verdict.is_clean, verdict
        of_turn = set(record.withdrawn) | {message_id for message_id, _, _ in shown}
        heard = [frame["message_id"] for frame in record.of("message_heard")]
        assert not set(heard) & of_turn

    def _rows(self) -> Sequence[tuple[str, str, str]]:
        database = self._stack.data_dir / "tertulia.db"
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as file:
            found: list[tuple[str, str, str]] = file.execute(ROWS, (self.spoken.turn_id,)).fetchall()
        return [(self.spoken.turn_id if role == "user" else id, role, text) for id, role, text in found]


@asynccontextmanager
async def speaking(stack: Stack) -> AsyncGenerator[Turn]:
    """A client in a new conversation, and a turn that is not accepted yet."""
    async with talk(*stack.urls) as client, stack.bus() as bus:
        yield Turn(stack, client, bus)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", MAIN_FAULTS)
async def test_only_the_last_version_is_left_if_processes_are_killed_at_any_moment_of_the_turn(
    stack: Stack, name: str, moment: str
) -> None:
    async with speaking(stack) as turn:
        spoken, client = turn.spoken, turn.client

        async def strike(now: str) -> None:
            if now == moment:
                await FAULTS[name](stack, client)
                await eventually(turn.can_use_redis, "Redis is back")

        assert (await spoken.accept(BEGUN, tentative=True)).new
        await turn.until_written("llm_chunk")
        await strike("tentative")
        assert await spoken.reopen()
        await strike("reopened")
        assert (await spoken.accept(WHOLE, tentative=True)).new
        await turn.until_written("message_started")
        await strike("tentative again")
        assert not client.record.turns_accepted
        assert await spoken.confirm()
        await strike("confirmed")
        await turn.leaves_one_version()


@pytest.mark.parametrize("name", ["kill the llm worker", "kill every llm worker", "kill the gateway"])
async def test_only_the_last_version_is_left_if_processes_are_killed_when_a_shown_turn_is_reopened(
    stack: Stack, name: str
) -> None:
    voices = stack.of("tts")
    async with speaking(stack) as turn:
        for voice in voices:  # without sound, the turn can be reopened at any time
            voice.send(signal.SIGSTOP)
        try:
            assert (await turn.spoken.accept(BEGUN)).new
            await turn.client.until_event("llm_chunk")
            await FAULTS[name](stack, turn.client)
            assert await turn.spoken.reopen()
            await turn.client.until_event("turn_reopened")
            assert not turn.client.record.messages
            assert (await turn.spoken.accept(WHOLE)).new
        finally:
            for voice in voices:
                voice.send(signal.SIGCONT)
        await turn.leaves_one_version()


async def test_nothing_is_left_of_a_tentative_turn_that_a_typed_message_withdraws(stack: Stack) -> None:
    async with speaking(stack) as turn:
        assert (await turn.spoken.accept(BEGUN, tentative=True)).new
        await turn.until_written("llm_chunk")
        typed = await turn.client.say("Hello Luna!", new_id())
        kill = kill_owner("llm")
        await kill(stack, turn.client)
        await turn.client.until_done(typed)
        assert not await turn.spoken.confirm()
        assert list(turn.client.record.turns_accepted) == [typed]
        assert (await turn.spoken.accept(WHOLE)).new
        await turn.client.until_done(turn.spoken.turn_id)
        database = stack.data_dir / "tertulia.db"
        await eventually(lambda: len(_said(database, turn.client.record.conversation_id)) == 2, "both messages")
        assert set(_said(database, turn.client.record.conversation_id)) == {"Hello Luna!", WHOLE}


def _said(database: Path, conversation_id: str) -> list[str]:
    query = "SELECT text FROM messages WHERE conversation_id = ? AND role = 'user'"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as file:
        return [text for (text,) in file.execute(query, (conversation_id,))]

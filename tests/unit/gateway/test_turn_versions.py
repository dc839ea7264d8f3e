"""Reopened and tentative turns in one conversation: what the client gets, at each moment at which the user goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgpack
import pytest

from tertulia_gateway.commands import Resume
from tertulia_gateway.conversation.conversation import Conversation
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.conversation.resume import OpenedConversation, resume_conversation
from tertulia_gateway.transport import CloseConnection
from tertulia_shared.clock import wall_ms
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_writes import accept_turn, interrupt
from tertulia_shared.entries import UserTurn
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.gateway import LUNA, Reply, Workers, resume_of
from tests.harness.scripted_stt import SpokenTurn
from tests.harness.virtual_time import now, settle, virtual_time

C = "cccccccc-0000-4000-8000-000000000001"
PCM = b"\1\0" * 2400


@dataclass
class Client:
    """Keeps the frames that the gateway sends."""

    frames: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    on_audio: Callable[[], None] = lambda: None

    async def send_text(self, frame: str) -> None:
        self.frames.append(json.loads(frame))

    async def send_bytes(self, frame: bytes) -> None:
        self.on_audio()
        self.frames.append(msgpack.unpackb(frame))

    @property
    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == kind]


@asynccontextmanager
async def opened(
    bus: MemoryBus, opened: OpenedConversation | None = None, *, client: Client | None = None
) -> AsyncGenerator[Client]:
    """A client of the conversation."""
    client = client or Client()
    store = MemoryStore()
    await store.open()
    what = opened or OpenedConversation(C, ClientPosition("me", claimed=True))
    conversation = Conversation(bus, store, client, what, demo=False, clock=now, wall_ms=wall_ms)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(conversation.run())
            yield client
            running.cancel()
    except BaseExceptionGroup as group:
        raise first_error(group) from None


async def resumed(bus: MemoryBus, who: str, **data: Any) -> OpenedConversation:
    store = MemoryStore()
    await store.open()
    made = await resume_conversation(bus, store, who, Resume(C, **data), wall_ms())
    assert isinstance(made, OpenedConversation)
    return made


def reply_to(bus: MemoryBus, spoken: SpokenTurn) -> Reply:
    return Workers(bus, C).reply(spoken.turn, spoken.epoch)


async def state(bus: MemoryBus) -> ConversationState:
    return ConversationState(await bus.hash(bus.keys.state(C)))


WHOLE = 11
"""The number of steps of the reply of `steps_of`, up to `turn_complete`."""


def steps_of(reply: Reply) -> list[Callable[[], None]]:
    """A reply with one sentence of sound, step by step."""
    return [
        reply.start,
        lambda: reply.think(LUNA),
        lambda: reply.begin(LUNA),
        lambda: reply.text(LUNA, "Hello "),
        lambda: reply.text(LUNA, "there."),
        lambda: reply.sentence(LUNA, 0, "Hello there."),
        lambda: reply.end_text(LUNA, "Hello there."),
        reply.complete,
        lambda: reply.sound(LUNA, 0, 0, PCM),
        lambda: reply.sound(LUNA, 0, 1, PCM),
        lambda: reply.end_sound(LUNA, 1),
    ]


async def write(reply: Reply, count: int = WHOLE) -> None:
    for step in steps_of(reply)[:count]:
        step()
    await reply.flush()
    await settle()


def assert_only_one_version(client: Client, spoken: SpokenTurn, reply: Reply) -> None:
    """The client has the turn once after its last reopening, and nothing of other versions after that."""
    last = max((i for i, kind in enumerate(client.kinds) if kind == "turn_reopened"), default=-1)
    rest = client.frames[last + 1 :]
    assert [f["text"] for f in rest if f["type"] == "turn_accepted"] == [spoken.turn.text]
    assert {f["message_id"] for f in rest if "message_id" in f} <= set(reply.message_ids.values())
    ids = [frame["event_id"] for frame in client.frames if "event_id" in frame]
    assert ids == sorted(ids, key=lambda each: tuple(map(int, each.split("-"))))
    assert len(ids) == len(set(ids))


@pytest.fixture
def bus(keys: Keys) -> MemoryBus:
    return MemoryBus(keys)


# -- reopening: the user goes on before any sound was heard


@pytest.mark.parametrize("written", range(9))
@virtual_time
async def test_turn_reopened_at_any_moment_before_its_sound_comes_again(bus: MemoryBus, written: int) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went to the")
        first = reply_to(bus, spoken)
        await write(first, written)
        assert await spoken.reopen()
        # a worker that has not noticed yet writes on; its epoch is outdated
        for step in steps_of(first)[written:]:
            step()
        await settle()
        assert client.kinds[-1] == "turn_reopened"
        assert not client.of("audio")
        await spoken.accept("I went to the market.")
        reply = reply_to(bus, spoken)
        await write(reply)
        assert len(client.of("audio")) == 2
        assert_only_one_version(client, spoken, reply)
        assert [frame["turn_id"] for frame in client.of("turn_metrics")] == [spoken.turn_id]


@virtual_time
async def test_turn_is_not_reopened_once_sending_of_its_sound_has_begun(bus: MemoryBus) -> None:
    client = Client()
    spoken = SpokenTurn(bus, C)
    reopened: list[bool] = []

    async with opened(bus, client=client):
        tasks: list[asyncio.Task[None]] = []

        async def go_on() -> None:
            reopened.append(await spoken.reopen())

        client.on_audio = lambda: tasks.append(asyncio.create_task(go_on()))
        await spoken.accept("I went to the market.")
        await write(reply_to(bus, spoken))
        await asyncio.gather(*tasks)
        assert reopened == [False, False]
        assert (await state(bus)).get(StateField.SOUNDING) == str(spoken.epoch).encode()
        assert not client.of("turn_reopened")
        assert len(client.of("audio")) == 2


@virtual_time
async def test_no_sound_of_a_reopened_turn_comes_after_its_reopening(bus: MemoryBus) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went to the")
        first = reply_to(bus, spoken)
        await write(first, 8)
        for step in steps_of(first)[8:]:
            step()
        assert await spoken.reopen()  # the sound is written in the same moment in which the user goes on
        await settle()
        assert client.kinds[-1] == "turn_reopened"


@virtual_time
async def test_reply_without_sound_is_reported_again_after_a_reopening(bus: MemoryBus) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        for text in ("I went to the", "I went to the market."):
            if text.endswith("."):
                assert await spoken.reopen()
            await spoken.accept(text)
            reply = reply_to(bus, spoken)
            steps = steps_of(reply)
            for step in (*steps[:8], steps[-1]):
                step()
            await reply.flush()
            await settle()
        assert [frame["turn_id"] for frame in client.of("turn_metrics")] == [spoken.turn_id] * 2
        assert not (await state(bus)).is_talking


# -- thinking ahead: the reply is made before the turn is certain


@virtual_time
async def test_reply_of_a_tentative_turn_is_held_and_comes_whole_at_its_confirmation(bus: MemoryBus) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went to the market.", tentative=True)
        reply = reply_to(bus, spoken)
        await write(reply)
        assert client.frames == []
        assert StateField.SOUNDING not in await state(bus)
        assert await spoken.confirm()
        await settle()
        assert client.kinds[:8] == [
            "turn_accepted", "turn_started", "thinking", "message_started", "llm_chunk", "message_complete",
            "turn_complete", "audio",
        ]  # fmt: skip
        assert "tentative" not in client.frames[0]
        assert len(client.of("audio")) == 2
        assert client.of("turn_metrics")[0]["metrics"]["ahead_ms"] >= 0
        assert_only_one_version(client, spoken, reply)
        assert (await state(bus)).get(StateField.SOUNDING) == str(spoken.epoch).encode()


@pytest.mark.parametrize("written", range(WHOLE + 1))
@pytest.mark.parametrize("how", ["reopened", "typed", "interrupted"])
@virtual_time
async def test_withdrawn_tentative_turn_leaves_nothing(bus: MemoryBus, how: str, written: int) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went to the", tentative=True)
        await write(reply_to(bus, spoken), written)
        typed = UserTurn(new_id(), C, "Hello!", "typed")
        if how == "reopened":
            assert await spoken.reopen()
        elif how == "typed":
            await accept_turn(bus, typed)
        else:
            await interrupt(bus, C, "request")
        await settle()
        assert not await spoken.confirm()
        shown = {"reopened": [], "typed": ["interrupted", "turn_accepted"], "interrupted": ["interrupted"]}
        assert client.kinds == shown[how]
        client.frames.clear()
        await spoken.accept("I went to the market.")
        reply = reply_to(bus, spoken)
        await write(reply)
        assert_only_one_version(client, spoken, reply)
        assert len(client.of("audio")) == 2


@virtual_time
async def test_confirmed_turn_can_be_reopened_until_its_sound_is_sent(bus: MemoryBus) -> None:
    async with opened(bus) as client:
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went", tentative=True)
        await write(reply_to(bus, spoken), 8)
        assert await spoken.confirm()
        await settle()
        assert await spoken.reopen()
        await spoken.accept("I went to", tentative=True)
        await write(reply_to(bus, spoken), 8)
        assert await spoken.reopen()
        await spoken.accept("I went to the market.", tentative=True)
        reply = reply_to(bus, spoken)
        await write(reply)
        assert await spoken.confirm()
        await settle()
        assert client.kinds.count("turn_reopened") == 1
        assert client.kinds.count("turn_accepted") == 2
        assert_only_one_version(client, spoken, reply)


# -- clients that come and go


@virtual_time
async def test_client_that_reconnects_with_marks_during_the_hold_gets_the_turn_once(bus: MemoryBus) -> None:
    spoken = SpokenTurn(bus, C)
    async with opened(bus) as first:
        before = SpokenTurn(bus, C)
        await before.accept("Hello.")
        await write(reply_to(bus, before))
        await bus.transact(C, [], talk=False)  # its sound was played
        await spoken.accept("I went to the market.", tentative=True)
        reply = reply_to(bus, spoken)
        await write(reply, 6)
    marks = resume_of(C, first.frames)
    position = await resumed(bus, "me", last_event_id=marks["last_event_id"])
    async with opened(bus, position) as second:
        await settle()
        assert not second.of("turn_accepted")
        for step in steps_of(reply)[6:]:
            step()
        await reply.flush()
        assert await spoken.confirm()
        await settle()
        assert [frame["turn_id"] for frame in second.of("turn_accepted")] == [spoken.turn_id]
        assert len(second.of("audio")) == 2


@pytest.mark.parametrize("is_confirmed", [True, False])
@virtual_time
async def test_client_without_marks_during_the_hold_gets_the_turn_only_if_it_is_confirmed(
    bus: MemoryBus,
    is_confirmed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    spoken = SpokenTurn(bus, C)
    async with opened(bus):
        await spoken.accept("I went to the market.", tentative=True)
        reply = reply_to(bus, spoken)
        await write(reply)
    async with opened(bus, await resumed(bus, "another")) as client:
        await settle()
        assert client.kinds == ["conversation_started"]
        assert client.frames[0]["heard"] == []
        if is_confirmed:
            assert await spoken.confirm()
            await settle()
            assert client.kinds[1] == "turn_accepted"
            assert len(client.of("audio")) == 2
        else:
            assert await spoken.reopen()
            await settle()
            assert client.kinds == ["conversation_started"]


@virtual_time
async def test_older_turn_is_not_replayed_while_a_later_turn_is_held(bus: MemoryBus) -> None:
    async with opened(bus):
        before = SpokenTurn(bus, C)
        await before.accept("Hello.")
        await write(reply_to(bus, before))
        await bus.transact(C, [], talk=False)
        spoken = SpokenTurn(bus, C)
        await spoken.accept("I went to the market.", tentative=True)
        await settle()
    async with opened(bus, await resumed(bus, "another")) as client:
        await settle()
        assert client.kinds == ["conversation_started"]


@virtual_time
async def test_reload_after_the_confirmation_replays_the_turn_like_any_other(bus: MemoryBus) -> None:
    spoken = SpokenTurn(bus, C)
    await spoken.accept("I went to the market.", tentative=True)
    reply = reply_to(bus, spoken)
    await write(reply, 8)
    assert await spoken.confirm()
    async with opened(bus, await resumed(bus, "another")) as client:
        await settle()
        assert client.kinds[:2] == ["conversation_started", "turn_accepted"]
        assert "tentative" not in client.frames[1]
        for step in steps_of(reply)[8:]:
            step()
        await reply.flush()
        await settle()
        assert len(client.of("audio")) == 2


@virtual_time
async def test_reload_after_a_reopening_shows_nothing_of_the_turn_until_it_comes_again(bus: MemoryBus) -> None:
    spoken = SpokenTurn(bus, C)
    await spoken.accept("I went to the")
    await write(reply_to(bus, spoken), 8)
    assert await spoken.reopen()
    async with opened(bus, await resumed(bus, "another")) as client:
        await settle()
        assert client.kinds == ["conversation_started"]
        await spoken.accept("I went to the market.")
        reply = reply_to(bus, spoken)
        await write(reply)
        assert_only_one_version(client, spoken, reply)


@virtual_time
async def test_client_that_was_disconnected_during_the_reopening_gets_it_on_reconnect(bus: MemoryBus) -> None:
    spoken = SpokenTurn(bus, C)
    async with opened(bus) as first:
        await spoken.accept("I went to the")
        await write(reply_to(bus, spoken), 8)
    assert await spoken.reopen()
    await spoken.accept("I went to the market.")
    reply = reply_to(bus, spoken)
    await write(reply)
    marks = resume_of(C, first.frames)
    async with opened(bus, await resumed(bus, "me", last_event_id=marks["last_event_id"])) as client:
        await settle()
        assert client.kinds[:3] == ["conversation_started", "turn_reopened", "turn_accepted"]
        assert len(client.of("audio")) == 2
        assert_only_one_version(client, spoken, reply)


@virtual_time
async def test_client_is_replaced_at_once_while_a_turn_is_held(bus: MemoryBus) -> None:
    async def be_replaced() -> None:
        async with opened(bus):
            await SpokenTurn(bus, C).accept("I went to the", tentative=True)
            await settle()
            await resumed(bus, "another")
            await settle()

    with pytest.raises(CloseConnection):
        await be_replaced()

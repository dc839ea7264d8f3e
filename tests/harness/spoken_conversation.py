"""A conversation of the gateway on a `MemoryBus`, with a client that keeps its frames, for tests of spoken turns."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgpack

from tertulia_gateway.commands import Resume
from tertulia_gateway.conversation.conversation import Conversation
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.conversation.resume import OpenedConversation, resume_conversation
from tertulia_shared.clock import wall_ms
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.exception_groups import first_error
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.gateway import LUNA, Reply, Workers
from tests.harness.scripted_stt import SpokenTurn
from tests.harness.virtual_time import now, settle

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

"""Microphone audio gets into the `mic` stream completely and in order, separately for each session."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tertulia_shared.bus import Claim
from tertulia_shared.codec import decode
from tertulia_shared.entries import MicChunk, Work
from tertulia_shared.keys import Keys
from tests.harness.eventually import eventually
from tests.harness.gateway import Client, Gateway, gateway


@pytest.fixture
async def open_gateway(redis_url: str, keys: Keys) -> AsyncGenerator[Gateway]:
    async with gateway(redis_url, keys) as made:
        yield made


async def session(at: Gateway, conversation_id: str, claim: Claim) -> list[MicChunk]:
    """Wait for the final entry of the claimed session, and check the ids. Returns all its entries."""
    work = decode(Work, claim.fields)
    assert work.conversation_id == conversation_id
    key = at.bus.keys.mic(conversation_id, work.session_id)

    async def has_ended() -> bool:
        last = await at.bus.last(key)
        return last is not None and decode(MicChunk, last.fields).is_final

    await eventually(has_ended)
    entries = await at.bus.read(key)
    assert [entry.id for entry in entries] == [f"{n + 1}-0" for n in range(len(entries))]
    return [decode(MicChunk, entry.fields) for entry in entries]


async def test_second_listening_session_ends_the_first(open_gateway: Gateway) -> None:
    bus = open_gateway.bus
    await bus.prepare("stt")
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        frames = [bytes([n]) * 640 for n in range(30)]
        await client.send("start_listening")
        for frame in frames[:20]:
            await client.socket.send(frame)
        await client.send("start_listening")  # this ends the first session and begins a second one
        for frame in frames[20:]:
            await client.socket.send(frame)
        await client.send("stop_listening")
        claims = [*await bus.claim("stt", "w", count=1, block_s=30), *await bus.claim("stt", "w", count=1, block_s=30)]
        first, second = [await session(open_gateway, client.conversation_id, claim) for claim in claims]
    assert [chunk.pcm for chunk in first[:-1]] == frames[:20]
    assert [chunk.pcm for chunk in second[:-1]] == frames[20:]
    assert [(chunk.is_final, chunk.cause) for chunk in (first[-1], second[-1])] == [(True, "stopped")] * 2


@pytest.mark.parametrize("way", ["abort", "close", "new_conversation"])
async def test_listening_session_ends_when_its_connection_or_conversation_ends(open_gateway: Gateway, way: str) -> None:
    bus = open_gateway.bus
    await bus.prepare("stt")
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        c = client.conversation_id
        await client.send("start_listening")
        await client.socket.send(b"\1" * 640)
        (claim,) = await bus.claim("stt", "w", count=1, block_s=30)
        match way:
            case "abort":
                client.socket.transport.abort()
            case "close":
                await client.socket.close()
            case _:
                await client.send("new_conversation")
        chunks = await session(open_gateway, c, claim)
    assert chunks[-1].cause == ("stopped" if way == "new_conversation" else "abandoned")

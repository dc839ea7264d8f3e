"""Microphone audio gets into the `mic` stream completely and in order, separately for each session."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator

import pytest

from tertulia_shared.bus import Claim
from tertulia_shared.codec import decode
from tertulia_shared.conversation_writes import accept_turn
from tertulia_shared.entries import MicChunk, UserTurn, Work
from tertulia_shared.events import ListeningStopped, VadStart
from tertulia_shared.ids import new_id
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


async def start_listening(client: Client) -> str:
    """Begin a session. Returns its id."""
    await client.send("start_listening")
    return str((await client.until("listening_started"))["session_id"])


async def end_session(at: Gateway, client: Client, session_id: str, cause: str) -> None:
    """End a session as an stt worker does, and wait until the client knows."""
    outlet = at.bus.outlet()
    outlet.append(at.bus.keys.events(client.conversation_id), ListeningStopped(session_id, cause))
    await outlet.flush()
    await client.until("listening_stopped", lambda event: event["session_id"] == session_id)


async def has_chunks(at: Gateway, client: Client, session_id: str, count: int) -> bool:
    return len(await at.bus.read(at.bus.keys.mic(client.conversation_id, session_id))) == count


async def pcm_errors(client: Client, *, frames: int = 20) -> set[str]:
    """Send PCM frames. Returns the codes of the errors that the client gets for them, after a check that no error is
    repeated within a second.
    """
    before, begun = len(client.of("error")), time.monotonic()
    for _ in range(frames):
        await client.socket.send(b"\1" * 640)
    await client.send("refresh_characters")
    await client.until("characters")
    errors = client.of("error")[before:]
    assert len(errors) <= 1 + int(time.monotonic() - begun)
    return {error["code"] for error in errors}


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


@pytest.mark.parametrize("cause", ["idle", "failed"])
async def test_audio_for_a_session_that_the_worker_ended_is_refused(open_gateway: Gateway, cause: str) -> None:
    mic = open_gateway.bus.keys.mic
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        first = await start_listening(client)
        assert await pcm_errors(client) == set()
        await eventually(lambda: has_chunks(open_gateway, client, first, 20))
        await end_session(open_gateway, client, first, cause)
        assert await pcm_errors(client) == {"not_listening"}
        second = await start_listening(client)
        assert second != first
        assert await pcm_errors(client) == set()
        await eventually(lambda: has_chunks(open_gateway, client, second, 20))
        assert len(await open_gateway.bus.read(mic(client.conversation_id, first))) == 20, "nothing more was written"


async def test_end_of_an_earlier_session_does_not_end_the_open_session(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        first = await start_listening(client)
        second = await start_listening(client)
        await end_session(open_gateway, client, first, "stopped")
        assert await pcm_errors(client) == set()
        await eventually(lambda: has_chunks(open_gateway, client, second, 20))


async def test_audio_after_a_new_conversation_is_refused(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await start_listening(client)
        await client.send("new_conversation")
        await client.until("conversation_started")
        assert await pcm_errors(client) == {"not_listening"}


async def test_takeover_ends_the_session_of_the_earlier_connection(open_gateway: Gateway) -> None:
    bus = open_gateway.bus
    await bus.prepare("stt")
    async with Client.at(open_gateway.url()) as earlier:
        await earlier.next()
        await start_listening(earlier)
        assert await pcm_errors(earlier) == set()
        (claim,) = await bus.claim("stt", "w", count=1, block_s=30)
        c = earlier.conversation_id
        async with Client.at(open_gateway.url(f"?conversation_id={c}")) as later:
            await later.next()
            assert await earlier.close_code() == 4001
            assert (await session(open_gateway, c, claim))[-1].cause == "abandoned"
            assert await pcm_errors(later) == {"not_listening"}


async def test_resume_ends_the_session_of_a_gateway_that_died(open_gateway: Gateway) -> None:
    bus = open_gateway.bus
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        c, left = client.conversation_id, new_id()
        outlet = bus.outlet()
        outlet.append(bus.keys.events(c), VadStart(left))
        for number in (1, 2):
            outlet.append(bus.keys.mic(c, left), MicChunk(b"\1" * 640), id=f"{number}-0")
        await outlet.flush()
    async with Client.at(open_gateway.url(f"?conversation_id={c}")) as later:
        await later.next()
        await eventually(lambda: has_chunks(open_gateway, later, left, 3))
        entry = await bus.last(bus.keys.mic(c, left))
        assert entry is not None
        assert (decode(MicChunk, entry.fields).cause, entry.id) == ("abandoned", "3-0")


async def test_resume_on_the_same_connection_keeps_its_session(open_gateway: Gateway) -> None:
    bus = open_gateway.bus
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        session_id = await start_listening(client)
        outlet = bus.outlet()
        outlet.append(bus.keys.events(client.conversation_id), VadStart(session_id))
        await outlet.flush()
        await client.until("vad_start")
        await client.send("resume", conversation_id=client.conversation_id)
        await client.until("conversation_started", lambda event: event["resumed"])
        assert await pcm_errors(client) == set()
        await eventually(lambda: has_chunks(open_gateway, client, session_id, 20))
        entries = await bus.read(bus.keys.mic(client.conversation_id, session_id))
        assert not any(decode(MicChunk, entry.fields).is_final for entry in entries)


async def test_audio_for_an_ended_session_is_refused_while_the_events_of_a_tentative_turn_are_held(
    open_gateway: Gateway,
) -> None:
    bus = open_gateway.bus
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        session_id = await start_listening(client)
        await accept_turn(bus, UserTurn(new_id(), client.conversation_id, "Hello", "spoken", tentative=True))
        outlet = bus.outlet()
        outlet.append(bus.keys.events(client.conversation_id), ListeningStopped(session_id, "idle"))
        await outlet.flush()

        async def is_refused() -> bool:
            return await pcm_errors(client, frames=1) == {"not_listening"}

        await eventually(is_refused)
        assert not client.of("listening_stopped")

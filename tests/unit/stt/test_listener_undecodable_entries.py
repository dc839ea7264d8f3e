"""Entries of a newer release and malformed entries: an essential one fails the session, an optional one is ignored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tertulia_shared.bus import Put
from tertulia_shared.codec import VERSION, BadEntry, UnknownVersion, decode_event, pack
from tertulia_shared.entries import MicChunk, ModelSettings, Speaker, TTSSentence, TurnPlan, Work
from tertulia_shared.events import Error, ListeningStopped
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import new_id, reply_id
from tertulia_shared.work import BadWork
from tests.harness.virtual_time import settle, virtual_time
from tests.unit.stt.listening_session import STORY, Ear, over

NEWER: dict[str, Any] = {"v": VERSION + 1}
NO_VERSION: dict[str, Any] = {"v": ""}
EXTRAS = pytest.mark.parametrize(
    ("extra", "error"), [(NEWER, UnknownVersion), (NO_VERSION, BadEntry)], ids=["newer", "no version"]
)
BREAKING_IN = over("Stop that please.", [(20_000, "stop that"), (30_000, "stop that please")])


def _plan(**wrong: Any) -> bytes:
    luna = Speaker("luna-id", "Luna", "luna", "You are Luna.")
    return pack({**TurnPlan(new_id(), "1-0", 0, (luna,), ModelSettings()).to_wire(), **wrong})


async def assert_given_up(ear: Ear, met: BaseException | None, error: type[Exception]) -> None:
    assert met is not None
    assert type(first_error(met)) is error
    assert ear.claim is not None
    await ear.listener.give_up(ear.claim, "it cannot be read")
    failure, stopped = (await ear.events())[-2:]
    assert isinstance(failure, Error)
    assert failure.code == "stt_failed"
    assert "it cannot be read" in failure.message
    assert stopped == ListeningStopped(ear.session_id, "failed")


@EXTRAS
@virtual_time
async def test_unreadable_pointer_fails_the_session(extra: dict[str, Any], error: type[Exception]) -> None:
    ear = Ear()
    await ear.bus.prepare("stt")
    outlet = ear.bus.outlet()
    outlet.append(ear.bus.keys.work("stt"), Work(ear.conversation_id, session_id=ear.session_id), **extra)
    await outlet.flush()
    listening = asyncio.create_task(ear.listen())
    await asyncio.wait([listening])
    await assert_given_up(ear, listening.exception(), error)


@EXTRAS
@virtual_time
async def test_unreadable_microphone_entry_fails_the_session(extra: dict[str, Any], error: type[Exception]) -> None:
    ear = Ear()
    listening = await ear.begin()
    await ear.speak(16_000)
    outlet = ear.bus.outlet()
    key = ear.bus.keys.mic(ear.conversation_id, ear.session_id)
    outlet.append(key, MicChunk(b"\1\0"), id=f"{ear.frames + 1}-0", **extra)
    await outlet.flush()
    await asyncio.wait([listening])
    await assert_given_up(ear, listening.exception(), error)


@virtual_time
async def test_unreadable_checkpoint_fails_the_session() -> None:
    ear = Ear()
    key = ear.bus.keys.mic_progress(ear.conversation_id, ear.session_id)
    await ear.bus.transact(ear.conversation_id, [Put(key, {"sample": "half"})])
    await ear.begin_later()
    listening = asyncio.create_task(ear.listen())
    await asyncio.wait([listening])
    await assert_given_up(ear, listening.exception(), BadEntry)


@pytest.mark.parametrize(
    "raw",
    [b"\xc1", pack({}), pack([1]), _plan(turn_id="no id"), _plan(turn_id=5), _plan(epoch="three")],
    ids=["no msgpack", "empty", "a list", "no UUID", "a number for an id", "a word for an epoch"],
)
@virtual_time
async def test_unreadable_plan_does_not_prevent_barge_in(raw: bytes) -> None:
    ear = Ear(BREAKING_IN)
    await ear.character_speaks(STORY)
    await ear.bus.transact(ear.conversation_id, [Put(ear.bus.keys.state(ear.conversation_id), {"plan": raw})])
    await _breaks_in(ear)


@EXTRAS
@virtual_time
async def test_unreadable_sentence_does_not_prevent_barge_in(extra: dict[str, Any], error: type[Exception]) -> None:
    ear = Ear(BREAKING_IN)
    await ear.character_speaks(STORY)
    assert ear.plan is not None
    assert issubclass(error, BadEntry)
    message_id = reply_id(ear.plan.turn_id, "luna-id")
    outlet = ear.bus.outlet()
    entry = TTSSentence("What?", 1, ear.conversation_id, message_id, "luna-id", "Luna", "luna")
    outlet.append(ear.bus.keys.sentences(ear.conversation_id, message_id), entry, id="2-0", **extra)
    await outlet.flush()
    await _breaks_in(ear)


async def _breaks_in(ear: Ear) -> None:
    listening = await ear.begin()
    await ear.speak(100_000)
    await ear.stop()
    await listening
    await settle()
    assert await ear.interruptions() == 1
    assert [turn.text for turn in await ear.turns()] == ["Stop that please."]


@pytest.mark.parametrize("name", ["mic", "mic_progress", "events"])
@virtual_time
async def test_key_of_another_type_ends_the_session_with_an_error(name: str) -> None:
    ear = Ear()
    await ear.begin_later()
    keys, outlet = ear.bus.keys, ear.bus.outlet()
    key = (
        keys.events(ear.conversation_id)
        if name == "events"
        else getattr(keys, name)(ear.conversation_id, ear.session_id)
    )
    if name == "mic_progress":
        outlet.append(key, MicChunk(b""))
    else:
        outlet.put(key, {"a": "b"})
    await outlet.flush()
    if name == "events":
        await ear.stop()
    claim = await ear.claimed()
    with pytest.raises((BadWork, ExceptionGroup)):
        await ear.listener.handle(claim)
    await ear.listener.give_up(claim, "test")
    events = [decode_event(entry.fields) for entry in await ear.bus.read(keys.events(ear.conversation_id))]
    assert events.count(ListeningStopped(ear.session_id, "failed")) == 1


@pytest.mark.parametrize("is_mended_elsewhere", [False, True])
@virtual_time
async def test_error_event_is_sent_when_the_state_key_has_a_wrong_type(
    is_mended_elsewhere: bool,  # noqa: FBT001 - pytest passes it by name
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ear = Ear()
    await ear.begin_later()
    keys, outlet = ear.bus.keys, ear.bus.outlet()
    await ear.bus.delete([keys.state(ear.conversation_id)])
    outlet.append(keys.state(ear.conversation_id), MicChunk(b""))
    await outlet.flush()
    claim = await ear.claimed()
    if is_mended_elsewhere:  # the gateway repairs it at the same moment as stt
        mend = ear.bus.mend

        async def second(conversation_id: str, *, owner: bool = False) -> Sequence[str]:
            assert await mend(conversation_id)
            return await mend(conversation_id, owner=owner)

        monkeypatch.setattr(ear.bus, "mend", second)
    with pytest.raises(BadWork):
        await ear.listener.handle(claim)
    await ear.listener.give_up(claim, "test")
    events = [decode_event(entry.fields) for entry in await ear.bus.read(keys.events(ear.conversation_id))]
    assert events.count(ListeningStopped(ear.session_id, "failed")) == 1

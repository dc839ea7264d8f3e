"""Entries of a newer release, and malformed entries: if the listener needs the entry, the session fails; otherwise the
entry is ignored.
"""

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
from tests.unit.stt.listening_session import STORY, ListeningSession, speech

NEWER: dict[str, Any] = {"v": VERSION + 1}
NO_VERSION: dict[str, Any] = {"v": ""}
EXTRAS = pytest.mark.parametrize(
    ("extra", "error"), [(NEWER, UnknownVersion), (NO_VERSION, BadEntry)], ids=["newer", "no version"]
)
INTERRUPTING = speech("Tell me another.", (20_000, "tell me"), (30_000, "tell me another"))


def _plan(**wrong: Any) -> bytes:
    luna = Speaker("luna-id", "Luna", "luna", "You are Luna.")
    return pack({**TurnPlan(new_id(), "1-0", 0, (luna,), ModelSettings()).to_wire(), **wrong})


async def assert_given_up(session: ListeningSession, met: BaseException | None, error: type[Exception]) -> None:
    assert met is not None
    assert type(first_error(met)) is error
    assert session.claim is not None
    await session.listener.give_up(session.claim, "it cannot be read")
    failure, stopped = (await session.events())[-2:]
    assert isinstance(failure, Error)
    assert failure.code == "stt_failed"
    assert "it cannot be read" in failure.message
    assert stopped == ListeningStopped(session.session_id, "failed")


@EXTRAS
@virtual_time
async def test_session_with_an_undecodable_work_entry_is_given_up(
    extra: dict[str, Any], error: type[Exception]
) -> None:
    session = ListeningSession()
    await session.bus.prepare("stt")
    outlet = session.bus.outlet()
    outlet.append(session.bus.keys.work("stt"), Work(session.conversation_id, session_id=session.session_id), **extra)
    await outlet.flush()
    listening = asyncio.create_task(session.serve())
    await asyncio.wait([listening])
    await assert_given_up(session, listening.exception(), error)


@EXTRAS
@virtual_time
async def test_session_with_an_undecodable_microphone_entry_is_given_up(
    extra: dict[str, Any], error: type[Exception]
) -> None:
    session = ListeningSession()
    listening = await session.start()
    await session.send_audio(16_000)
    outlet = session.bus.outlet()
    key = session.bus.keys.mic(session.conversation_id, session.session_id)
    outlet.append(key, MicChunk(b"\1\0"), id=f"{session.frames + 1}-0", **extra)
    await outlet.flush()
    await asyncio.wait([listening])
    await assert_given_up(session, listening.exception(), error)


@virtual_time
async def test_session_with_an_undecodable_checkpoint_is_given_up() -> None:
    session = ListeningSession()
    key = session.bus.keys.mic_progress(session.conversation_id, session.session_id)
    await session.bus.transact(session.conversation_id, [Put(key, {"sample": "half"})])
    await session.prepare()
    listening = asyncio.create_task(session.serve())
    await asyncio.wait([listening])
    await assert_given_up(session, listening.exception(), BadEntry)


@pytest.mark.parametrize(
    "raw",
    [b"\xc1", pack({}), pack([1]), _plan(turn_id="no id"), _plan(turn_id=5), _plan(epoch="three")],
    ids=["no msgpack", "empty", "a list", "no UUID", "a number for an id", "a word for an epoch"],
)
@virtual_time
async def test_speech_interrupts_the_character_although_the_plan_is_undecodable(raw: bytes) -> None:
    session = ListeningSession(INTERRUPTING)
    await session.character_speaks(STORY)
    await session.bus.transact(
        session.conversation_id, [Put(session.bus.keys.state(session.conversation_id), {"plan": raw})]
    )
    await _assert_interrupts(session)


@EXTRAS
@virtual_time
async def test_speech_interrupts_the_character_although_a_sentence_is_undecodable(
    extra: dict[str, Any], error: type[Exception]
) -> None:
    session = ListeningSession(INTERRUPTING)
    await session.character_speaks(STORY)
    assert session.plan is not None
    assert issubclass(error, BadEntry)
    message_id = reply_id(session.plan.turn_id, "luna-id")
    outlet = session.bus.outlet()
    entry = TTSSentence("What?", 1, session.conversation_id, message_id, "luna-id", "Luna", "luna")
    outlet.append(session.bus.keys.sentences(session.conversation_id, message_id), entry, id="2-0", **extra)
    await outlet.flush()
    await _assert_interrupts(session)


async def _assert_interrupts(session: ListeningSession) -> None:
    listening = await session.start()
    await session.send_audio(100_000)
    await session.stop()
    await listening
    await settle()
    assert await session.count_interruptions() == 1
    assert [turn.text for turn in await session.turns()] == ["Tell me another."]


@pytest.mark.parametrize("name", ["mic", "mic_progress", "events"])
@virtual_time
async def test_session_with_a_key_of_a_wrong_type_ends_with_an_error(name: str) -> None:
    session = ListeningSession()
    await session.prepare()
    keys, outlet = session.bus.keys, session.bus.outlet()
    key = (
        keys.events(session.conversation_id)
        if name == "events"
        else getattr(keys, name)(session.conversation_id, session.session_id)
    )
    if name == "mic_progress":
        outlet.append(key, MicChunk(b""))
    else:
        outlet.put(key, {"a": "b"})
    await outlet.flush()
    if name == "events":
        await session.stop()
    claim = await session.claim_work()
    with pytest.raises((BadWork, ExceptionGroup)):
        await session.listener.handle(claim)
    await session.listener.give_up(claim, "test")
    events = [decode_event(entry.fields) for entry in await session.bus.read(keys.events(session.conversation_id))]
    assert events.count(ListeningStopped(session.session_id, "failed")) == 1


@pytest.mark.parametrize("is_repaired_elsewhere", [False, True])
@virtual_time
async def test_session_ends_with_an_error_if_the_state_key_has_a_wrong_type(
    is_repaired_elsewhere: bool,  # noqa: FBT001 - pytest passes it by name
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = ListeningSession()
    await session.prepare()
    keys, outlet = session.bus.keys, session.bus.outlet()
    await session.bus.delete([keys.state(session.conversation_id)])
    outlet.append(keys.state(session.conversation_id), MicChunk(b""))
    await outlet.flush()
    claim = await session.claim_work()
    if is_repaired_elsewhere:  # the gateway repairs the key at the same moment as the stt worker
        mend = session.bus.mend

        async def second(conversation_id: str, *, owner: bool = False) -> Sequence[str]:
            assert await mend(conversation_id)
            return await mend(conversation_id, owner=owner)

        monkeypatch.setattr(session.bus, "mend", second)
    with pytest.raises(BadWork):
        await session.listener.handle(claim)
    await session.listener.give_up(claim, "test")
    events = [decode_event(entry.fields) for entry in await session.bus.read(keys.events(session.conversation_id))]
    assert events.count(ListeningStopped(session.session_id, "failed")) == 1

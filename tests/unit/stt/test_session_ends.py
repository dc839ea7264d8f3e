"""Ends of listening sessions: a session is given up, is served again after its end, or has no worker for hours."""

from __future__ import annotations

import pytest

from tertulia_shared.bus import NotOwner
from tertulia_shared.ids import spoken_turn_id
from tests.harness.virtual_time import virtual_time
from tests.unit.stt.listening_session import ListeningSession
from tests.unit.stt.spoken_pieces import GREETED, at, types


@virtual_time
async def test_worker_that_was_paused_writes_no_turn_after_its_session_was_given_up() -> None:
    session = ListeningSession(GREETED)
    job = await session.start()
    await session.send_audio(at(1.4))
    assert await session.tentative() is not None
    (claim,) = await session.bus.take_over("stt", "worker", idle_s=0, count=1)
    await session.listener.give_up(claim, "given up after 5 attempts")
    await session.send_audio(at(4))
    await session.stop()
    with pytest.raises((NotOwner, ExceptionGroup)):
        await job
    assert [turn.ref for turn in await session.turns()] == [spoken_turn_id(session.session_id, GREETED.start)]


@virtual_time
async def test_giving_up_a_second_pointer_does_not_end_a_session_that_another_worker_serves() -> None:
    session = ListeningSession(GREETED)
    job = await session.start()
    await session.send_audio(at(0.5))
    await session.post_work()
    await session.listener.give_up(await session.claim_work(), "given up after 5 attempts")
    await session.send_audio(at(4))
    await session.stop()
    await job
    assert [turn.text for turn in await session.final_turns()] == ["Hello Luna."]
    assert types(await session.events()).count("listening_stopped") == 1


@virtual_time
async def test_tentative_turn_is_confirmed_after_hours_without_a_worker() -> None:
    session = ListeningSession(GREETED)
    job = await session.start()
    await session.send_audio(at(1.4))
    job.cancel()
    assert await session.tentative() is not None
    await session.wait(3 * 3600)
    await session.serve()
    assert [turn.text for turn in await session.final_turns()] == ["Hello Luna."]
    assert await session.tentative() is None


@virtual_time
async def test_end_of_a_session_is_reported_again_only_if_its_event_is_gone() -> None:
    session = ListeningSession(GREETED)
    await session.serve_audio(at(2))
    events = session.bus.keys.events(session.conversation_id)
    for _ in range(2):
        await session.post_work()
        await session.serve()
        assert types(await session.events()).count("listening_stopped") == 1
        await session.bus.remove(events, [(await session.bus.read(events))[-1].id])
        assert "listening_stopped" not in types(await session.events())

"""The connection is lost while the user speaks, and comes back with another session, which continues the turn."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.entries import UserTurn
from tertulia_shared.events import TranscriptionUpdate, TurnAccepted
from tertulia_shared.ids import spoken_turn_id
from tertulia_stt.turn_handover import RECONNECT_S
from tests.fakes.scripted_recognition import Utterance
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.stt.listening_session import ListeningSession
from tests.unit.stt.spoken_pieces import GREETED, at, piece, types

BEGUN = Utterance(at(0.2), at(9), "I went to the market.")
"""Speech that goes on when the connection is lost."""
REST = piece("And I bought apples.", 0.1, 1.0)
WHOLE = "I went to the market and I bought apples."
LOST_S = 1.2
SOON_S = 1.0


async def lose_connection(session: ListeningSession, at_s: float = LOST_S) -> asyncio.Task[None]:
    """Serve the session, and lose its connection at this time. Returns its worker's task."""
    job = await session.start()
    await session.send_audio(at(at_s))
    await session.stop("abandoned")
    await settle()
    return job


async def whole_turn(first: ListeningSession, following: ListeningSession) -> None:
    """Check that the words of both sessions are one turn, which was written once."""
    turn_id = spoken_turn_id(first.session_id, BEGUN.start)
    assert await following.turns() == [UserTurn(turn_id, first.conversation_id, WHOLE, "spoken")]
    assert types(await following.events()).count("listening_stopped") == 2
    progress = await following.bus.hash(following.bus.keys.mic_progress(first.conversation_id, first.session_id))
    assert b"pending" not in progress
    assert following.results == {"turn": 1}


@pytest.mark.parametrize("lost_for_s", [0.5, 2.0, RECONNECT_S - 0.1])
@virtual_time
async def test_next_session_continues_the_turn_of_a_lost_connection(lost_for_s: float) -> None:
    first = ListeningSession(BEGUN, think_ahead="off")
    job = await lose_connection(first)
    await first.wait(lost_for_s)
    following = first.next_session(REST)
    await following.serve_audio(at(3))
    await job
    await whole_turn(first, following)
    texts = [e.text for e in await following.events() if isinstance(e, TranscriptionUpdate)]
    assert texts[:2] == ["I went to the market.", "I went to the market."], "the new session shows the text so far"
    assert texts[-1] == WHOLE


@virtual_time
async def test_turn_is_ended_with_what_was_said_if_no_session_comes() -> None:
    session = ListeningSession(BEGUN)
    begun = now()
    job = await lose_connection(session)
    assert types(await session.events())[-1] == "listening_stopped"
    await job
    assert now() - begun == pytest.approx(RECONNECT_S, abs=0.1)
    (turn,) = await session.final_turns()
    assert (turn.text, turn.tentative) == ("I went to the market.", False)
    assert session.results == {"turn": 1}
    following = session.next_session(REST)
    await following.serve_audio(at(3))
    assert [turn.text for turn in await following.final_turns()] == ["I went to the market.", "And I bought apples."]


@virtual_time
async def test_stopped_session_ends_its_turn_at_once() -> None:
    session = ListeningSession(BEGUN)
    job = await session.start()
    await session.send_audio(at(LOST_S))
    begun = now()
    await session.stop()
    await job
    assert now() - begun < 0.1
    assert [turn.text for turn in await session.final_turns()] == ["I went to the market."]


@virtual_time
async def test_user_who_is_silent_after_the_reconnect_gets_an_answer_to_what_was_said() -> None:
    first = ListeningSession(BEGUN)
    job = await lose_connection(first)
    following = first.next_session()
    await following.serve_audio(at(1.9))
    following_turns = await following.turns()
    await job
    assert [turn.text for turn in following_turns] == ["I went to the market."], "it ends with the session at last"
    silent = ListeningSession(BEGUN)
    job = await lose_connection(silent)
    following = silent.next_session()
    serving = await following.start()
    await following.send_audio(at(1.9))
    assert await following.turns() == [], "the user was cut off in mid-speech, and may go on"
    await following.send_audio(at(2.2))
    assert [turn.text for turn in await following.turns()] == ["I went to the market."]
    await following.stop()
    await serving
    await job


@virtual_time
async def test_connection_may_be_lost_several_times_in_a_turn() -> None:
    first = ListeningSession(BEGUN, think_ahead="off")
    jobs = [await lose_connection(first)]
    second = first.next_session(Utterance(at(0.1), at(9), "and I bought"))
    jobs.append(await lose_connection(second))
    third = second.next_session(piece("Apples.", 0.1, 0.6))
    await third.serve_audio(at(3))
    await asyncio.gather(*jobs)
    turn_id = spoken_turn_id(first.session_id, BEGUN.start)
    assert await third.turns() == [UserTurn(turn_id, first.conversation_id, WHOLE, "spoken")]


@virtual_time
async def test_tentative_turn_is_reopened_by_the_next_session() -> None:
    first = ListeningSession(GREETED)
    job = await lose_connection(first, 1.4)
    assert await first.tentative() is not None
    following = first.next_session(piece("How are you?", 0.1, 0.8))
    await following.serve_audio(at(3))
    await job
    (turn,) = await following.final_turns()
    assert (turn.turn_id, turn.text) == (spoken_turn_id(first.session_id, GREETED.start), "Hello Luna. How are you?")


@virtual_time
async def test_tentative_turn_is_confirmed_if_the_user_says_no_more() -> None:
    for following_comes in (True, False):
        first = ListeningSession(GREETED)
        job = await lose_connection(first, 1.4)
        if following_comes:
            await first.next_session().serve_audio(at(2))
        await job
        assert [turn.text for turn in await first.final_turns()] == ["Hello Luna."]
        assert await first.tentative() is None


@virtual_time
async def test_ended_turn_is_reopened_by_the_next_session_unless_its_reply_sounds() -> None:
    for sounds in (False, True):
        first = ListeningSession(GREETED, think_ahead="off")
        job = await lose_connection(first, 1.9)
        assert [turn.text for turn in await first.turns()] == ["Hello Luna."]
        if sounds:
            await first.reply_sounds()
        following = first.next_session(piece("How are you?", 0.1, 0.8))
        await following.serve_audio(at(3))
        await job
        texts = [turn.text for turn in await following.final_turns()]
        assert texts == (["Hello Luna.", "How are you?"] if sounds else ["Hello Luna. How are you?"])


@virtual_time
async def test_ended_turn_is_not_reopened_after_the_reopening_time() -> None:
    first = ListeningSession(GREETED, think_ahead="off")
    job = await lose_connection(first, 1.9)
    following = first.next_session(piece("How are you?", 2.5, 3.5))
    await following.serve_audio(at(5))
    await job
    assert [turn.text for turn in await following.final_turns()] == ["Hello Luna.", "How are you?"]


@virtual_time
async def test_next_session_waits_for_the_last_words_of_the_session_before() -> None:
    first = ListeningSession(BEGUN, think_ahead="off")
    job = await first.start()
    await first.send_audio(at(LOST_S))
    following = first.next_session(REST)
    serving = await following.start()
    await following.send_audio(at(2.5))
    assert following.engine.opened == []
    await first.stop("abandoned")
    await following.stop()
    await asyncio.gather(serving, job)
    await whole_turn(first, following)


@virtual_time
async def test_next_session_does_not_wait_for_long_for_a_session_that_does_not_end() -> None:
    first = ListeningSession(BEGUN, think_ahead="off")
    job = await first.start()
    await first.send_audio(at(LOST_S))
    following = first.next_session(REST)
    await following.serve_audio(at(3))
    assert [turn.text for turn in await following.turns()] == ["And I bought apples."]
    await first.stop("abandoned")
    await job
    assert [turn.text for turn in await first.turns()] == ["And I bought apples.", "I went to the market."]


@virtual_time
async def test_session_that_is_served_late_does_not_wait_for_a_newer_one() -> None:
    first = ListeningSession(BEGUN, think_ahead="off")
    await first.prepare()
    await first.send_audio(at(LOST_S))
    await first.stop("abandoned")
    late = await first.claim_work()
    following = first.next_session(REST)
    serving = await following.start()
    await following.send_audio(at(0.5))
    begun = now()
    await first.listener.handle(late)
    assert now() - begun <= RECONNECT_S + 0.1
    await following.send_audio(at(3))
    await following.stop()
    await serving
    assert sorted(turn.text for turn in await first.turns()) == ["And I bought apples.", "I went to the market."]


@virtual_time
async def test_turn_is_one_if_the_worker_of_the_lost_connection_is_killed_after_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        first = ListeningSession(BEGUN, think_ahead="off")
        await first.prepare()
        await first.send_audio(at(LOST_S))
        await first.stop("abandoned")
        assert await first.serve_until_write(writes)
        state = await first.bus.hash(first.bus.keys.state(first.conversation_id))
        if b"listening" not in state:  # no session came in time
            break
        job = asyncio.create_task(first.serve())
        await settle()
        following = first.next_session(REST)
        await following.serve_audio(at(3))
        await job
        turn_id = spoken_turn_id(first.session_id, BEGUN.start)
        assert [(turn.turn_id, turn.text) for turn in await first.turns()] == [(turn_id, WHOLE)], f"write {writes}"
    assert writes > 3


@virtual_time
async def test_turn_is_one_if_the_worker_of_the_next_session_is_killed_after_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        first = ListeningSession(BEGUN, think_ahead="off")
        job = await lose_connection(first)
        following = first.next_session(REST)
        await following.post_work()
        await following.send_audio(at(3))
        await following.stop()
        if not await following.serve_until_write(writes):
            break
        taken = await following.bus.take_over("stt", "peer", idle_s=0, count=2)
        assert first.claim is not None
        (claim,) = [claim for claim in taken if claim.id != first.claim.id]
        await following.listener.handle(claim)
        await job
        turn_id = spoken_turn_id(first.session_id, BEGUN.start)
        assert [(turn.turn_id, turn.text) for turn in await first.turns()] == [(turn_id, WHOLE)], f"write {writes}"
    assert writes > 3


@virtual_time
async def test_turn_is_written_once_if_the_worker_that_offers_it_is_killed_after_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        session = ListeningSession(BEGUN)
        await session.prepare()
        await session.send_audio(at(LOST_S))
        await session.stop("abandoned")
        if not await session.serve_until_write(writes):
            break
        await session.serve()
        accepted = [event.text for event in await session.events() if isinstance(event, TurnAccepted)]
        assert accepted == ["I went to the market."], f"write {writes}"
        assert types(await session.events()).count("listening_stopped") == 1
    assert writes > 3


@virtual_time
async def test_offered_turn_is_kept_if_its_session_is_given_up() -> None:
    first = ListeningSession(BEGUN)
    job = await lose_connection(first)
    job.cancel()
    await first.listener.give_up(await first.claim_work(), "given up after 5 attempts")
    assert [turn.text for turn in await first.final_turns()] == ["I went to the market."]
    following = first.next_session(REST)
    await following.serve_audio(at(3))
    assert [turn.text for turn in await following.final_turns()] == ["I went to the market.", "And I bought apples."]

"""A listening session, from microphone audio to events and turns, with a scripted recognizer."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import NotOwner
from tertulia_shared.codec import decode, envelope
from tertulia_shared.entries import TURN_VERSION, UserTurn, Work
from tertulia_shared.events import (
    Error,
    ListeningStopped,
    TranscriptionFinished,
    TranscriptionUpdate,
)
from tertulia_shared.ids import new_id, spoken_turn_id
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.work import BadWork, RetryLater
from tests.fakes.scripted_recognition import Utterance
from tests.harness.scrape import scraped
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.stt.listening_session import AFTER_AGAIN, AGAIN, FRAME_SAMPLES, HELLO, ListeningSession


@virtual_time
async def test_all_recognition_events_reach_the_client_in_order_and_the_text_becomes_a_turn() -> None:
    session = ListeningSession(HELLO, think_ahead="off")
    job = await session.start()
    await session.send_audio(40_000)
    await session.stop()
    await job
    assert [event.type for event in await session.events()] == [
        "vad_detect_start",
        "vad_start", "vad_detect_stop", "recording_start",
        "transcription_update", "transcription_update", "transcription_stabilized",
        "vad_stop",
        "transcription_update", "transcription_stabilized",
        "vad_detect_start",
        "recording_stop", "transcription_finished", "turn_accepted",
        "vad_detect_stop",
        "listening_stopped",
    ]  # fmt: skip
    (turn,) = await session.turns()
    assert turn == UserTurn(spoken_turn_id(session.session_id, 3_000), session.conversation_id, "Hello Luna.", "spoken")
    assert [e.text for e in await session.events() if isinstance(e, TranscriptionUpdate)] == [
        "hello",
        "hello luna",
        "Hello Luna.",
    ]
    assert (await session.events())[-1] == ListeningStopped(session.session_id, "stopped")
    (pointer,) = await session.bus.claim("llm", "llm", count=9, block_s=0)
    assert decode(Work, pointer.fields) == Work(session.conversation_id, turn_id=turn.turn_id)
    assert await session.epoch() == 1
    assert session.engine.open_sessions == 0
    mic = session.bus.keys.mic(session.conversation_id, session.session_id)
    assert await session.bus.length(mic) > 0
    await asyncio.sleep(SOUND_GRACE_S + 1)
    assert await session.bus.length(mic) == 0, "the microphone's audio is deleted"


@virtual_time
async def test_each_utterance_becomes_a_turn_with_a_higher_epoch() -> None:
    session = ListeningSession(HELLO, AGAIN)
    job = await session.start()
    await session.send_audio(AFTER_AGAIN)
    await session.stop()
    await job
    entries = await session.bus.read(session.bus.keys.turns(session.conversation_id))
    assert [(decode(UserTurn, e.fields, newest=TURN_VERSION).text, envelope(e.fields).epoch) for e in entries] == [
        ("Hello Luna.", 1),
        ("And again.", 3),
    ]
    assert await session.count_interruptions() == 1, "the second turn began before the reply to the first had ended"
    assert session.results == {"turn": 2, "broke_in": 1}
    seen = scraped(session.metrics)
    assert seen.of("tertulia_stt_transcript_seconds_count", engine="scripted") == 2
    assert seen.of("tertulia_hop_seconds_count", hop="mic") >= 1


@virtual_time
async def test_sound_without_words_creates_no_turn_but_advances_the_checkpoint() -> None:
    session = ListeningSession(Utterance(3_000, 20_000, "  "))
    job = await session.start()
    await session.send_audio(21_000)
    await session.stop()
    await job
    finished = [event for event in await session.events() if isinstance(event, TranscriptionFinished)]
    assert finished == [TranscriptionFinished(session.session_id, "")]
    assert await session.turns() == []
    assert session.results == {"no_words": 1}
    progress = await session.bus.hash(session.bus.keys.mic_progress(session.conversation_id, session.session_id))
    assert progress[b"sample"] == b"20000"


@virtual_time
async def test_no_turn_is_lost_or_repeated_if_the_worker_crashes_after_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        session = ListeningSession(HELLO, AGAIN)
        await session.prepare()
        await session.send_audio(AFTER_AGAIN)
        await session.stop()
        if not await session.serve_until_write(writes):
            break
        await session.serve()
        assert [turn.text for turn in await session.turns()] == ["Hello Luna.", "And again."], f"write {writes}"
        stopped = [event for event in await session.events() if isinstance(event, ListeningStopped)]
        assert stopped == [ListeningStopped(session.session_id, "stopped")]
        assert session.engine.open_sessions == 0
    assert writes > 4


@virtual_time
async def test_worker_that_takes_a_session_over_recognizes_only_the_audio_after_the_last_turn() -> None:
    session = ListeningSession(HELLO, AGAIN)
    job = await session.start()
    await session.send_audio(95_000)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    successor = asyncio.create_task(session.serve())
    await session.send_audio(AFTER_AGAIN)
    await session.stop()
    await successor
    assert session.engine.opened == [0, 20_000]
    whole = b"".join(number.to_bytes(2, "little") * FRAME_SAMPLES for number in range(1, session.frames))
    assert session.engine.fed[1] == whole[2 * 20_000 :]
    assert [turn.text for turn in await session.turns()] == ["Hello Luna.", "And again."]


@virtual_time
async def test_worker_that_lost_its_claim_writes_no_more_turns() -> None:
    session = ListeningSession(HELLO)
    job = await session.start()
    await session.send_audio(10_000)
    early = session.claim
    assert early is not None
    successor = asyncio.create_task(session.serve())
    await settle()
    await session.send_audio(21_000)
    await session.stop()
    with pytest.raises((NotOwner, ExceptionGroup)):
        await job
    await successor
    assert len(await session.turns()) == 1
    with pytest.raises(NotOwner):
        await session.listener.handle(early)


@virtual_time
async def test_session_that_has_ended_is_not_served_again() -> None:
    session = ListeningSession(HELLO)
    job = await session.start()
    await session.stop()
    await job
    await session.post_work()
    await session.serve()
    assert session.engine.opened == [0]


@virtual_time
async def test_second_work_entry_for_a_session_being_served_is_ignored() -> None:
    session = ListeningSession(HELLO)
    job = await session.start()
    await settle()
    await session.post_work()
    await session.serve()
    assert not job.done()
    await session.stop()
    await job
    assert session.engine.opened == [0]


@virtual_time
async def test_session_whose_audio_stops_ends_as_idle_and_keeps_its_turns() -> None:
    session = ListeningSession(HELLO, stt_idle_s=5)
    job = await session.start()
    await session.send_audio(15_000)
    begun = now()
    await job
    assert now() - begun == pytest.approx(5, abs=0.1)
    assert (await session.events())[-1] == ListeningStopped(session.session_id, "idle")
    assert [turn.text for turn in await session.turns()] == ["Hello Luna."]


@virtual_time
async def test_session_ends_as_abandoned_after_the_client_disconnected() -> None:
    session = ListeningSession(HELLO)
    job = await session.start()
    await session.send_audio(1_000)
    await session.stop("abandoned")
    await job
    assert (await session.events())[-1] == ListeningStopped(session.session_id, "abandoned")


@virtual_time
async def test_session_is_retried_from_its_checkpoint_after_the_recognizer_failed() -> None:
    session = ListeningSession(HELLO, AGAIN)
    session.engine.fails_at = 95_000
    job = await session.start()
    await session.send_audio(AFTER_AGAIN)
    await session.stop()
    with pytest.raises(RetryLater, match="decoder"):
        await job
    await session.serve()
    assert session.engine.opened == [0, 20_000]
    assert [turn.text for turn in await session.turns()] == ["Hello Luna.", "And again."]
    assert session.engine.open_sessions == 0


@virtual_time
async def test_session_that_is_given_up_sends_an_error_and_is_not_served_again() -> None:
    session = ListeningSession(HELLO)
    await session.bus.prepare("stt")
    await session.post_work()
    await session.listener.give_up(await session.claim_work(), "given up after 5 attempts")
    error, stopped = await session.events()
    assert isinstance(error, Error)
    assert (error.code, "given up after 5 attempts" in error.message) == ("stt_failed", True)
    assert stopped == ListeningStopped(session.session_id, "failed")
    await session.post_work()
    await session.listener.handle(await session.claim_work())
    assert session.engine.opened == []


@pytest.mark.parametrize("work", [Work("nonsense", session_id=new_id()), Work(new_id())])
@virtual_time
async def test_work_entry_without_ids_is_bad_work(work: Work) -> None:
    session = ListeningSession()
    await session.bus.prepare("stt")
    await session.bus.post("stt", work)
    claim = await session.claim_work()
    with pytest.raises(BadWork, match="UUID"):
        await session.listener.handle(claim)
    await session.listener.give_up(claim, "bad")


@virtual_time
async def test_turn_and_its_turn_accepted_event_are_written_in_one_step() -> None:
    session = ListeningSession(HELLO)
    job = await session.start()
    seen: set[tuple[int, int]] = set()
    turns, events = session.bus.keys.turns(session.conversation_id), session.bus.keys.events(session.conversation_id)

    def look() -> None:
        accepted = [e for e in session.bus.behind(events, (0, 0)) if e.fields[b"type"] == b"turn_accepted"]
        seen.add((len(session.bus.behind(turns, (0, 0))), len(accepted)))
        session.writes.after(1, look)

    session.writes.after(1, look)
    await session.send_audio(21_000)
    session.writes.disarm()
    await session.stop()
    await job
    assert seen == {(0, 0), (1, 1)}

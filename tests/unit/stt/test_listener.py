"""A listening session from the microphone's stream to events and turns, with a scripted recognizer."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import NotOwner
from tertulia_shared.codec import decode, envelope
from tertulia_shared.entries import UserTurn, Work
from tertulia_shared.events import (
    Error,
    ListeningStopped,
    TranscriptionFinished,
    TranscriptionUpdate,
    TurnAccepted,
)
from tertulia_shared.ids import new_id, spoken_turn_id
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.work import BadWork, RetryLater
from tests.fakes.recognition_engine import Utterance
from tests.harness.scrape import scraped
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.stt.listening_session import AGAIN, FRAME, HELLO, Ear


@virtual_time
async def test_all_nine_events_reach_the_client_in_order_and_the_words_become_a_turn() -> None:
    ear = Ear(HELLO)
    job = await ear.begin()
    await ear.speak(21_000)
    await ear.stop()
    await job
    assert [event.type for event in await ear.events()] == [
        "vad_detect_start",
        "vad_start", "vad_detect_stop", "recording_start",
        "transcription_update", "transcription_update", "transcription_stabilized",
        "vad_stop", "recording_stop",
        "transcription_finished", "turn_accepted",
        "vad_detect_start", "vad_detect_stop",
        "listening_stopped",
    ]  # fmt: skip
    (turn,) = await ear.turns()
    assert turn == UserTurn(spoken_turn_id(ear.session_id, 3_000), ear.conversation_id, "Hello Luna.", "spoken")
    assert [e.text for e in await ear.events() if isinstance(e, TranscriptionUpdate)] == ["hello", "hello luna"]
    assert (await ear.events())[-1] == ListeningStopped(ear.session_id, "stopped")
    (pointer,) = await ear.bus.claim("llm", "llm", count=9, block_s=0)
    assert decode(Work, pointer.fields) == Work(ear.conversation_id)
    assert await ear.epoch() == 1
    assert ear.engine.open_sessions == 0
    mic = ear.bus.keys.mic(ear.conversation_id, ear.session_id)
    assert await ear.bus.length(mic) > 0
    await asyncio.sleep(SOUND_GRACE_S + 1)
    assert await ear.bus.length(mic) == 0, "the microphone's sound is deleted"


@virtual_time
async def test_utterances_are_turns_of_separate_epochs() -> None:
    ear = Ear(HELLO, AGAIN)
    job = await ear.begin()
    await ear.speak(51_000)
    await ear.stop()
    await job
    entries = await ear.bus.read(ear.bus.keys.turns(ear.conversation_id))
    assert [(decode(UserTurn, e.fields).text, envelope(e.fields).epoch) for e in entries] == [
        ("Hello Luna.", 1),
        ("And again.", 2),
    ]
    assert ear.results == {"turn": 2, "broke_in": 1}, "the second began before the first was answered"
    seen = scraped(ear.metrics)
    assert seen.of("tertulia_stt_transcript_seconds_count", engine="scripted") == 2
    assert seen.of("tertulia_hop_seconds_count", hop="mic") >= 1


@virtual_time
async def test_sound_without_words_creates_no_turn_and_is_processed_once() -> None:
    ear = Ear(Utterance(3_000, 20_000, "  "))
    job = await ear.begin()
    await ear.speak(21_000)
    await ear.stop()
    await job
    finished = [event for event in await ear.events() if isinstance(event, TranscriptionFinished)]
    assert finished == [TranscriptionFinished(ear.session_id, "")]
    assert await ear.turns() == []
    assert ear.results == {"no_words": 1}
    progress = await ear.bus.hash(ear.bus.keys.mic_progress(ear.conversation_id, ear.session_id))
    assert progress[b"sample"] == b"20000"


@virtual_time
async def test_takeover_after_any_write_loses_and_repeats_no_turn() -> None:
    writes = 0
    while True:
        writes += 1
        ear = Ear(HELLO, AGAIN)
        await ear.begin_later()
        await ear.speak(52_000)
        await ear.stop()
        if not await ear.die_after(writes):
            break
        await ear.listen()
        assert [turn.text for turn in await ear.turns()] == ["Hello Luna.", "And again."], f"death at {writes}"
        stopped = [event for event in await ear.events() if isinstance(event, ListeningStopped)]
        assert stopped == [ListeningStopped(ear.session_id, "stopped")]
        assert ear.engine.open_sessions == 0
    assert writes > 4


@virtual_time
async def test_takeover_feeds_only_the_samples_after_the_last_turn() -> None:
    ear = Ear(HELLO, AGAIN)
    job = await ear.begin()
    await ear.speak(40_000)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    heir = asyncio.create_task(ear.listen())
    await ear.speak(51_000)
    await ear.stop()
    await heir
    assert ear.engine.opened == [0, 20_000]
    whole = b"".join(number.to_bytes(2, "little") * FRAME for number in range(1, ear.frames))
    assert ear.engine.fed[1] == whole[2 * 20_000 :]
    assert [turn.text for turn in await ear.turns()] == ["Hello Luna.", "And again."]


@virtual_time
async def test_worker_that_lost_its_work_writes_no_more() -> None:
    ear = Ear(HELLO)
    job = await ear.begin()
    await ear.speak(10_000)
    early = ear.claim
    assert early is not None
    heir = asyncio.create_task(ear.listen())
    await settle()
    await ear.speak(21_000)
    await ear.stop()
    with pytest.raises((NotOwner, ExceptionGroup)):
        await job
    await heir
    assert len(await ear.turns()) == 1
    with pytest.raises(NotOwner):
        await ear.listener.handle(early)


@virtual_time
async def test_ended_session_is_not_served_again() -> None:
    ear = Ear(HELLO)
    job = await ear.begin()
    await ear.stop()
    await job
    await ear.post()
    await ear.listen()
    assert ear.engine.opened == [0]


@virtual_time
async def test_second_pointer_to_a_served_session_is_ignored() -> None:
    ear = Ear(HELLO)
    job = await ear.begin()
    await settle()
    await ear.post()
    await ear.listen()
    assert not job.done()
    await ear.stop()
    await job
    assert ear.engine.opened == [0]


@virtual_time
async def test_session_without_audio_ends_as_idle_and_keeps_its_turns() -> None:
    ear = Ear(HELLO, stt_idle_s=5)
    job = await ear.begin()
    await ear.speak(15_000)
    begun = now()
    await job
    assert now() - begun == pytest.approx(5, abs=0.1)
    assert (await ear.events())[-1] == ListeningStopped(ear.session_id, "idle")
    assert [turn.text for turn in await ear.turns()] == ["Hello Luna."]


@virtual_time
async def test_session_of_a_lost_client_ends_as_abandoned() -> None:
    ear = Ear(HELLO)
    job = await ear.begin()
    await ear.speak(1_000)
    await ear.stop("abandoned")
    await job
    assert (await ear.events())[-1] == ListeningStopped(ear.session_id, "abandoned")


@virtual_time
async def test_broken_recognizer_is_retried_from_the_checkpoint() -> None:
    ear = Ear(HELLO, AGAIN)
    ear.engine.fails_at = 35_000
    job = await ear.begin()
    await ear.speak(51_000)
    await ear.stop()
    with pytest.raises(RetryLater, match="decoder"):
        await job
    await ear.listen()
    assert ear.engine.opened == [0, 20_000]
    assert [turn.text for turn in await ear.turns()] == ["Hello Luna.", "And again."]
    assert ear.engine.open_sessions == 0


@virtual_time
async def test_failed_session_tells_the_client_and_is_not_served_again() -> None:
    ear = Ear(HELLO)
    await ear.bus.prepare("stt")
    await ear.post()
    await ear.listener.give_up(await ear.claimed(), "given up after 5 attempts")
    error, stopped = await ear.events()
    assert isinstance(error, Error)
    assert (error.code, "given up after 5 attempts" in error.message) == ("stt_failed", True)
    assert stopped == ListeningStopped(ear.session_id, "failed")
    await ear.post()
    await ear.listener.handle(await ear.claimed())
    assert ear.engine.opened == []


@pytest.mark.parametrize("work", [Work("nonsense", session_id=new_id()), Work(new_id())])
@virtual_time
async def test_pointer_without_ids_is_bad_work(work: Work) -> None:
    ear = Ear()
    await ear.bus.prepare("stt")
    await ear.bus.post("stt", work)
    claim = await ear.claimed()
    with pytest.raises(BadWork, match="UUID"):
        await ear.listener.handle(claim)
    await ear.listener.give_up(claim, "bad")


@virtual_time
async def test_turn_event_and_checkpoint_are_one_write() -> None:
    ear = Ear(HELLO)
    job = await ear.begin()
    seen: list[tuple[int, int, bool]] = []
    keys = ear.bus.keys

    def look() -> None:
        turns = len(ear.bus.behind(keys.turns(ear.conversation_id), (0, 0)))
        accepted = [
            e for e in ear.bus.behind(keys.events(ear.conversation_id), (0, 0)) if e.fields[b"type"] == b"turn_accepted"
        ]
        seen.append((turns, len(accepted), turns > 0))
        ear.writes.after(1, look)

    ear.writes.after(1, look)
    await ear.speak(21_000)
    ear.writes.disarm()
    await ear.stop()
    await job
    assert {(turns, accepted) for turns, accepted, _ in seen} == {(0, 0), (1, 1)}
    assert TurnAccepted in {type(event) for event in await ear.events()}

"""A listening session from the microphone's stream to events and turns, with a scripted recognizer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tertulia_shared.bus import Claim, NotOwner, Put
from tertulia_shared.codec import decode, decode_event, envelope, pack
from tertulia_shared.entries import MicChunk, ModelSettings, Speaker, TTSSentence, TurnPlan, UserTurn, Work
from tertulia_shared.events import (
    Error,
    Event,
    Interrupted,
    ListeningStopped,
    TranscriptionFinished,
    TranscriptionUpdate,
    TurnAccepted,
)
from tertulia_shared.ids import new_id, reply_id, spoken_turn_id
from tertulia_shared.keys import SOUND_GRACE_S, Keys
from tertulia_shared.metrics import Metrics
from tertulia_shared.work import BadWork, RetryLater
from tertulia_stt.listener import END_SILENCE_SAMPLES, Listener
from tertulia_stt.settings import STTSettings
from tests.fakes.scripted_recognition import ScriptedRecognition, Utterance
from tests.harness.crashing_process import CountingBus, Writes
from tests.harness.scrape import scraped
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, settle, virtual_time

FRAME = 320
"""The number of samples in 20 ms."""
HELLO = Utterance(3_000, 20_000, "Hello Luna.", [(10_000, "hello"), (16_000, "hello luna")], "hello")
AGAIN = Utterance(30_000, 50_000, "And again.", [(40_000, "and")])
STORY = "The old lighthouse stands at the edge of the bay."


class Ear:
    """One listening session: a listener, and the writes of the gateway and the llm worker."""

    def __init__(self, *script: Utterance, **settings: object) -> None:
        self.writes = Writes()
        self.bus = CountingBus(Keys("test"), self.writes)
        self.engine = ScriptedRecognition(script)
        self.settings = settings_of(STTSettings, **settings)
        self.conversation_id, self.session_id = new_id(), new_id()
        self.plan: TurnPlan | None = None
        self.metrics = Metrics()
        self.frames = 0
        self.claim: Claim | None = None

    @property
    def listener(self) -> Listener:
        return Listener(self.bus, self.engine, self.settings, self.metrics)

    @property
    def results(self) -> dict[str, float]:
        """The numbers of utterances by result, and of those that interrupted a reply."""
        seen = scraped(self.metrics)
        counts = {
            result: seen.of("tertulia_stt_utterances_total", result=result)
            for result in ("turn", "no_words", "ignored")
        } | {"broke_in": seen.of("tertulia_stt_barge_ins_total")}
        return {result: count for result, count in counts.items() if count}

    async def begin(self) -> asyncio.Task[None]:
        """Post the session, and start a worker that serves it."""
        await self.begin_later()
        return asyncio.create_task(self.listen())

    async def begin_later(self) -> None:
        """Post the session; it waits for a worker."""
        await self.bus.prepare("stt")
        await self.bus.prepare("llm")
        await self.post()

    async def die_after(self, writes: int) -> bool:
        """Serve the session with a worker that dies after so many writes. False if it ends before."""
        return await self.bus.crash_after(writes, self.listener.handle(await self.claimed()))

    async def post(self) -> None:
        await self.bus.post("stt", Work(self.conversation_id, session_id=self.session_id))

    async def claimed(self) -> Claim:
        claims = await self.bus.claim("stt", "worker", count=1, block_s=0) or await self.bus.take_over(
            "stt", "worker", idle_s=0, count=1
        )
        self.claim = claims[0]
        return self.claim

    async def listen(self) -> None:
        await self.listener.handle(await self.claimed())

    async def speak(self, until: int, *, frame: int = FRAME) -> None:
        """Write the client's microphone audio up to that sample."""
        outlet = self.bus.outlet()
        while self.frames * FRAME < until:
            self.frames += 1
            chunk = MicChunk(self.frames.to_bytes(2, "little") * frame)
            outlet.append(self.bus.keys.mic(self.conversation_id, self.session_id), chunk, id=f"{self.frames}-0")
        await outlet.flush()
        await settle()

    async def stop(self, cause: str = "stopped") -> None:
        self.frames += 1
        outlet = self.bus.outlet()
        end = MicChunk(b"", is_final=True, cause="stopped" if cause == "stopped" else "abandoned")
        outlet.append(self.bus.keys.mic(self.conversation_id, self.session_id), end, id=f"{self.frames}-0")
        await outlet.flush()

    async def character_speaks(self, *sentences: str) -> None:
        """Write sentences of a reply that is being spoken; further calls continue it."""
        luna = Speaker("luna-id", "Luna", "luna", "You are Luna.")
        if self.plan is None:
            self.plan = TurnPlan(new_id(), "1-0", 0, (luna,), ModelSettings())
            state = Put(self.bus.keys.state(self.conversation_id), {"plan": pack(self.plan.to_wire())})
            await self.bus.transact(self.conversation_id, [state], talk=True)
        message_id = reply_id(self.plan.turn_id, luna.id)
        key = self.bus.keys.sentences(self.conversation_id, message_id)
        before = len(await self.bus.read(key))
        outlet = self.bus.outlet()
        for index, text in enumerate(sentences, before):
            entry = TTSSentence(text, index, self.conversation_id, message_id, luna.id, luna.name, luna.voice)
            outlet.append(key, entry, id=f"{index + 1}-0")
        await outlet.flush()

    async def character_falls_silent(self) -> None:
        await self.bus.transact(self.conversation_id, [], talk=False)

    async def events(self) -> list[Event]:
        return [decode_event(e.fields) for e in await self.bus.read(self.bus.keys.events(self.conversation_id))]

    async def turns(self) -> list[UserTurn]:
        return [decode(UserTurn, e.fields) for e in await self.bus.read(self.bus.keys.turns(self.conversation_id))]

    async def interruptions(self) -> int:
        control = await self.bus.read(self.bus.keys.control(self.conversation_id))
        interrupted = [event for event in await self.events() if isinstance(event, Interrupted)]
        assert len(interrupted) == len(control), "workers and client get the same interruptions"
        return len(interrupted)

    async def epoch(self) -> int:
        return int((await self.bus.hash(self.bus.keys.state(self.conversation_id))).get(b"epoch", b"0"))


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


# -- speaking over a character


def over(text: str, partials: Sequence[tuple[int, str]]) -> Utterance:
    return Utterance(3_000, 40_000, text, partials)


@virtual_time
async def test_words_over_a_character_interrupt_it_once_before_their_final_text() -> None:
    ear = Ear(over("Stop, tell me another.", [(5_000, "stop"), (12_000, "stop tell"), (20_000, "stop tell me")]))
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(10_000)
    assert await ear.interruptions() == 0, "0.1 s may be a cough"
    await ear.speak(13_000)
    assert await ear.interruptions() == 1
    assert await ear.epoch() == 1
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 1
    assert [turn.text for turn in await ear.turns()] == ["Stop, tell me another."]
    assert await ear.epoch() == 2
    assert ear.results == {"turn": 1, "broke_in": 1}


@virtual_time
async def test_length_of_speech_does_not_include_the_silence_after_it() -> None:
    ear = Ear(
        Utterance(3_000, 3_000 + 3_200 + END_SILENCE_SAMPLES, "Hot.")
    )  # 0.2 s of speech, and the silence after it
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 0
    assert await ear.turns() == []


@virtual_time
async def test_final_text_interrupts_if_no_partial_did() -> None:
    ear = Ear(over("Rex?", []))
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 1
    assert len(await ear.turns()) == 1
    assert ear.results == {"turn": 1, "broke_in": 1}


@pytest.mark.parametrize(
    ("text", "partials"),
    [
        ("Mhm, yeah.", [(20_000, "mhm"), (30_000, "mhm yeah")]),
        ("The edge of the bay.", [(20_000, "the edge"), (30_000, "the edge of the")]),
        ("", [(20_000, "uh")]),
    ],
)
@virtual_time
async def test_backchannel_and_echo_do_not_interrupt(text: str, partials: Sequence[tuple[int, str]]) -> None:
    ear = Ear(over(text, partials))
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 0
    assert await ear.turns() == []
    assert await ear.epoch() == 0
    assert ear.results == {"ignored" if text else "no_words": 1}
    assert [e.turn_id for e in await ear.events() if isinstance(e, TranscriptionFinished)] == [""]


@virtual_time
async def test_echo_of_a_later_sentence_is_ignored() -> None:
    ear = Ear(over("Nobody has lived there for years.", [(20_000, "nobody has"), (30_000, "nobody has lived there")]))
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(10_000)
    await ear.character_speaks("Nobody has lived there for years.")
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 0
    assert await ear.turns() == []


@virtual_time
async def test_echo_of_the_last_words_is_ignored_after_the_reply_ended() -> None:
    ear = Ear(over("At the edge of the bay.", [(20_000, "at the edge")]))
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(30_000)
    await ear.character_falls_silent()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.turns() == []


@virtual_time
async def test_answer_that_begins_before_the_reply_ends_becomes_a_turn() -> None:
    ear = Ear(over("Yes.", [(20_000, "yes")]))
    await ear.character_speaks("Do you like lighthouses?")
    job = await ear.begin()
    await ear.speak(30_000)
    await ear.character_falls_silent()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert [turn.text for turn in await ear.turns()] == ["Yes."]
    assert await ear.interruptions() == 0


@virtual_time
async def test_same_words_in_silence_become_a_turn() -> None:
    ear = Ear(over("At the edge of the bay.", [(20_000, "at the edge")]))
    await ear.character_speaks(STORY)
    await ear.character_falls_silent()
    job = await ear.begin()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert len(await ear.turns()) == 1
    assert await ear.interruptions() == 0
    assert ear.results == {"turn": 1}


@virtual_time
async def test_disabled_barge_in_ignores_speech_over_a_character() -> None:
    ear = Ear(over("Stop it now please.", [(20_000, "stop it now")]), stt_barge_in=False)
    await ear.character_speaks(STORY)
    job = await ear.begin()
    await ear.speak(41_000)
    await ear.stop()
    await job
    assert await ear.interruptions() == 0
    assert await ear.turns() == []


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

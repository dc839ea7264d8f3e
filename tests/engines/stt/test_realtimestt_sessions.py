"""Behaviour of realtimestt that the contract of recognition engines does not cover: threads, stalls, long speech, the
end of a session, errors of the model.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from tertulia_stt.engine import (
    EngineUnavailable,
    RecognitionFailed,
    RecognitionSession,
    Silence,
    STTEvent,
    TranscriptionFinished,
    TranscriptionUpdate,
    VadDetectStart,
    VadDetectStop,
)
from tertulia_stt.engines.realtimestt import callbacks as callbacks_module
from tertulia_stt.engines.realtimestt import engine as engine_module
from tertulia_stt.engines.realtimestt import recorder as recorder_module
from tertulia_stt.engines.realtimestt import session as session_module
from tertulia_stt.engines.realtimestt.engine import RealtimeSTTEngine
from tertulia_stt.engines.realtimestt.settings import RealtimeSTTSettings
from tertulia_stt.engines.realtimestt.whisper import SharedWhisper
from tests.fakes.tiny_whisper import SENTENCE
from tests.harness.eventually import PATIENCE_S, eventually
from tests.harness.sound import microphone

pytestmark = pytest.mark.timeout(240, method="signal")

SECOND = 32_000


def pcm(name: str) -> bytes:
    return b"".join(microphone(f"{name}.wav"))


async def hear(session: RecognitionSession, audio: bytes) -> list[STTEvent]:
    await session.feed(audio)
    await session.finish()
    events = [event async for event in session.events()]
    await session.close()
    return events


def finals(events: Sequence[STTEvent]) -> list[TranscriptionFinished]:
    return [event for event in events if isinstance(event, TranscriptionFinished)]


async def test_final_transcript_has_the_text_and_the_position_of_the_speech(engine: RealtimeSTTEngine) -> None:
    events = await hear(await engine.open(), pcm("hello_luna"))
    (final,) = finals(events)
    assert final.text == SENTENCE
    assert {event.text for event in events if isinstance(event, TranscriptionUpdate)} <= {SENTENCE}
    # The recording has speech from 0.5 s to 3.6 s. The pre-roll adds up to 0.5 s before, and the final silence 0.29 s
    # after it.
    assert 0 <= final.start_sample / 16_000 < 0.6
    assert 3.5 < final.speech_end / 16_000 < 3.9
    assert 3.7 < final.end_sample / 16_000 <= len(pcm("hello_luna")) / SECOND


async def test_closed_sessions_leave_no_threads(engine: RealtimeSTTEngine) -> None:
    before = set(threading.enumerate())
    for _ in range(10):
        session = await engine.open()
        await session.feed(pcm("hello_luna")[: SECOND // 4])
        await session.close()

    def gone() -> bool:
        return set(threading.enumerate()) <= before

    await eventually(lambda: gone() or None, "the threads of closed sessions end")


async def test_pause_in_audio_that_is_fed_at_once_separates_two_utterances(engine: RealtimeSTTEngine) -> None:
    assert len(finals(await hear(await engine.open(), pcm("two_utterances")))) == 2


async def test_stall_between_two_words_does_not_end_the_utterance(
    engine: RealtimeSTTEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    speech = pcm("hello_luna")
    said, pause, rest = speech[: 2 * SECOND], bytes(SECOND // 10), speech[2 * SECOND :]
    session = await engine.open()
    await session.feed(said + pause)
    recorder = session._recorder  # pyright: ignore[reportPrivateUsage] - waits until it has processed the audio
    assert await asyncio.to_thread(recorder.drain_audio_input, timeout=PATIENCE_S)
    on_time = time.time
    monkeypatch.setattr(time, "time", lambda: on_time() + 1)  # as after a second in which no thread ran
    assert len(finals(await hear(session, rest))) == 1


async def test_finish_in_the_middle_of_speech_ends_the_utterance_without_waiting_for_silence(
    engine: RealtimeSTTEngine,
) -> None:
    audio = pcm("hello_luna")[: 2 * SECOND]  # in the middle of a sentence
    events = await hear(await engine.open(), audio)
    assert isinstance(events[-1], TranscriptionFinished)
    assert events[-1].text == SENTENCE
    assert events[-1].end_sample == len(audio) // 2


async def test_utterance_longer_than_the_maximum_is_split_without_losing_audio(
    engine: RealtimeSTTEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks_module, "MAX_UTTERANCE_CHUNKS", 40)
    audio = pcm("hello_luna")[: 3 * SECOND]
    cut = finals(await hear(await engine.open(), audio))
    assert len(cut) >= 2
    assert all(final.end_sample - final.start_sample <= (40 + 20) * 512 for final in cut)
    assert cut[0].is_cut
    assert not cut[-1].is_cut
    for one, following in itertools.pairwise(cut):
        assert following.start_sample == one.end_sample


async def test_close_during_a_transcription_leaves_no_thread(
    engine: RealtimeSTTEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = threading.Event(), threading.Event()
    real = SharedWhisper.transcribe

    def slow(self: SharedWhisper, *args: Any) -> Any:
        asked.set()
        go_on.wait()
        return real(self, *args)

    session = await engine.open()
    monkeypatch.setattr(SharedWhisper, "transcribe", slow)
    await session.feed(pcm("hello_luna")[: 2 * SECOND])
    await session.finish()
    await eventually(lambda: asked.is_set() or None, "the model is asked")
    closing = asyncio.create_task(session.close())
    assert finals([event async for event in session.events()]) == []
    go_on.set()
    await closing
    assert not [thread for thread in threading.enumerate() if thread.name == "stt-session"]


async def test_each_session_asks_the_model_with_the_words_that_it_expects(
    engine: RealtimeSTTEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    real = SharedWhisper.transcribe

    def transcribe(self: SharedWhisper, audio: Any, language: str | None, hotwords: str, *args: Any) -> Any:
        asked.add(hotwords)
        return real(self, audio, language, hotwords, *args)

    monkeypatch.setattr(SharedWhisper, "transcribe", transcribe)
    assert len(finals(await hear(await engine.open(), pcm("question_rex")))) == 1
    assert asked == {"Luna, Rex, Sage"}
    session = await engine.open()
    session.expect(["Ivy", "Luna"])
    asked.clear()
    assert len(finals(await hear(session, pcm("question_rex")))) == 1
    assert asked == {"Ivy, Luna"}


async def test_error_of_the_model_fails_only_its_session(
    engine: RealtimeSTTEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = await engine.open(), await engine.open()
    real = SharedWhisper.transcribe

    def fail(*_: Any) -> Any:
        raise RuntimeError("out of memory")

    audio = pcm("question_rex")
    await broken.feed(audio[: 2 * SECOND])
    monkeypatch.setattr(SharedWhisper, "transcribe", fail)
    await broken.finish()
    with pytest.raises(RecognitionFailed, match="out of memory"):
        _ = [event async for event in broken.events()]
    with pytest.raises(RecognitionFailed, match="out of memory"):
        await broken.feed(bytes(2))
    monkeypatch.setattr(SharedWhisper, "transcribe", real)
    assert len(finals(await hear(other, audio))) == 1
    await broken.close()


async def test_session_fails_if_its_recorder_processes_no_audio(
    engine: RealtimeSTTEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "STALLED_S", 0.3)
    session = await engine.open()
    session._recorder.is_running = False  # pyright: ignore[reportPrivateUsage] - its recording thread ends
    with pytest.raises(RecognitionFailed, match="processed no audio"):
        await session.feed(bytes(2 * SECOND))
    with pytest.raises(RecognitionFailed, match="processed no audio"):
        _ = [event async for event in session.events()]
    await session.close()


async def test_open_fails_and_discards_a_recorder_that_is_ready_too_late(
    engine: RealtimeSTTEngine, settings: RealtimeSTTSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, discarded = threading.Event(), threading.Event()
    real = recorder_module.make_recorder

    def hang(*args: Any) -> Any:
        release.wait()
        return real(*args)

    def discard(recorder: Any) -> None:
        recorder_module.shut_down(recorder)
        discarded.set()

    monkeypatch.setattr(engine_module, "make_recorder", hang)
    monkeypatch.setattr(engine_module, "shut_down", discard)
    hurried = settings.model_copy(update={"stt_start_s": 0.2})
    monkeypatch.setattr(engine, "_settings", hurried)
    with pytest.raises(EngineUnavailable, match="fetch-models"):
        await engine.open()
    release.set()
    await eventually(lambda: discarded.is_set() or None, "the late recorder is shut down")


async def test_realtimestt_prints_nothing_to_stdout_and_stderr(
    engine: RealtimeSTTEngine, capfd: pytest.CaptureFixture[str]
) -> None:
    await hear(await engine.open(), pcm("hello_luna")[: 2 * SECOND])
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""


async def test_transcripts_are_never_logged(engine: RealtimeSTTEngine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    session = await engine.open()
    await session.feed(pcm("hello_luna")[:SECOND])
    other = await engine.open()
    events = await hear(session, pcm("hello_luna")[SECOND : 3 * SECOND])
    assert [final.text for final in finals(events)] == [SENTENCE]
    assert SENTENCE not in caplog.text
    assert not [record for record in caplog.records if record.name == "realtimestt"]
    await other.close()


async def test_long_silence_yields_no_utterance(engine: RealtimeSTTEngine) -> None:
    events = await hear(await engine.open(first_sample=100), bytes(SECOND))
    assert [event for event in events if not isinstance(event, Silence)] == [VadDetectStart(100), VadDetectStop(16_100)]
    assert len(events) > 20

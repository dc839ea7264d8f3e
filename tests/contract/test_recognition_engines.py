"""The contract of the recognition port, tested with a fake and with every installed engine whose libraries are
installed.

Engines are found by their entry points. `realtimestt` has an environment of its own, in which `make test-engines` runs
these tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import threading
import wave
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tertulia_stt.engine import (
    EngineUnavailable,
    RecognitionEngine,
    RecognitionFailed,
    RecognitionSession,
    RecordingStop,
    Silence,
    SpeechContinues,
    STTEvent,
    TranscriptionDraft,
    TranscriptionFinished,
    TranscriptionStabilized,
    TranscriptionUpdate,
    VadDetectStart,
    VadDetectStop,
    VadStop,
)
from tests.harness.available_recognizers import WANDER, made_engine, runnable_engines

pytestmark = pytest.mark.timeout(240, method="signal")  # realtimestt takes as long as the speech lasts

FIXTURES = Path(__file__).parent.parent / "fixtures"
FRAME = 1024
MORE_S = 20
"""Maximum length of the additional speech for a busy machine: after 30 s an utterance is split."""
LETTERS = {
    "VadDetectStart": "W",
    "VadDetectStop": "w",
    "Silence": "S",
    "VadStart": "V",
    "RecordingStart": "R",
    "TranscriptionUpdate": "u",
    "TranscriptionStabilized": "s",
    "TranscriptionDraft": "d",
    "SpeechContinues": "c",
    "VadStop": "v",
    "RecordingStop": "r",
    "TranscriptionFinished": "F",
}
ORDER = re.compile(r"WS*(VwR(?:[us]|dc)*d?vrFWS*)*(VwR(?:[us]|dc)*d?vrF|w)")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which engines put small models."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(params=runnable_engines())
async def engine(request: pytest.FixtureRequest, models: Path) -> AsyncIterator[RecognitionEngine]:
    async with made_engine(request.param, models) as engine:
        await engine.start()
        yield engine
        await engine.close()


def assert_same(
    some: Sequence[TranscriptionFinished], others: Sequence[TranscriptionFinished], engine: RecognitionEngine
) -> None:
    """Check that both have the same utterances at the same positions, within the engine's tolerance."""
    wander = WANDER.get(engine.name, 0)
    assert [final.text for final in some] == [final.text for final in others]
    for one, other in zip(some, others, strict=True):
        assert abs(one.start_sample - other.start_sample) <= wander
        assert abs(one.end_sample - other.end_sample) <= wander


def pcm(name: str) -> bytes:
    with wave.open(str(FIXTURES / f"{name}.wav")) as audio:
        assert (audio.getframerate(), audio.getsampwidth(), audio.getnchannels()) == (16_000, 2, 1)
        return audio.readframes(audio.getnframes())


async def hear(session: RecognitionSession, audio: bytes, piece: int = 1280) -> list[STTEvent]:
    """All events of a session for `audio`. The audio is fed completely, in pieces of `piece` bytes."""

    async def feed() -> None:
        for start in range(0, len(audio), piece):
            await session.feed(audio[start : start + piece])
        await session.finish()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed())
        events = [event async for event in session.events()]
    await session.close()
    return events


_HEARD_ALONE: dict[tuple[str, str], list[TranscriptionFinished]] = {}


async def heard_alone(engine: RecognitionEngine, name: str) -> list[TranscriptionFinished]:
    """The utterances of a recording if no other session runs. Each engine recognizes the recording once for all
    tests.
    """
    known = (engine.name, name)
    if known not in _HEARD_ALONE:
        _HEARD_ALONE[known] = finals(await hear(await engine.open(), pcm(name)))
    return _HEARD_ALONE[known]


def finals(events: Sequence[STTEvent]) -> list[TranscriptionFinished]:
    return [event for event in events if isinstance(event, TranscriptionFinished)]


def threads() -> int:
    return sum(thread.name == "stt-session" for thread in threading.enumerate())


async def test_recognition_events_have_a_fixed_order_and_increasing_positions(engine: RecognitionEngine) -> None:
    audio = pcm("two_utterances")
    events = await hear(await engine.open(first_sample=3200), audio)

    assert ORDER.fullmatch("".join(LETTERS[type(event).__name__] for event in events))
    positions = [event.at_sample for event in events]
    assert positions == sorted(positions)
    assert positions[0] == 3200
    assert positions[-1] <= 3200 + len(audio) // 2
    first, second = finals(events)
    assert 3200 <= first.start_sample < first.end_sample <= second.start_sample < second.end_sample


async def test_draft_agrees_with_the_piece_that_ends_after_it(engine: RecognitionEngine) -> None:
    events = await hear(await engine.open(), pcm("two_utterances"))
    texts = [event for event in events if not isinstance(event, VadStop | RecordingStop)]
    for draft, following in itertools.pairwise(texts):
        if isinstance(draft, TranscriptionDraft) and not isinstance(following, SpeechContinues):
            assert isinstance(following, TranscriptionFinished)
            assert (draft.text, draft.start_sample) == (following.text, following.start_sample)
            assert draft.speech_end_sample <= following.speech_end < draft.at_sample


async def test_stable_transcript_is_only_extended_while_the_partial_one_may_change(engine: RecognitionEngine) -> None:
    session, audio, amid = await engine.open(), pcm("hello_luna"), 2 * 32_000
    events: list[STTEvent] = []
    is_shown, is_stable = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        async for event in session.events():
            events.append(event)
            if isinstance(event, TranscriptionUpdate):
                is_shown.set()
            if isinstance(event, TranscriptionStabilized):
                is_stable.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        await session.feed(audio[:amid])
        await is_shown.wait()
        # On a busy machine, the second partial text (the first with a stable part) comes late, so use long speech.
        for _ in range(MORE_S):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await is_stable.wait()
                    break
            await session.feed(audio[amid - 32_000 : amid])
        await session.feed(audio[amid:])
        await session.finish()
    await session.close()

    updates = [event.text for event in events if isinstance(event, TranscriptionUpdate)]
    assert updates
    assert all(before != after for before, after in itertools.pairwise(updates))
    stable = [event.text for event in events if isinstance(event, TranscriptionStabilized)]
    assert stable
    assert all(after.startswith(before) and after != before for before, after in itertools.pairwise(stable))


@pytest.mark.parametrize("piece", [70, 1024, 6400, 10**6])
async def test_recognition_does_not_depend_on_the_sizes_of_audio_pieces(engine: RecognitionEngine, piece: int) -> None:
    expected = await heard_alone(engine, "question_rex")
    assert len(expected) == 1
    assert_same(finals(await hear(await engine.open(), pcm("question_rex"), piece)), expected, engine)


async def test_concurrent_sessions_recognize_their_own_audio(engine: RecognitionEngine) -> None:
    names = ("hello_luna", "question_rex")
    alone = [await heard_alone(engine, name) for name in names]
    sessions = [await engine.open() for _ in names]
    together = await asyncio.gather(*(hear(session, pcm(name)) for session, name in zip(sessions, names, strict=True)))
    for events, expected in zip(together, alone, strict=True):
        assert_same(finals(events), expected, engine)


async def test_finishing_a_recognition_session_returns_the_last_words(engine: RecognitionEngine) -> None:
    audio = pcm("question_rex")
    (whole,) = await heard_alone(engine, "question_rex")
    # this is within the silence that would end the utterance
    cut = audio[: (whole.speech_end + whole.end_sample) // 2 * 2 + 100]

    (final,) = finals(await hear(await engine.open(), cut))

    assert final.text == whole.text
    assert final.end_sample == len(cut) // 2


async def test_recognizer_returns_no_utterance_for_silence(engine: RecognitionEngine) -> None:
    events = await hear(await engine.open(), pcm("silence_noise"))
    assert [type(event) for event in events if not isinstance(event, Silence)] == [VadDetectStart, VadDetectStop]


async def test_silence_after_an_utterance_is_reported_up_to_the_end_of_the_input(engine: RecognitionEngine) -> None:
    audio = pcm("question_rex") + bytes(2 * 32_000)
    events = await hear(await engine.open(), audio)
    (final,) = finals(events)
    silences = [event.at_sample for event in events[events.index(final) :] if isinstance(event, Silence)]
    assert len(audio) // 2 - silences[-1] <= FRAME
    longest_gap = max(after - before for before, after in itertools.pairwise([final.end_sample, *silences]))
    assert longest_gap <= max(FRAME, WANDER.get(engine.name, 0) * 4), "an engine may skip silence while it transcribes"


async def test_speech_of_an_utterance_ends_before_the_pause_that_ends_the_utterance(engine: RecognitionEngine) -> None:
    (final,) = await heard_alone(engine, "question_rex")
    assert not final.is_cut
    assert final.start_sample < final.speech_end < final.end_sample
    pause_ms = (final.end_sample - final.speech_end) * 1000 // 16_000
    assert 200 <= pause_ms <= 400


async def test_recognizer_yields_no_utterance_for_empty_input(engine: RecognitionEngine) -> None:
    events = await hear(await engine.open(first_sample=7), b"")
    assert events == [VadDetectStart(7), VadDetectStop(7)]


async def test_new_recognition_session_continues_after_the_previous_utterance(engine: RecognitionEngine) -> None:
    audio = pcm("two_utterances")
    first, second = finals(await hear(await engine.open(), audio))

    resumed = await engine.open(first_sample=first.end_sample)
    (again,) = finals(await hear(resumed, audio[first.end_sample * 2 :]))

    assert again.text == second.text
    assert abs(again.start_sample - second.start_sample) <= max(FRAME, WANDER.get(engine.name, 0))
    assert abs(again.end_sample - second.end_sample) <= WANDER.get(engine.name, 0)


async def test_session_that_is_closed_during_speech_returns_no_final_text(engine: RecognitionEngine) -> None:
    session = await engine.open()
    await session.feed(pcm("hello_luna")[: 2 * 32_000])
    seen: list[STTEvent] = []
    async for event in session.events():
        seen.append(event)
        if isinstance(event, TranscriptionUpdate):
            await session.close()
    assert isinstance(seen[-1], TranscriptionUpdate)
    assert [event async for event in session.events()] == []
    with pytest.raises(RecognitionFailed, match="ended"):
        await session.feed(b"\0\0")
    await session.close()
    assert threads() == 0


async def test_closing_a_recognition_session_ends_a_read_that_waits(engine: RecognitionEngine) -> None:
    session = await engine.open()

    async def read() -> list[STTEvent]:
        return [event async for event in session.events()]

    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(read())
        await session.close()
    assert len(reader.result()) <= 1


async def test_recognition_sessions_leave_no_thread_behind(engine: RecognitionEngine) -> None:
    for _ in range(10):
        session = await engine.open()
        await session.feed(bytes(FRAME))
        await session.close()
    assert threads() == 0


async def test_closing_a_recognition_engine_closes_its_sessions(engine: RecognitionEngine) -> None:
    session = await engine.open()
    await engine.close()
    assert threads() == 0
    assert [event async for event in session.events()] == []
    with pytest.raises(EngineUnavailable, match="start"):
        await engine.open()


async def test_recognizer_refuses_bad_input_without_any_other_effect(engine: RecognitionEngine) -> None:
    with pytest.raises(ValueError, match="first_sample"):
        await engine.open(first_sample=-1)
    session = await engine.open()
    with pytest.raises(ValueError, match="16-bit"):
        await session.feed(b"\0\0\0")
    assert len(finals(await hear(session, pcm("question_rex")))) == 1


async def test_words_may_be_expected_at_any_time_of_a_recognition_session(engine: RecognitionEngine) -> None:
    audio, amid = pcm("question_rex"), 2 * 32_000
    (expected,) = await heard_alone(engine, "question_rex")
    session = await engine.open()

    async def feed() -> None:
        session.expect(["Rex", "Théo", "花子", "Captain O'Neil", ""])
        await session.feed(audio[:amid])
        session.expect(["Rex", "Ivy"])
        session.expect([])
        await session.feed(audio[amid:])
        await session.finish()
        session.expect(["Rex"])

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed())
        heard = finals([event async for event in session.events()])
    await session.close()
    session.expect(["Rex"])
    assert [final.start_sample for final in heard] == pytest.approx(
        [expected.start_sample], abs=WANDER.get(engine.name, 0)
    )
    assert heard[0].text

"""Callbacks from several threads become events in the order of the port, whatever the order in which they arrive."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tertulia_stt.engine import (
    RecordingStart,
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
    VadStart,
    VadStop,
)
from tertulia_stt.engines.realtimestt.ordering import (
    Began,
    Ended,
    Listening,
    Note,
    Ordering,
    Over,
    Partial,
    Quiet,
    Transcribed,
)

ORDER = re.compile(r"WS*(VwR[us]*vrFWS*)*(VwR[us]*vrF|w)")
LETTERS = {
    VadDetectStart: "W", VadDetectStop: "w", VadStart: "V", RecordingStart: "R", TranscriptionUpdate: "u",
    TranscriptionStabilized: "s", VadStop: "v", RecordingStop: "r", TranscriptionFinished: "F",
    Silence: "S", TranscriptionDraft: "d", SpeechContinues: "c",
}  # fmt: skip


def events_of(*notes: Note, first_sample: int = 0) -> list[STTEvent]:
    ordering = Ordering(first_sample)
    return [event for note in notes for event in ordering.take(note)]


def letters(events: list[STTEvent]) -> str:
    return "".join(LETTERS[type(event)] for event in events)


def test_events_of_one_utterance_are_yielded_in_the_order_of_the_port() -> None:
    assert events_of(
        Listening(0),
        Began(1, 600, 590),
        Partial(1, 700, "Hello"),
        Partial(1, 800, "Hello", is_stable=True),
        Ended(1, 1000, 990, 800),
        Transcribed(1, "Hello.", 100, 1000),
        Over(1200),
    ) == [
        VadDetectStart(0),
        VadStart(590, 590),
        VadDetectStop(590),
        RecordingStart(600),
        TranscriptionUpdate(700, "Hello"),
        TranscriptionStabilized(800, "Hello"),
        VadStop(990),
        RecordingStop(1000),
        TranscriptionFinished(1000, "Hello.", 100, 1000, 800),
        VadDetectStart(1000),
        VadDetectStop(1200),
    ]


def test_no_event_follows_an_utterance_that_was_ended_by_the_end_of_the_input() -> None:
    events = events_of(
        Listening(0), Began(1, 5, 5), Ended(1, 9, 9, 9, is_last=True), Transcribed(1, "Yes", 0, 9), Over(9)
    )
    assert letters(events) == "WVwRvrF"


def test_events_of_the_next_utterance_wait_for_the_final_text_of_the_previous_one() -> None:
    ordering = Ordering(0)
    for note in (Listening(0), Began(1, 5, 5), Ended(1, 9, 9, 8)):
        list(ordering.take(note))
    for note in (Began(2, 12, 12), Partial(2, 13, "And"), Partial(2, 14, "And then"), Ended(2, 20, 20, 18)):
        assert list(ordering.take(note)) == []
    assert ordering.waiting == 3, "of partial texts only the last one waits"
    events = list(ordering.take(Transcribed(1, "First", 0, 9)))
    assert letters(events) == "FWVwRuvr"
    assert events[5] == TranscriptionUpdate(14, "And then")
    assert letters(list(ordering.take(Transcribed(2, "And then", 9, 20)))) == "FW"
    assert ordering.waiting == 0


def test_silence_is_reported_only_while_the_recorder_waits_for_speech() -> None:
    ordering = Ordering(0)
    notes = (Quiet(1), Listening(2), Quiet(3), Quiet(4), Began(1, 5, 5), Quiet(6), Ended(1, 9, 9, 8))
    assert letters([event for note in notes for event in ordering.take(note)]) == "WSSVwRvr"
    for at in (11, 12, 13):
        assert list(ordering.take(Quiet(at))) == []
    assert ordering.waiting == 1, "of notes about silence only the last one waits"
    assert list(ordering.take(Transcribed(1, "One", 0, 9)))[-1] == Silence(13)


def test_speech_of_a_recording_ends_within_the_recording() -> None:
    for speech_end, expected in ((3, 4), (7, 7), (12, 9)):
        events = events_of(Began(1, 5, 5), Ended(1, 9, 9, speech_end, is_cut=True), Transcribed(1, "One", 4, 9))
        assert TranscriptionFinished(9, "One", 4, 9, expected, is_cut=True) in events


def test_partial_text_of_a_finished_utterance_is_dropped() -> None:
    events = events_of(
        Listening(0),
        Began(1, 5, 5),
        Ended(1, 9, 9, 8),
        Partial(1, 9, "late"),
        Transcribed(1, "One", 0, 9),
        Began(2, 12, 12),
        Partial(1, 13, "very late"),
        Listening(13),
    )
    assert letters(events) == "WVwRvrFWVwR"


def test_repeated_partial_texts_are_dropped_and_stable_texts_only_become_longer() -> None:
    partials = [
        Partial(1, 6, "A"),
        Partial(1, 7, "A"),
        Partial(1, 8, ""),
        Partial(1, 9, "A b", is_stable=True),
        Partial(1, 10, "A c", is_stable=True),
        Partial(1, 11, "A b c", is_stable=True),
    ]
    events = events_of(Listening(0), Began(1, 5, 5), *partials)
    assert [event.text for event in events if isinstance(event, TranscriptionUpdate)] == ["A"]
    assert [event.text for event in events if isinstance(event, TranscriptionStabilized)] == ["A b", "A b c"]


@st.composite
def sessions(draw: st.DrawFn) -> list[Note]:
    """Generates the notes of a session as three threads post them: each thread's notes in order, the threads
    interleaved at random.
    """
    count = draw(st.integers(0, 4))
    is_last = draw(st.booleans())
    recording: list[Note] = [Listening(0)]
    partials: list[Note] = []
    for number in range(1, count + 1):
        at = number * 100
        recording.append(Began(number, at, at))
        partials += [
            Partial(number, at + 10 * i, f"{'word ' * i}", is_stable=draw(st.booleans()))
            for i in range(1, draw(st.integers(0, 3)) + 1)
        ]
        recording.append(Ended(number, at + 50, at + 50, at + 40, is_last=is_last and number == count))
    mixed: list[Note] = []
    threads = [recording, partials]
    texts = [Transcribed(number, "text", number * 100 - 20, number * 100 + 50) for number in range(1, count + 1)]
    ended = 0
    while any(threads) or texts:
        ready = [thread for thread in threads if thread] + ([texts] if texts and ended >= texts[0].number else [])
        note = draw(st.sampled_from(ready)).pop(0)
        ended += isinstance(note, Ended)
        mixed.append(note)
        if draw(st.booleans()):
            mixed.append(Quiet(draw(st.integers(0, 1000))))
    return [*mixed, Over(1000)]


@given(sessions())
def test_events_are_yielded_in_the_order_of_the_port_for_any_interleaving_of_threads(notes: list[Note]) -> None:
    events = events_of(*notes)
    assert ORDER.fullmatch(letters(events)), letters(events)
    positions = [event.at_sample for event in events]
    assert positions == sorted(positions)
    assert letters(events).count("F") == sum(isinstance(note, Transcribed) for note in notes)

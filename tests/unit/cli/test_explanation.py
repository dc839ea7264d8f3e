"""Turns explained in sentences, example by example."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tertulia_cli.formatting import time_of_day
from tertulia_cli.inspect.explanation import explain_stuck, explain_turn, is_named
from tertulia_cli.inspect.recording import GivenUp, OpenWork, Piece
from tertulia_cli.inspect.timeline import build
from tertulia_cli.inspect.turns import Turn
from tertulia_shared.bus import UNASSIGNED, Entry
from tertulia_shared.entries import AudioChunk, DeadLetter, UserTurn, Work
from tertulia_shared.events import (
    Error,
    Interrupted,
    MessageComplete,
    MessageHeard,
    MessageResumed,
    MessageStarted,
    TranscriptionFinished,
    TurnAccepted,
    TurnStarted,
    VadStop,
)
from tests.harness.recordings import (
    M1,
    M2,
    SOUND,
    SPOKEN_SENTENCES,
    T0,
    T1,
    T2,
    TYPED,
    C,
    L,
    entry,
    recording,
    replies,
)  # fmt: skip


def turn(events: list[Entry], **more: object) -> Turn:
    """The first turn of a recording."""
    return build(recording(events, sentences={M1: SPOKEN_SENTENCES}, audio={M1: SOUND}, **more)).turns[0]


def asked(text: str, *names: str) -> Turn:
    """A turn that these answered."""
    ids = (M1, M2, T2)
    answering = TurnStarted(T1, replies(*zip(ids, names, strict=False)))
    return build(recording([entry(TurnAccepted(T1, text, "typed"), 0), entry(answering, 4)])).turns[0]


def test_what_was_typed_and_when() -> None:
    assert explain_turn(turn(TYPED))[0] == f"You typed “Hello Luna” at {time_of_day(T0)}."


def test_what_was_said_and_how_long_understanding_took() -> None:
    events = [
        entry(VadStop("s"), -700),
        entry(TranscriptionFinished("s", "Hello", T1), -20),
        entry(TurnAccepted(T1, "Hello", "spoken"), -20),
    ]
    assert explain_turn(turn(events)) == [
        f"You said “Hello”, to the end at {time_of_day(T0 - 700)}; 680 ms later it was understood."
    ]


@pytest.mark.parametrize(
    ("text", "names", "why"),
    [
        ("Luna, hello", ("Luna",), "Luna answered because you named Luna."),
        ("rex and LUNA's cat", ("Rex", "Luna"), "Rex and Luna answered because you named them, in this order."),
        ("Hello", ("Ana", "Rex", "Sage"), "Ana, Rex and Sage answered because you named nobody: then all do, in turn."),
        ("Hello", ("Luna",), "Luna answered because you named nobody, and nobody else was at the table."),
        ("Ana?", ("Ana", "ルナ"), "Ana and ルナ answered."),
    ],
    ids=["one named", "two named", "nobody named", "nobody else there", "not to be told"],
)  # fmt: skip
def test_why_these_answered(text: str, names: tuple[str, ...], why: str) -> None:
    assert explain_turn(asked(text, *names))[1] == why


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("José Luis", "jose, hello", True), ("Luna", "Luna's", True), ("Luna", "LUNA", True),
        ("Luna", "lunatic", False), ("Anne", "Anne-Marie", False), ("A", "a", False),
    ],
    ids=["accents", "possessive", "case", "inside a word", "a longer name", "one letter"],
)  # fmt: skip
def test_who_is_named(name: str, text: str, *, named: bool) -> None:
    assert is_named(name, text) is named


def test_where_the_time_went_with_the_share_of_the_longest_step() -> None:
    assert explain_turn(turn(TYPED))[2] == (
        "It took 4 ms until an llm worker took it, 146 ms until the model's first token (88 %), 10 ms until its first "
        "sentence was complete, 5 ms until the first sound of it. That is 165 ms to the first sound."
    )


def test_a_turn_on_its_way_is_explained_as_far_as_it_is() -> None:
    events = [*TYPED[:3], entry(MessageStarted(M1, T1, L, "Luna"), 6)]
    lines = explain_turn(build(recording(events)).turns[0])
    assert lines[2] == "It took 4 ms until an llm worker took it."
    assert lines[3] == "Luna's reply is being written: 0 sentences so far."


def test_a_worker_that_was_lost_while_writing() -> None:
    events = [*TYPED[:6], entry(MessageResumed(M1, L, "Hi. "), 3_280), *TYPED[6:]]
    assert (
        "The worker that wrote Luna's reply was lost in sentence 3; another one went on with it 3.1 s after the last "
        "sign of the first."
    ) in explain_turn(turn(events))


def test_a_worker_that_was_lost_while_speaking() -> None:
    pieces = [SOUND[0], replace(SOUND[1], ts=T0 + 3_365), *SOUND[2:]]
    (only,) = build(recording(TYPED, sentences={M1: SPOKEN_SENTENCES}, audio={M1: pieces}, owners={M1: "5-0/2"})).turns
    assert (
        "Luna's reply was given to a tts worker 2 times: those before the last were lost or failed. The longest gap in "
        "its sound is 3.2 s, in sentence 1."
    ) in explain_turn(only)


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        ("Hi.", "Of Luna's 2 sentences 1 was heard, and that is what is remembered."),
        ("Hi.We", "Of Luna's 2 sentences 1 and a part of the next were heard, and that is what is remembered."),
        ("H", "Of Luna's 2 sentences a part of the first was heard, and that is what is remembered."),
        ("Hi.Well.", "Of Luna's 2 sentences 2 were heard, and that is what is remembered."),
        ("", "Of Luna's 2 sentences none was heard, and that is what is remembered."),
    ],
    ids=["one", "more than one", "less than one", "all", "nothing"],
)
def test_what_was_heard_when_you_cut_in(heard: str, told: str) -> None:
    events = [*TYPED, entry(Interrupted("turn"), 4_365, 2), entry(MessageHeard(M1, L, heard), 4_400, 2)]
    assert explain_turn(turn(events))[-1] == f"You cut in 4.2 s after the first sound. {told}"


def test_cutting_in_before_there_was_anything_to_hear() -> None:
    events = [*TYPED[:4], entry(Interrupted("request"), 90, 2), entry(MessageComplete(M1, L, "", "interrupted"), 91)]
    (only,) = build(recording(events)).turns
    assert explain_turn(only)[-1] == "You cut in 90 ms later, before anything was to be heard."


def test_what_went_wrong_is_told_in_its_own_words() -> None:
    events = [*TYPED, entry(Error("llm_auth", "The key was refused.", T1), 220)]
    assert explain_turn(turn(events))[-1] == "It went wrong: The key was refused. [llm_auth]"


# -- what is stuck


def stuck(**more: object) -> list[str]:
    """What is said of a recording of `TYPED` with these."""
    return explain_stuck(build(recording(TYPED, **more)))


TTS_WORK = OpenWork("tts", "5-0", Work(C, M1), T0 + 7_000, "")
WORKERS = ("llm:h-1-a:demo", "tts:h-2-b:espeak")


def test_where_nothing_waits_nothing_is_said() -> None:
    assert stuck(workers=WORKERS) == []


def test_a_stage_without_a_worker() -> None:
    first, second = stuck(open_work=[TTS_WORK], workers=WORKERS[:1])
    assert first.startswith("Nobody takes work of stage tts: no tts worker is alive. Start one (`tertulia run`")
    assert second == "tts work 5-0 on Luna's reply, posted 3 s ago, waits for a worker."


def test_a_stage_whose_workers_are_busy() -> None:
    assert stuck(open_work=[TTS_WORK], workers=WORKERS) == [
        "tts work 5-0 on Luna's reply, posted 3 s ago, waits for a worker: the 1 worker of the stage must be busy."
    ]


@pytest.mark.parametrize(
    ("worker", "idle_s", "told"),
    [
        ("h-2-b", 0.4, "is held by h-2-b (attempt 2), heard of 0.4 s ago."),
        ("h-2-b", 2.5, "is held by h-2-b (attempt 2), heard of 2.5 s ago. It waits for its next attempt."),
        ("h", 8.0, "is held by h (attempt 2), heard of 8.0 s ago. It is not alive: a peer takes over after its lease."),
        (UNASSIGNED, 9e4, "was handed back and waits for a worker."),
    ],
    ids=["at work", "failed", "lost", "handed back"],
)  # fmt: skip
def test_who_holds_it(worker: str, idle_s: float, told: str) -> None:
    held = replace(TTS_WORK, worker=worker, idle_s=idle_s, attempt=2)
    (line,) = stuck(open_work=[held], workers=WORKERS)
    assert line == f"tts work 5-0 on Luna's reply, posted 3 s ago, {told}"


def test_why_the_last_attempt_failed() -> None:
    held = replace(TTS_WORK, worker="h-2-b", idle_s=0.1, attempt=2, last_failure="RetryLater: no device")
    (line,) = stuck(open_work=[held], workers=WORKERS)
    assert line.endswith("Its last attempt failed: RetryLater: no device.")


def test_what_was_given_up_points_at_the_remedy() -> None:
    (line,) = stuck(dead=[GivenUp("9-0", T0, DeadLetter("tts", "5-0", 3, "no voice", C, M1))])
    assert line == (
        f"tts work on the reply of Luna was given up at {time_of_day(T0)} after 3 attempts: no voice. "
        "`tertulia dead show 9-0` says what can be done."
    )


def test_a_turn_that_waits_without_a_pointer() -> None:
    (line,) = stuck(turns=[entry(UserTurn(T2, C, "x", "typed"), 0)], workers=WORKERS)
    assert line == f"Turn {T2} has not been begun; an llm worker looks for such turns every 15 s."


def test_pieces_without_their_sentences_are_no_fault() -> None:
    """The sentences may have expired, or be of another release."""
    chunk = AudioChunk(b"\0" * 4_800, 0, 0, C, M1, L)
    (only,) = build(recording(TYPED, audio={M1: [Piece(0, T0 + 165, len(chunk.audio), is_final=False)]})).turns
    assert explain_turn(only)[0].startswith("You typed")

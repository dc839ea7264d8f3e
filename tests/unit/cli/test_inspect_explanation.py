"""The explanations of `tertulia inspect`: the facts in each sentence."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tertulia_cli.formatting import time_of_day
from tertulia_cli.inspect.explanation import explain_stuck, explain_turn
from tertulia_cli.inspect.json_output import timeline_json
from tertulia_cli.inspect.snapshot import GivenUp, OpenWork, Piece
from tertulia_cli.inspect.timeline import build
from tertulia_cli.inspect.turns import Turn
from tertulia_shared.bus import UNASSIGNED, Entry
from tertulia_shared.entries import AudioChunk, DeadLetter, UserTurn, Work
from tertulia_shared.events import (
    Error,
    HistoryChanged,
    Interrupted,
    LoreUsed,
    MessageComplete,
    MessageHeard,
    MessageResumed,
    MessageStarted,
    TranscriptionFinished,
    TurnAccepted,
    TurnExtended,
    TurnStarted,
    VadStop,
)
from tests.harness.sample_snapshot import (
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
    replies,
    snapshot,
)  # fmt: skip


def turn(events: list[Entry], **more: object) -> Turn:
    """The first turn of a snapshot."""
    return build(snapshot(events, sentences={M1: SPOKEN_SENTENCES}, audio={M1: SOUND}, **more)).turns[0]


def answered_by(*names: str, reason: str | None) -> Turn:
    """A turn that these characters answered, with the reason that the llm worker gave."""
    given = {} if reason is None else {"reason": reason}
    started = TurnStarted(T1, tuple({**reply, **given} for reply in replies(*zip((M1, M2, T2), names, strict=False))))
    return build(snapshot([entry(TurnAccepted(T1, "Hello", "typed"), 0), entry(started, 4)])).turns[0]


def test_explanation_quotes_a_typed_message_with_its_time() -> None:
    line = explain_turn(turn(TYPED))[0]
    assert "typed “Hello Luna”" in line
    assert time_of_day(T0) in line


def test_explanation_quotes_a_spoken_message_with_its_transcription_time() -> None:
    events = [
        entry(VadStop("s"), -700),
        entry(TranscriptionFinished("s", "Hello", T1), -20),
        entry(TurnAccepted(T1, "Hello", "spoken"), -20),
    ]
    (line,) = explain_turn(turn(events))
    assert "said “Hello”" in line
    assert time_of_day(T0 - 700) in line
    assert "680 ms later" in line


@pytest.mark.parametrize(
    ("names", "reason", "explanation"),
    [
        (("Luna",), "named", "Luna answered because you named Luna."),
        (("Rex", "Luna"), "named", "Rex and Luna answered because you named them, in this order."),
        (("Ana", "Rex", "Sage"), "everyone", "Ana, Rex and Sage answered because your message was for everyone."),
        (("Luna",), "everyone", "Luna answered as the only active character."),
        (("Luna",), "follow_up", "Luna answered because your message was about what Luna had said."),
        (
            ("Luna", "Rex"),
            "chosen",
            "Luna and Rex answered because they were chosen: your message was addressed to no one.",
        ),
        (("Luna",), "chosen", "Luna answered because it was chosen: your message was addressed to no one."),
        (("Luna",), "in_turn", "Luna answered because it was Luna's turn."),
        (("Luna", "Rex"), "asked", "Luna and Rex answered because you chose them."),
        (("Luna",), "goes_on", "Luna answered because you asked for more."),
        (("Rex",), "discussion", "Rex answered because you asked the characters to talk among themselves."),
        (("Ana", "ルナ"), None, "Ana and ルナ answered."),
        (("Luna",), "a later one", "Luna answered."),
    ],
    ids=[
        "one named",
        "two named",
        "all",
        "the only one",
        "follow-up",
        "two chosen",
        "one chosen",
        "in turn",
        "button",
        "going on",
        "discussion",
        "older worker",
        "newer worker",
    ],
)
def test_explanation_says_why_each_character_answers(
    names: tuple[str, ...], reason: str | None, explanation: str
) -> None:
    assert explain_turn(answered_by(*names, reason=reason))[1].startswith(explanation)


def test_explanation_tells_a_discussion_from_the_answers_before_it() -> None:
    events = [
        entry(TurnAccepted(T1, "", "request"), 0),
        entry(TurnStarted(T1, ({**replies((M1, "Luna"))[0], "reason": "asked"},)), 4),
        entry(TurnExtended(T1, replies((M2, "Rex"))), 8),
    ]
    lines = explain_turn(build(snapshot(events)).turns[0])
    assert lines[0].startswith("You asked for a reply at ")
    assert lines[1:3] == ["Luna answered because you chose Luna.", "Then the characters talked among themselves: Rex."]


@pytest.mark.parametrize(
    ("change", "explanation"),
    [
        (HistoryChanged(T1, "replaced", M2, (M1, T2)), f"Message {M2} took the place of 2 messages."),
        (HistoryChanged(T1, "chosen", M1, (M2,), ({}, {})), f"Message {M1} came back in the place of 1 message, with"),
        (HistoryChanged(T1, "removed", M1, (M1,)), f"Message {M1} was removed from the conversation."),
    ],
)
def test_explanation_says_what_the_turn_changed_of_the_past(change: HistoryChanged, explanation: str) -> None:
    lines = explain_turn(build(snapshot([entry(TurnAccepted(T1, "", "change"), 0), entry(change, 2)])).turns[0])
    assert lines[0].startswith("You chose a version of a message, or deleted a message, at ")
    assert lines[1].startswith(explanation)


def test_explanation_gives_the_share_of_the_longest_step_to_the_first_sound() -> None:
    line = explain_turn(turn(TYPED))[2]
    assert re.findall(r"\d+ (?:ms|%)", line) == ["4 ms", "146 ms", "88 %", "10 ms", "5 ms", "165 ms"]


def test_explanation_of_a_running_turn_ends_at_its_last_step() -> None:
    events = [*TYPED[:3], entry(MessageStarted(M1, T1, L, "Luna"), 6)]
    lines = explain_turn(build(snapshot(events)).turns[0])
    assert "4 ms" in lines[2]
    assert lines[3] == "Luna's reply is being written: 0 sentences so far."


def test_explanation_of_a_resumed_reply_has_the_sentence_and_the_gap() -> None:
    events = [*TYPED[:6], entry(MessageResumed(M1, L, "Hi. "), 3_280), *TYPED[6:]]
    (line,) = [line for line in explain_turn(turn(events)) if "was lost" in line]
    assert "Luna's reply" in line
    assert "sentence 3" in line
    assert "3.1 s" in line


def test_explanation_of_a_second_tts_attempt_has_the_longest_gap() -> None:
    pieces = [SOUND[0], replace(SOUND[1], ts=T0 + 3_365), *SOUND[2:]]
    (only,) = build(snapshot(TYPED, sentences={M1: SPOKEN_SENTENCES}, audio={M1: pieces}, owners={M1: "5-0/2"})).turns
    (line,) = [line for line in explain_turn(only) if "claimed" in line]
    assert "Luna's reply 2 times" in line
    assert "3.2 s, in sentence 1" in line


@pytest.mark.parametrize(
    ("heard", "count"),
    [
        ("Hi.", "1 was heard"),
        ("Hi.We", "1 and a part of the next were heard"),
        ("H", "a part of the first was heard"),
        ("Hi.Well.", "2 were heard"),
        ("", "none was heard"),
    ],
    ids=["one", "more than one", "less than one", "all", "nothing"],
)
def test_explanation_of_an_interruption_counts_the_heard_sentences(heard: str, count: str) -> None:
    events = [*TYPED, entry(Interrupted("turn"), 4_365, 2), entry(MessageHeard(M1, L, heard), 4_400, 2)]
    line = explain_turn(turn(events))[-1]
    assert line.startswith("You interrupted 4.2 s after the first sound.")
    assert f"Of Luna's 2 sentences {count}" in line


def test_explanation_covers_an_interruption_before_the_first_sound() -> None:
    events = [*TYPED[:4], entry(Interrupted("request"), 90, 2), entry(MessageComplete(M1, L, "", "interrupted"), 91)]
    (only,) = build(snapshot(events)).turns
    assert explain_turn(only)[-1] == "You interrupted 90 ms later, before the first sound."


def test_explanation_quotes_an_error_with_its_code() -> None:
    events = [*TYPED, entry(Error("llm_auth", "The key was refused.", T1), 220)]
    assert explain_turn(turn(events))[-1].endswith("The key was refused. [llm_auth]")


# -- stuck work


def stuck(**more: object) -> list[str]:
    """The explanation of stuck work in a snapshot of `TYPED`."""
    return explain_stuck(build(snapshot(TYPED, **more)))


TTS_WORK = OpenWork("tts", "5-0", Work(C, M1), T0 + 7_000, "")
WORKERS = ("llm:h-1-a:demo", "tts:h-2-b:espeak")


def test_stuck_work_report_is_empty_without_stuck_work() -> None:
    assert stuck(workers=WORKERS) == []


def test_stuck_work_report_names_a_stage_without_a_worker() -> None:
    first, second = stuck(open_work=[TTS_WORK], workers=WORKERS[:1])
    assert first.startswith("No tts worker is alive")
    assert "`tertulia run`" in first
    assert second == "tts work 5-0 on Luna's reply, posted 3 s ago, waits for a worker."


def test_stuck_work_report_names_a_stage_with_busy_workers() -> None:
    (line,) = stuck(open_work=[TTS_WORK], workers=WORKERS)
    assert line.endswith("the 1 worker of the stage must be busy.")


@pytest.mark.parametrize(
    ("worker", "idle_s", "state"),
    [
        ("h-2-b", 0.4, "is held by h-2-b (attempt 2), last renewed 0.4 s ago."),
        ("h-2-b", 2.5, "is held by h-2-b (attempt 2), last renewed 2.5 s ago. It waits for its next attempt."),
        ("h", 8.0, "is held by h (attempt 2), last renewed 8.0 s ago. This worker is not alive"),
        (UNASSIGNED, 9e4, "was requeued and waits for a worker."),
    ],
    ids=["running", "failed", "lost", "requeued"],
)
def test_stuck_work_report_names_the_worker_of_claimed_work(worker: str, idle_s: float, state: str) -> None:
    held = replace(TTS_WORK, worker=worker, idle_s=idle_s, attempt=2)
    (line,) = stuck(open_work=[held], workers=WORKERS)
    assert line.startswith(f"tts work 5-0 on Luna's reply, posted 3 s ago, {state}")


def test_stuck_work_report_quotes_the_last_failure() -> None:
    held = replace(TTS_WORK, worker="h-2-b", idle_s=0.1, attempt=2, last_failure="RetryLater: no device")
    (line,) = stuck(open_work=[held], workers=WORKERS)
    assert line.endswith("RetryLater: no device.")


def test_stuck_work_report_gives_the_reason_of_a_dead_letter_and_the_next_command() -> None:
    (line,) = stuck(dead=[GivenUp("9-0", T0, DeadLetter("tts", "5-0", 3, "no voice", C, M1))])
    assert "reply of Luna" in line
    assert time_of_day(T0) in line
    assert "after 3 attempts: no voice." in line
    assert "`tertulia dead show 9-0`" in line


def test_stuck_work_report_names_a_turn_without_a_work_pointer() -> None:
    (line,) = stuck(turns=[entry(UserTurn(T2, C, "x", "typed"), 0)], workers=WORKERS)
    assert line.startswith(f"Turn {T2} has not been started")


def test_turn_with_sound_but_without_sentences_can_be_explained() -> None:
    """The sentences have expired, or another release wrote them."""
    chunk = AudioChunk(b"\0" * 4_800, 0, 0, C, M1, L)
    (only,) = build(snapshot(TYPED, audio={M1: [Piece(0, T0 + 165, len(chunk.audio), is_final=False)]})).turns
    assert explain_turn(only)[0].startswith("You typed")


def test_explanation_names_the_entries_of_lorebooks_in_the_prompt() -> None:
    tower = {"name": "The\x1b tower", "source": "conversation"}
    bones = {"name": "Bones", "source": "character"}
    first, again = LoreUsed(M1, (bones,)), LoreUsed(M1, (tower, bones), ("Moon",))
    timeline = build(snapshot([*TYPED, entry(first, 5), entry(again, 6)]))
    lines = explain_turn(timeline.turns[0])
    assert any("conversation's lorebook: “The  tower”" in line for line in lines)
    assert any("own lorebook: “Bones”" in line for line in lines)
    assert any("did not fit" in line and "“Moon”" in line for line in lines)
    message = timeline_json(timeline)["turns"][0]["messages"][0]
    assert (message["lore"], message["lore_left_out"]) == ([tower, bones], ["Moon"])
    plain = explain_turn(build(snapshot(TYPED)).turns[0])
    assert not any("lorebook" in line for line in plain)

"""The timeline of a conversation, from entries in Redis to the printed report."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tertulia_cli.exit_codes import Failure
from tertulia_cli.inspect import tables
from tertulia_cli.inspect.command import choose
from tertulia_cli.inspect.snapshot import GivenUp, Listed, OpenWork, list_conversations, take_snapshot
from tertulia_cli.inspect.timeline import build
from tertulia_cli.inspect.turns import Timeline
from tertulia_shared.bus import Append, Bus, Entry, Put
from tertulia_shared.entries import AudioChunk, DeadLetter, UserTurn, Work
from tertulia_shared.events import (
    Error,
    Event,
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
from tests.harness.sample_snapshot import (
    M1,
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
    sentence,
    snapshot,
)


def typed() -> Timeline:
    return build(snapshot(TYPED, sentences={M1: SPOKEN_SENTENCES}, audio={M1: SOUND}))


def test_timeline_has_the_time_of_each_step_of_a_reply() -> None:
    timeline = typed()
    (turn,) = timeline.turns
    luna, rex = turn.messages.values()
    assert timeline.demo
    assert [(name, at - turn.zero) for name, at in turn.steps] == [("turn accepted", 0), ("turn started", 4)]
    assert [(name, at - turn.zero) for name, at in luna.steps] == [
        ("started", 6),
        ("first text", 150),
        ("first sentence", 160),
        ("first sound", 165),
        ("text complete", 200),
        ("sound complete", 206),
    ]
    assert turn.complete == T0 + 210
    assert luna.status == "complete"
    assert (rex.status, rex.steps) == ("not begun", [])


def test_timeline_matches_sentences_with_their_sound() -> None:
    first, second = typed().turns[0].messages[M1].sentences.values()
    assert (first.text, first.written - T0, first.first_sound, first.last_sound) == ("Hi.", 160, T0 + 165, T0 + 170)
    assert (first.chunks, first.seconds) == (2, 1.5)
    assert (second.chunks, second.seconds) == (1, 1.0)


def test_timeline_of_a_spoken_turn_starts_at_the_end_of_speech() -> None:
    (turn,) = build(
        snapshot(
            [
                entry(VadStop("s"), -700),
                entry(TranscriptionFinished("s", "Hello", T1), -20),
                entry(TurnAccepted(T1, "Hello", "spoken"), -20),
            ]
        )
    ).turns
    assert turn.zero == T0 - 700
    assert [(name, at - turn.zero) for name, at in turn.steps] == [
        ("speech ended", 0),
        ("transcribed", 680),
        ("turn accepted", 680),
    ]


def test_timeline_has_resumptions_and_the_heard_text() -> None:
    (turn,) = build(
        snapshot(
            [
                *TYPED[:5],
                entry(MessageResumed(M1, L, "Hi. "), 3_500),
                entry(Interrupted("turn"), 3_600, 2),
                entry(MessageComplete(M1, L, "Hi. So", "interrupted"), 3_605),
                entry(MessageHeard(M1, L, "Hi."), 3_610),
            ]
        )
    ).turns
    luna = turn.messages[M1]
    assert (luna.resumed, luna.status, luna.text, luna.heard) == (1, "interrupted", "Hi. So", "Hi.")
    assert turn.interrupted


def test_timeline_does_not_mark_a_completed_turn_as_interrupted() -> None:
    (turn,) = build(snapshot([*TYPED, entry(Interrupted("turn"), 9_000, 2)])).turns
    assert not turn.interrupted


def test_timeline_assigns_errors_to_their_turn() -> None:
    events = [
        *TYPED[:4],
        entry(Error("tts_failed", "no voice", message_id=M1), 9),
        entry(Error("llm_auth", "no key", T1), 9),
    ]
    (turn,) = build(snapshot(events)).turns
    assert turn.errors == ["no voice [tts_failed]", "no key [llm_auth]"]


def test_timeline_skips_entries_of_another_release() -> None:
    newer = Entry("9-0", {b"v": b"99", b"type": b"llm_chunk", b"ts": b"1", b"epoch": b"1"})
    foreign = Entry("9-1", {b"v": b"1", b"type": b"client_changed", b"ts": b"1", b"epoch": b"1"})
    assert len(build(snapshot([newer, foreign, *TYPED])).turns) == 1


def test_turn_without_turn_started_is_listed_as_waiting() -> None:
    turns = [entry(UserTurn(id, C, "x", "typed"), 0) for id in (T1, T2)]
    assert build(snapshot(TYPED, turns=turns)).waiting == (T2,)


def shown(timeline: Timeline) -> str:
    out = io.StringIO()
    tables.show_timeline(Console(file=out, width=160, highlight=False), timeline)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_inspect_report_has_steps_sentences_and_totals() -> None:
    text = shown(typed())
    head, rest = text.split("\n\n", 1)
    assert head == f"Conversation {C}  (epoch 1, demo model)"
    lines = rest.splitlines()
    assert lines[0].endswith(f"typed  epoch 1  complete  {T1}")
    assert lines[1].startswith("  You typed “Hello Luna” at ")
    assert lines[3].startswith("  It took 4 ms ")
    assert lines[4:6] == [
        "  turn accepted 0 → turn started 4 (+4) ms",
        f"  Luna  complete  9 characters, 2.5 s of speech  {M1}",
    ]
    assert lines[6] == (
        "    started 6 → first text 150 (+144) → first sentence 160 (+10) → first sound 165 (+5) → "
        "text complete 200 (+35) → sound complete 206 (+6) ms"
    )
    assert [" ".join(line.split()) for line in lines[7:10]] == [
        "# sentence written first sound (after) sound complete length chunks",
        "0 Hi. 160 ms 165 ms +5 ms 170 ms 1.50 s 2",
        "1 Well. 200 ms 205 ms +5 ms 205 ms 1.00 s 1",
    ]
    assert lines[-1] == "no work is waiting, none was given up"


def test_inspect_report_ends_with_open_work_and_dead_letters() -> None:
    text = shown(
        build(
            snapshot(
                TYPED,
                turns=[entry(UserTurn(T2, C, "x", "typed"), 0)],
                open_work=[OpenWork("tts", "5-0", Work(C, M1), T0 + 7_000, "boom")],
                dead=[GivenUp("9-0", T0, DeadLetter("llm", "4-0", 5, "no model", C))],
            )
        )
    )
    assert f"Turn {T2} " in text
    assert "No tts worker is alive" in text
    assert "tts work 5-0 on Luna's reply" in text
    assert "failed: boom." in text
    assert "`tertulia dead show 9-0`" in text


def test_inspect_report_contains_no_control_characters() -> None:
    timeline = build(snapshot([entry(TurnAccepted(T1, "a\x1b[2Jb\nc [bold]d", "typed"), 0)]))
    assert "“a [2Jb c [bold]d”" in shown(timeline)


SAID = "say [/b] now [bold]\x1b[2Jthis"
SHOWN = "say [/b] now [bold] [2Jthis"


def test_inspect_report_does_not_interpret_markup() -> None:
    events = [
        entry(TurnAccepted(T1, SAID, "typed"), 0),
        entry(TurnStarted(T1, replies((M1, SAID))), 4),
        entry(MessageStarted(M1, T1, L, SAID), 6),
        entry(MessageComplete(M1, L, SAID, "failed"), 10),
        entry(MessageHeard(M1, L, SAID), 11),
        entry(Error("llm_auth", SAID, T1), 12),
    ]
    dead = [GivenUp("9-0", T0, DeadLetter("llm", "4-0", 5, SAID, C))]
    timeline = build(snapshot(events, sentences={M1: [entry(sentence(SAID, 0), 8)]}, dead=dead))
    text = shown(timeline)
    assert "\x1b" not in text
    assert text.count(SHOWN) >= 6
    assert f"   0  {SHOWN}" in text
    assert f"    heard: “{SHOWN}”" in text
    out = io.StringIO()
    console = Console(file=out, width=160, highlight=False)
    tables.show_message(console, timeline, timeline.turns[0].messages[M1], SOUND)
    tables.show_list(console, [Listed(SAID, T0, SAID, answered=True)], T0)
    assert "\x1b" not in out.getvalue()
    assert f"  “{SHOWN}”" in out.getvalue()
    assert out.getvalue().splitlines()[-2].count(SHOWN) == 2


def test_timeline_skips_entries_with_malformed_fields() -> None:
    good = entry(sentence("Hi.", 0), 160)
    bad = [Entry("2-0", {**good.fields, name: b"many"}) for name in (b"index", b"ts")]
    bad += [Entry("2-0", {**good.fields, name: b"\xff"}) for name in (b"text", b"written")]
    timeline = build(
        snapshot(TYPED, state={b"epoch": b"many"}, sentences={M1: [*bad, good, *bad]}, owners={M1: "5-0/first"})
    )
    assert timeline.epoch == 0
    luna = timeline.turns[0].messages[M1]
    assert [(each.index, each.text) for each in luna.sentences.values()] == [(0, "Hi.")]
    assert luna.attempts == 0


async def test_inspect_skips_unreadable_entries_in_redis(bus: Bus) -> None:
    keys, outlet = bus.keys, bus.outlet()
    outlet.append(keys.turns(C), UserTurn(T1, C, "Hello", "typed"))
    outlet.append(keys.events(C), MessageStarted(M1, T1, L, "Luna"))
    outlet.append(keys.events(C), MessageStarted(M1, T1, L, "Luna"), message_id=b"\xff")
    outlet.append(keys.events(C), TurnAccepted(T1, "Hello", "typed"), type="message_started")
    outlet.append(keys.audio(C, M1), AudioChunk(b"\0\0", 0, 0, C, M1, L), id="1-1")
    outlet.append(keys.audio(C, M1), AudioChunk(b"\0\0", 0, 0, C, M1, L), id="1-2", sentence_index="many")
    outlet.append(keys.dead(), DeadLetter("tts", "1-0", 5, "broken", "x"), conversation_id=b"\xff")
    outlet.put(keys.state(C), {"cursor": b"\xff"})
    await outlet.flush()
    (listed,) = await list_conversations(bus)
    assert not listed.answered
    found = await take_snapshot(bus, C, T0)
    assert [piece.id for piece in found.audio[M1]] == ["1-1"]
    assert list(found.audio) == [M1]
    assert found.dead == []


async def test_inspect_reads_a_conversation_through_the_bus(bus: Bus) -> None:
    keys = bus.keys
    event: Event = TurnStarted(T1, replies((M1, "Luna")))
    await bus.prepare("tts")
    await bus.transact(
        C,
        [
            Append(keys.turns(C), UserTurn(T1, C, "Hello Luna", "typed")),
            Append(keys.events(C), TurnAccepted(T1, "Hello Luna", "typed")),
            Append(keys.events(C), event),
            Append(keys.events(C), MessageStarted(M1, T1, L, "Luna")),
            Append(keys.sentences(C, M1), sentence("Hi.", 0), "1-0"),
            Append(keys.audio(C, M1), AudioChunk(b"\0" * 4_800, 0, 0, C, M1, L), "1-1"),
            Append(keys.audio(C, M1), AudioChunk(b"", 1, 0, C, M1, L, is_final=True), "2-0"),
            Put(keys.state(C), {"cursor": "0-0"}),
        ],
        raise_epoch=True,
        then=("tts", Work(C, M1)),
    )
    outlet = bus.outlet()
    outlet.append(keys.dead(), DeadLetter("tts", "1-0", 5, "broken", C, M1))
    await outlet.flush()
    (listed,) = await list_conversations(bus)
    assert (listed.id, listed.last_text, listed.answered) == (C, "Hello Luna", False)
    timeline = build(await take_snapshot(bus, C, T0))
    (turn,) = timeline.turns
    luna = turn.messages[M1]
    assert timeline.epoch == 1
    assert luna.sentences[0].seconds == 0.1
    assert luna.sound_complete is not None
    assert [each.work.message_id for each in timeline.open_work] == [M1]
    assert [each.letter.reason for each in timeline.dead] == ["broken"]


def listed(id: str) -> Listed:
    return Listed(id, T0, "hi", answered=True)


def test_inspect_finds_a_conversation_by_the_start_of_its_id() -> None:
    there = [listed("abc1"), listed("abd2")]
    assert choose("last", there) == "abc1"
    assert choose("ABD", there) == "abd2"
    assert choose("abc1", there) == "abc1"
    with pytest.raises(Failure, match="2 conversations begin with ab"):
        choose("ab", there)
    with pytest.raises(Failure, match="no conversation x"):
        choose("x", there)
    with pytest.raises(Failure, match="no conversation last"):
        choose("last", [])


def test_inspect_lists_the_most_recent_conversations() -> None:
    out = io.StringIO()
    many = [listed(f"id-{number}") for number in range(25)]
    tables.show_list(Console(file=out, width=160, highlight=False), many, T0 + 90_000)
    text = out.getvalue()
    assert "id-19" in text
    assert "id-20" not in text
    assert "and 5 older ones" in text
    assert "2 min ago" in text


def test_inspect_reports_that_there_are_no_conversations() -> None:
    out = io.StringIO()
    tables.show_list(Console(file=out, width=160), [], T0)
    assert "No conversation in Redis" in out.getvalue()

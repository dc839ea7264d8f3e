"""One line for each entry of `tertulia inspect --follow`."""

from __future__ import annotations

import json

import pytest

from tertulia_cli.inspect.lines import Line, LineFormatter, StreamRef, as_json, as_text
from tertulia_shared.bus import Entry
from tertulia_shared.entries import (
    AudioChunk,
    DeadLetter,
    Interrupt,
    Receipt,
    StoreWrite,
    UserTurn,
    Work,
)
from tertulia_shared.events import (
    Error,
    HistoryChanged,
    Interrupted,
    LLMChunk,
    MessageComplete,
    MessageStarted,
    TurnAccepted,
    TurnConfirmed,
    TurnExtended,
    TurnReopened,
    TurnStarted,
    VadStart,
)
from tests.harness.sample_snapshot import (
    M1,
    T0,
    T1,
    T2,
    C,
    L,
    entry,
    replies,
    sentence,
)  # fmt: skip

STARTED = TurnStarted(T1, replies((M1, "Luna")))


def formatted(kind: str, what: object) -> tuple[str, str]:
    """The `who` and `what` of an entry's line, after Luna's message was announced."""
    formatter = LineFormatter()
    formatter.format(StreamRef("events", C), entry(STARTED, 0))
    line = formatter.format(StreamRef(kind, C), entry(what, 1))
    return line.who, line.what


@pytest.mark.parametrize(
    ("kind", "what", "line"),
    [
        ("turns", UserTurn(T1, C, "Hello", "typed"), ("you", "typed “Hello”")),
        ("turns", UserTurn(T1, C, "", "change", change="delete", message_id=M1), ("you", f"delete message {M1}")),
        (
            "events",
            HistoryChanged(T1, "replaced", M1, (T2,)),
            ("", f"history_changed: replaced {M1}, 1 removed, 0 restored"),
        ),
        ("events", TurnAccepted(T1, "Hello", "spoken"), ("you", "turn_accepted “Hello”")),
        (
            "turns",
            UserTurn(T1, C, "Hello", "spoken", 2, tentative=True),
            ("you", "spoken, version 2 (tentative) “Hello”"),
        ),
        ("turns", UserTurn(T1, C, "", "request"), ("you", "request for a reply")),
        ("turns", UserTurn(T1, C, "", "request", replies=6), ("you", "request for at most 6 replies")),
        ("events", TurnAccepted(T1, "Hello", "spoken", tentative=True), ("you", "turn_accepted (tentative) “Hello”")),
        ("events", TurnReopened(T1), ("you", "turn_reopened")),
        ("events", TurnConfirmed(T1), ("you", "turn_confirmed")),
        ("events", STARTED, ("", "turn_started: Luna will answer")),
        ("events", TurnExtended(T1, replies((M1, "Luna"))), ("", "turn_extended: Luna will answer")),
        ("events", MessageStarted(M1, T1, L, "Luna"), ("Luna", "message_started")),
        ("events", LLMChunk("Hi. ", L, M1), ("Luna", "llm_chunk “Hi. ”")),
        ("events", MessageComplete(M1, L, "Hi."), ("Luna", "message_complete: complete, 3 characters")),
        ("events", Error("llm_auth", "no key"), ("", "error llm_auth: no key")),
        ("events", Interrupted("turn"), ("you", "interrupted (turn)")),
        ("events", VadStart("s"), ("", "vad_start")),
        ("sentences", sentence("Hi.", 0), ("Luna", "sentence 1 “Hi.”")),
        ("sentences", sentence("", 1, final=True), ("Luna", "no more sentences")),
        ("audio", AudioChunk(b"\0" * 4_800, 1, 2, C, M1, L), ("Luna", "sound of sentence 2, chunk 3: 100 ms")),
        ("audio", AudioChunk(b"", 2, 0, C, M1, L, is_final=True), ("Luna", "no more sound")),
        ("receipts", Receipt(M1, 1, 3, 4_200), ("you", "heard Luna to sentence 2, 4.2 s in all")),
        ("control", Interrupt("request"), ("you", "interrupt (request)")),
        ("work:tts", Work(C, M1), ("", f"posted: message {M1}")),
        ("work:stt", Work(C, session_id=T2), ("", f"posted: listening session {T2}")),
        ("work:llm", Work(C), ("", "posted: a conversation's turns")),
        ("dead", DeadLetter("tts", "5-0", 3, "no voice"), ("", "given up: tts work 5-0: no voice")),
        ("store", StoreWrite("message", C, M1, b"x"), ("", "waits for the store: a message")),
        ("store:held", StoreWrite("settings", C, "", b"x"), ("", "waits for the store: settings")),
    ],
    ids=lambda value: f"{type(value).__name__}" if not isinstance(value, str | tuple) else None,
)
def test_follow_prints_an_entry_as_one_line(kind: str, what: object, line: tuple[str, str]) -> None:
    assert formatted(kind, what) == line


def test_follow_reports_an_entry_of_a_newer_release_as_unreadable() -> None:
    newer = Entry("9-0", {b"v": b"99", b"type": b"llm_chunk", b"ts": b"1", b"epoch": b"1"})
    line = LineFormatter().format(StreamRef("events", C), newer)
    assert line.what.startswith("cannot be read by this release: it was written by a newer release (schema version 99")


def test_follow_reports_a_malformed_audio_entry_as_unreadable() -> None:
    bad = entry(AudioChunk(b"\0\0", 1, 2, C, M1, L), 0)
    line = LineFormatter().format(StreamRef("audio", C, M1), Entry(bad.id, {**bad.fields, b"chunk_index": b"many"}))
    assert line.what.startswith("cannot be read by this release: AudioChunk entry: field 'chunk_index'")


def test_followed_line_contains_no_control_characters() -> None:
    line = Line(T0, "1-0", "events", C, M1, "Lu\x1bna", "said\x1b[2J\nmore")
    text = as_text(line, every_conversation=True)
    assert text.endswith(" 00000000 events             Lu na    said [2J more")
    assert "\x1b" not in as_text(Line(T0, "1-0", "dead", "\x1b[2J", "", "", ""), every_conversation=True)
    assert C[:8] not in as_text(line, every_conversation=False)


def test_followed_json_line_has_stable_field_names() -> None:
    assert json.loads(json.dumps(as_json(Line(T0, "1-0", "events", C, M1, "Luna", "x")))) == {
        "ts": T0, "id": "1-0", "stream": "events", "conversation_id": C, "message_id": M1, "who": "Luna", "what": "x",
    }  # fmt: skip

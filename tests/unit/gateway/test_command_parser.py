"""The parser converts any text frame to a command or a problem, and never raises."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_gateway.command_parser import parse, parse_resume
from tertulia_gateway.commands import (
    AudioMark,
    ChangeAnswering,
    ChangeCast,
    ChangeNote,
    ChangePersona,
    ChangeSettings,
    ChangeUserName,
    Command,
    Played,
    Problem,
    RequestReply,
    Resume,
    StopReplies,
    UserMessage,
)
from tertulia_shared.entries import Receipt
from tertulia_shared.model_settings import SETTING_RANGES

TYPES = (
    "user_message", "start_listening", "stop_listening", "model_settings", "refresh_characters", "new_conversation",
    "resume", "interrupt", "playback", "request_reply", "answering", "cast", "user_name", "persona", "note",
)  # fmt: skip
FIELDS = (
    "text", "turn_id", "conversation_id", "last_event_id", "last_audio", "message_id", "id", "sentence_index",
    "chunk_index", "played_ms", "model", "to", "character_id", "replies", "mode", "muted", "discussion",
    "characters", "told", "name", "persona_id", "depth",
    *SETTING_RANGES,
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([str(uuid4()), "1-1", "²-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=6),
    max_leaves=12,
)


def frame(kind: object, data: object) -> str:
    return json.dumps({"type": kind, "data": data})


@given(st.text())
def test_any_text_is_parsed_without_raising(text: str) -> None:
    assert isinstance(parse(text), Problem | Command)


@given(JSON)
def test_any_json_is_parsed_without_raising(value: Any) -> None:
    assert isinstance(parse(json.dumps(value)), Problem | Command)


@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6))
def test_any_data_of_a_known_type_is_parsed_without_raising(kind: str, data: dict[str, Any]) -> None:
    parsed = parse(frame(kind, data))
    if isinstance(parsed, Problem):
        assert parsed.code in {"bad_field", "bad_json"}
        assert kind in parsed.message or parsed.code == "bad_json"


@given(st.dictionaries(st.sampled_from(["conversation_id", "last_event_id", "last_audio"]), st.text()))
def test_any_query_of_the_websocket_url_is_parsed_without_raising(query: dict[str, str]) -> None:
    assert isinstance(parse_resume(query), Problem | Resume)


def test_message_text_is_trimmed_and_refused_if_it_is_empty_or_too_long() -> None:
    assert parse(frame("user_message", {"text": " a\nb\t "})) == UserMessage("a\nb")
    assert parse(frame("user_message", {"text": "x" * 8000 + "  "})) == UserMessage("x" * 8000)
    assert isinstance(parse(frame("user_message", {"text": "x" * 8001})), Problem)


def test_data_is_optional_and_unknown_fields_are_ignored() -> None:
    assert parse('{"type": "interrupt"}') == StopReplies()
    assert parse('{"type": "interrupt", "data": null, "more": 1}') == StopReplies()
    assert parse(frame("user_message", {"text": "a", "mood": "good"})) == UserMessage("a")


@pytest.mark.parametrize("name", SETTING_RANGES)
def test_model_settings_are_accepted_up_to_their_bounds_and_refused_beyond(name: str) -> None:
    low, high = SETTING_RANGES[name]
    for value in (low, high, None):
        assert parse(frame("model_settings", {name: value})) == ChangeSettings({name: value})
    wrong: tuple[object, ...] = (low - 1, high + 1, "1", True, [], 1e999)
    for value in wrong:
        assert isinstance(parse(frame("model_settings", {name: value})), Problem)


def test_problem_names_all_invalid_model_settings() -> None:
    problem = parse(frame("model_settings", {"top_p": 2, "min_p": -1, "temperature": 1}))
    assert isinstance(problem, Problem)
    assert "`top_p`" in problem.message
    assert "`min_p`" in problem.message
    assert "`temperature`" not in problem.message


def test_resume_command_is_parsed_with_and_without_marks() -> None:
    c, m = str(uuid4()), str(uuid4())
    assert parse(frame("resume", {"conversation_id": c})) == Resume(c)
    marks = {"conversation_id": c, "last_event_id": "17-0", "last_audio": {"message_id": m, "id": "2-3"}}
    assert parse(frame("resume", marks)) == Resume(c, "17-0", AudioMark(m, "2-3"))
    assert parse_resume({"conversation_id": c, "last_event_id": "17-0", "last_audio": f"{m}/2-3"}) == Resume(
        c, "17-0", AudioMark(m, "2-3")
    )


@pytest.mark.parametrize("bad", ["-1", "1", "1-", "a-b", "1-1-1", "²-1", "1" * 20 + "-0", 17, {}])
def test_malformed_event_id_is_refused(bad: object) -> None:
    problem = parse(frame("resume", {"conversation_id": str(uuid4()), "last_event_id": bad}))
    assert isinstance(problem, Problem)
    assert "last_event_id" in problem.message


def test_receipt_is_parsed_and_refused_if_a_number_is_out_of_range() -> None:
    m = str(uuid4())
    data = {"message_id": m, "sentence_index": 1, "chunk_index": 2, "played_ms": 1234.5}
    assert parse(frame("playback", data)) == Played(Receipt(m, 1, 2, 1234))
    for name in ("sentence_index", "chunk_index", "played_ms"):
        for bad in (-1, True, None, 10**12, "1"):
            assert isinstance(parse(frame("playback", data | {name: bad})), Problem)
    assert parse(frame("playback", data | {"gaps": 2, "gap_ms": 300.5})) == Played(Receipt(m, 1, 2, 1234), 2, 300)
    for wrong in ({"gaps": 1001}, {"gaps": "2"}, {"gaps": 1, "gap_ms": -1}):
        assert isinstance(parse(frame("playback", data | wrong)), Problem)


def test_problem_quotes_only_the_beginning_of_a_long_type() -> None:
    problem = parse(frame("x" * 500, {}))
    assert isinstance(problem, Problem)
    assert "x" * 41 not in problem.message


A, B = "6f9619ff-8b86-4011-b42d-00c04fc964f1", "6f9619ff-8b86-4011-b42d-00c04fc964f2"


@pytest.mark.parametrize(("to", "expected"), [(None, ""), ([], "nobody"), ([A], A), ([A, B], f"{A},{B}")])
def test_addressees_of_a_message_are_parsed(to: list[str] | None, expected: str) -> None:
    assert parse(frame("user_message", {"text": "Hi", "to": to})) == UserMessage("Hi", to=expected)


@pytest.mark.parametrize("to", ["nobody", {}, [1], ["Luna"], [A] * 21, 0, False])
def test_message_with_addressees_that_are_no_ids_is_refused(to: object) -> None:
    parsed = parse(frame("user_message", {"text": "Hi", "to": to, "turn_id": A}))
    assert isinstance(parsed, Problem)
    assert (parsed.code, parsed.turn_id) == ("bad_field", A)
    assert "`to`" in parsed.message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, RequestReply()),
        ({"character_id": A, "turn_id": B}, RequestReply(A, B)),
        ({"replies": 6}, RequestReply(replies=6)),
        ({"character_id": A, "greeting": 2}, RequestReply(A, greeting=2)),
        ({"greeting": 2}, "`greeting` needs a `character_id`"),
        ({"character_id": A, "greeting": 52}, "`greeting` must be a number from 0 to 51"),
        ({"replies": 21}, "from 0 to 20"),
        ({"replies": -1}, "from 0 to 20"),
        ({"character_id": "Luna"}, "`character_id` must be a UUID"),
    ],
)
def test_request_for_a_reply_is_parsed_or_refused(data: dict[str, Any], expected: RequestReply | str) -> None:
    parsed = parse(frame("request_reply", data))
    if isinstance(expected, str):
        assert isinstance(parsed, Problem)
        assert expected in parsed.message
    else:
        assert parsed == expected


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, ""), ({"mode": "named"}, ""), ({"mode": None}, ""), ({"muted": [A]}, ""), ({"discussion": 6}, ""),
        ({"mode": "all"}, "fitting, everyone, named, in_turn"), ({"muted": "x"}, "list of at most 100 ids"),
        ({"muted": [A] * 101}, "list of at most 100 ids"), ({"discussion": True}, "from 0 to 20"),
        ({"discussion": 21}, "from 0 to 20"), ({"modes": 1}, "known are mode, muted, discussion"),
        ({"mode": 3, "discussion": -1}, "`mode`.*`discussion`"),
    ],
)  # fmt: skip
def test_change_of_who_answers_is_parsed_or_refused(data: dict[str, Any], problem: str) -> None:
    parsed = parse(frame("answering", data))
    if problem:
        assert isinstance(parsed, Problem)
        assert re.search(problem, parsed.message)
    else:
        assert parsed == ChangeAnswering(data)


@pytest.mark.parametrize(
    ("data", "name"), [({}, None), ({"name": None}, ""), ({"name": " Ana  Maria "}, "Ana Maria"), ({"other": 1}, None)]
)
def test_user_name_is_cleaned_and_null_restores_the_default(data: dict[str, Any], name: str | None) -> None:
    assert parse(json.dumps({"type": "user_name", "data": data})) == ChangeUserName(name)


@pytest.mark.parametrize("name", ["", "x" * 41, "A\nna", 5, "<b>", []])
def test_impossible_user_name_is_refused(name: object) -> None:
    problem = parse(json.dumps({"type": "user_name", "data": {"name": name}}))
    assert isinstance(problem, Problem)
    assert problem.code == "bad_field"
    assert problem.message.startswith("user_name: `name` ")


def test_persona_command_is_read() -> None:
    persona_id = str(uuid4())
    assert parse(frame("persona", {"persona_id": persona_id})) == ChangePersona(persona_id)
    assert parse(frame("persona", {"persona_id": None})) == ChangePersona("")
    assert parse(frame("persona", {})) == ChangePersona(None)


def test_note_command_is_read_and_cleaned() -> None:
    assert parse(frame("note", {"text": " a\nb\x07 ", "depth": 0})) == ChangeNote("a\nb", 0)
    assert parse(frame("note", {"text": ""})) == ChangeNote("")
    query = parse(frame("note", {"text": None}))
    assert isinstance(query, ChangeNote)
    assert query.is_query


@pytest.mark.parametrize(
    ("kind", "data", "problem"),
    [
        ("persona", {"persona_id": "Ada"}, "`persona_id` must be a UUID"),
        ("note", {"text": 5}, "`text` must be a string"),
        ("note", {"text": "x" * 2_001}, "at most 2000 are allowed"),
        ("note", {"depth": 51}, "`depth` must be a whole number from 0 to 50"),
        ("note", {"depth": True}, "`depth` must be a whole number from 0 to 50"),
    ],
)
def test_impossible_persona_or_note_is_refused(kind: str, data: dict[str, object], problem: str) -> None:
    refused = parse(frame(kind, data))
    assert isinstance(refused, Problem)
    assert problem in refused.message


def test_cast_command_is_read() -> None:
    ids = (str(uuid4()), str(uuid4()))
    assert parse(frame("cast", {"characters": list(ids), "told": True})) == ChangeCast(ids, told=True)
    assert parse(frame("cast", {"characters": None})) == ChangeCast()
    assert parse(frame("cast", {"told": False})) == ChangeCast(told=False, has_characters=False)
    query = parse(frame("cast", {}))
    assert isinstance(query, ChangeCast)
    assert query.is_query


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"characters": "Luna"}, "`characters` must be a list of at most 20 ids"),
        ({"characters": ["Luna"]}, "`characters` must be a list of at most 20 ids"),
        ({"told": "yes"}, "`told` must be true or false"),
        ({"seats": []}, "`seats` is not known"),
    ],
)
def test_impossible_cast_is_refused(data: dict[str, object], problem: str) -> None:
    refused = parse(frame("cast", data))
    assert isinstance(refused, Problem)
    assert problem in refused.message

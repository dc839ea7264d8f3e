"""Encoded entries can be decoded again and are readable by a person. An undecodable entry raises only BadEntry."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia_shared import codec, entries
from tertulia_shared.codec import BadEntry, Envelope, UnknownVersion
from tertulia_shared.entries import DeadLetter, MicChunk, ModelSettings, Speaker, TTSSentence, TurnPlan, UserTurn
from tertulia_shared.events import EVENTS, Event, TurnComplete, TurnStarted

ENTRIES = [
    entries.Work, entries.MicChunk, entries.UserTurn, entries.TTSSentence, entries.AudioChunk, entries.Interrupt,
    entries.Refresh, entries.Receipt, entries.DeadLetter, entries.ModelSettings, entries.ModelRequest,
    entries.ModelAnswer,
]  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
INTEGER = st.integers(-(2**63), 2**63 - 1)
COUNT = st.integers(0, 10**18 - 1)
PLAIN = st.recursive(
    st.none() | st.booleans() | INTEGER | st.floats(allow_nan=False) | TEXT | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
MAPPING = st.dictionaries(TEXT, PLAIN, max_size=3)


def value_of(hint: Any) -> st.SearchStrategy[Any]:
    """A strategy for any value of a field's type."""
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        return st.lists(MAPPING, max_size=3).map(tuple)
    if get_origin(hint) is not None and issubclass(get_origin(hint), Mapping):
        return MAPPING
    if dataclasses.is_dataclass(hint):
        return any_of(cast("type[Any]", hint))
    if type(None) in get_args(hint):
        return st.none() | value_of(next(choice for choice in get_args(hint) if choice is not type(None)))
    known: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXT, int: COUNT, bytes: st.binary(), bool: st.booleans(),
        float: st.floats(allow_nan=False, allow_infinity=False),
    }  # fmt: skip
    return known[hint]


def any_of(cls: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls)
    return st.builds(cls, **{field.name: value_of(hints[field.name]) for field in dataclasses.fields(cls)})


def wire(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    """The fields as Redis returns them."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


@pytest.mark.parametrize("cls", ENTRIES)
@settings(max_examples=25)
@given(data=st.data(), ts=st.integers(0, 2**50), epoch=st.integers(0, 2**31))
def test_decoded_entry_equals_the_encoded_one(cls: type, data: st.DataObject, ts: int, epoch: int) -> None:
    entry = data.draw(any_of(cls))
    fields = wire(codec.encode(entry, ts=ts, epoch=epoch))
    assert codec.decode(cls, fields) == entry
    assert codec.envelope(fields) == Envelope(ts, epoch)


@pytest.mark.parametrize("cls", EVENTS.values(), ids=lambda cls: cls.type)
@settings(max_examples=25)
@given(data=st.data())
def test_decoded_event_equals_the_encoded_one(cls: type[Event], data: st.DataObject) -> None:
    event = data.draw(any_of(cls))
    fields = wire(codec.encode(event, ts=1, epoch=0))
    assert codec.decode_event(fields) == event
    as_dict = codec.as_dict(cls, fields)
    assert as_dict == {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}


@given(any_of(ModelSettings), st.lists(any_of(Speaker), max_size=3), st.lists(TEXT, max_size=3))
def test_unpacked_turn_plan_equals_the_packed_one(
    wanted: ModelSettings, speakers: list[Speaker], others: list[str]
) -> None:
    plan = TurnPlan("t", "1-0", 3, tuple(speakers), wanted, tuple(others))
    assert codec.known(TurnPlan, codec.unpack(codec.pack(plan.to_wire()))) == plan


PLAN = TurnPlan(
    "t", "1-0", 3, (Speaker("l", "Luna", "luna", "You."),), ModelSettings(temperature=1, top_k=3), ("Luna",)
)


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"epoch": "three"}, "TurnPlan: field 'epoch': str instead of int"),
        ({"epoch": True}, "TurnPlan: field 'epoch': bool instead of int"),
        ({"epoch": None}, "TurnPlan: field 'epoch': NoneType instead of int"),
        ({"turn_id": b"t"}, "TurnPlan: field 'turn_id': bytes instead of str"),
        ({"speakers": "Luna"}, "TurnPlan: field 'speakers': str instead of a list"),
        ({"others": ["Luna", 5]}, "TurnPlan: field 'others': int instead of str"),
        ({"settings": {"temperature": b"hot"}}, "ModelSettings: field 'temperature': bytes instead of float or int or"),
        ({"settings": {"top_k": 0.5}}, "ModelSettings: field 'top_k': float instead of int or NoneType"),
    ],
    ids=["a word", "a bool", "nothing", "bytes", "no list", "in a list", "settings", "a fraction"],
)
def test_error_names_the_nested_field_with_a_wrong_type(wrong: Mapping[str, Any], what: str) -> None:
    assert codec.known(TurnPlan, PLAN.to_wire()) == PLAN
    with pytest.raises(BadEntry, match=what):
        codec.known(TurnPlan, {**PLAN.to_wire(), **wrong})


@given(st.dictionaries(st.sampled_from([b"v", b"type", b"text", b"turn_id", b"replies", b"metrics"]), st.binary()))
def test_decoding_arbitrary_bytes_raises_only_bad_entry(fields: dict[bytes, bytes]) -> None:
    for known in ({}, {b"v": b"1"}, {b"v": b"1", b"type": b"turn_started"}, {b"v": b"1", b"type": b"turn_metrics"}):
        try:
            codec.decode_event({**fields, **known})
        except BadEntry:
            continue


@given(st.sampled_from(ENTRIES), st.data())
def test_decoding_an_arbitrary_field_raises_only_bad_entry(cls: type, data: st.DataObject) -> None:
    names = [field.name.encode() for field in dataclasses.fields(cls)]
    fields = {name: data.draw(st.binary(max_size=20)) for name in names}
    try:
        codec.decode(cls, {b"v": b"1", **fields})
    except BadEntry as error:
        assert cls.__name__ in str(error)  # noqa: PT017 - it may also succeed


def test_encoded_entry_is_readable_text() -> None:
    sentence = TTSSentence("¿Qué tal?", 2, "c", "m", "luna", "Luna", "es", is_final=True)
    assert codec.encode(sentence, ts=7, epoch=1) == [
        b"v", b"1", b"ts", b"7", b"epoch", b"1",
        b"text", "¿Qué tal?".encode(), b"index", b"2", b"conversation_id", b"c", b"message_id", b"m",
        b"character_id", b"luna", b"character_name", b"Luna", b"voice_id", b"es", b"is_final", b"1",
    ]  # fmt: skip


def test_encoded_entry_omits_fields_with_their_default_value() -> None:
    fields = wire(codec.encode(MicChunk(b"\x00\x01"), ts=1, epoch=0))
    assert set(fields) == {b"v", b"ts", b"epoch", b"pcm"}
    assert codec.decode(MicChunk, fields) == MicChunk(b"\x00\x01", is_final=False, cause="")


def test_encoded_event_has_its_type_and_extra_fields() -> None:
    flat = codec.encode(TurnComplete("t"), ts=1, epoch=0, spans=b"\x80", n=2)
    assert wire(flat)[b"type"] == b"turn_complete"
    assert (wire(flat)[b"spans"], wire(flat)[b"n"]) == (b"\x80", b"2")


def test_unknown_fields_of_an_entry_are_ignored() -> None:
    fields = {**wire(codec.encode(TurnComplete("t"), ts=1, epoch=0)), b"mood": b"good"}
    assert codec.decode_event(fields) == TurnComplete("t")


def test_error_names_the_missing_field() -> None:
    fields = wire(codec.encode(UserTurn("t", "c", "Hi", "typed"), ts=1, epoch=0))
    del fields[b"turn_id"]
    with pytest.raises(BadEntry, match="UserTurn entry lacks the field 'turn_id'"):
        codec.decode(UserTurn, fields)


@pytest.mark.parametrize(
    ("cls", "name", "raw"),
    [
        (DeadLetter, b"attempts", b"three"),
        (UserTurn, b"text", b"\xff"),
        (ModelSettings, b"temperature", b"\xc1"),
        (ModelSettings, b"temperature", b"\x01\x02"),
        (TurnStarted, b"replies", b"\x05"),
    ],
)
def test_error_names_the_unreadable_field(cls: type, name: bytes, raw: bytes) -> None:
    good = {DeadLetter: DeadLetter("llm", "1-0", 3, "why"), UserTurn: UserTurn("t", "c", "Hi", "typed"),
            ModelSettings: ModelSettings(), TurnStarted: TurnStarted("t", ())}[cls]  # fmt: skip
    fields = {**wire(codec.encode(good, ts=1, epoch=0)), name: raw}
    with pytest.raises(BadEntry, match=name.decode()):
        codec.decode(cls, fields)


@pytest.mark.parametrize("version", [b"2", b"10"])
def test_entry_of_a_newer_release_is_refused_with_advice(version: bytes) -> None:
    fields = {**wire(codec.encode(UserTurn("t", "c", "Hi", "typed"), ts=1, epoch=0)), b"v": version}
    with pytest.raises(UnknownVersion, match="update this worker"):
        codec.decode(UserTurn, fields)
    with pytest.raises(UnknownVersion):  # the version is checked before the type
        codec.decode_event({b"v": version, b"type": b"thought_read"})


@pytest.mark.parametrize("version", [{}, {b"v": b""}, {b"v": b"one"}, {b"v": b"-1"}])
def test_entry_without_a_schema_version_is_refused(version: dict[bytes, bytes]) -> None:
    with pytest.raises(BadEntry, match="version"):
        codec.decode_event({**version, b"type": b"turn_complete", b"turn_id": b"t"})


@pytest.mark.parametrize("kind", [{}, {b"type": b"thought_read"}, {b"type": b"\xff\xfe"}])
def test_event_of_an_unknown_type_is_refused(kind: dict[bytes, bytes]) -> None:
    with pytest.raises(BadEntry, match="type"):
        codec.decode_event({b"v": b"1", **kind})


@pytest.mark.parametrize("fields", [{}, {b"ts": b"1"}, {b"ts": b"x", b"epoch": b"1"}, {b"ts": b"1", b"epoch": b""}])
def test_entry_with_an_unreadable_envelope_is_refused(fields: dict[bytes, bytes]) -> None:
    with pytest.raises(BadEntry, match="envelope"):
        codec.envelope(fields)


def test_text_of_a_missing_field_is_the_default() -> None:
    assert codec.text({b"a": "ñ".encode()}, b"a") == "ñ"
    assert codec.text({}, b"a", "else") == "else"
    with pytest.raises(BadEntry, match="'a'"):
        codec.text({}, b"a")


@pytest.mark.parametrize("raw", [b"", b"\xc1", b"\x01\x01", b"\x92\x01"])
def test_unpack_refuses_bytes_that_are_not_msgpack(raw: bytes) -> None:
    with pytest.raises(BadEntry):
        codec.unpack(raw)

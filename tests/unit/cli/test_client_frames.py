"""Parsing of WebSocket frames."""

from __future__ import annotations

import contextlib

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_cli.client.frames import Audio, BadFrame, Event, parse_audio, parse_event

FRAME = {
    "type": "audio", "message_id": "m", "character_id": "c", "sentence_index": 0, "chunk_index": 1, "id": "1-2",
    "sample_rate": 24000, "pcm": b"\0\0",
}  # fmt: skip


def test_text_frame_is_parsed_as_an_event_with_its_envelope() -> None:
    event = parse_event('{"type": "llm_chunk", "text": "hi", "event_id": "5-0", "epoch": 3}')
    assert (event.type, event.id, event.epoch, event.text("text"), event.text("none")) == (
        "llm_chunk",
        "5-0",
        3,
        "hi",
        "",
    )


def test_binary_frame_is_parsed_as_audio() -> None:
    assert parse_audio(msgpack.packb(FRAME)) == Audio("m", "c", 0, 1, "1-2", 24000, b"\0\0")


def test_client_ignores_unknown_event_types_and_fields() -> None:
    assert parse_audio(msgpack.packb({**FRAME, "type": "video"})) is None
    assert parse_audio(msgpack.packb({**FRAME, "loudness": 1})) is not None
    assert parse_event('{"type": "new_thing", "what": 1}').type == "new_thing"


@pytest.mark.parametrize(
    "frame", ["", "[]", "{}", '{"type": 1}', '{"type": "x", "event_id": 5}', '{"type":"x","epoch":"y"}']
)
def test_malformed_text_frame_is_refused(frame: str) -> None:
    with pytest.raises(BadFrame):
        parse_event(frame)


@given(
    st.binary(max_size=60) | st.builds(msgpack.packb, st.dictionaries(st.sampled_from(list(FRAME)), st.integers(-9, 9)))
)
def test_arbitrary_binary_frame_parses_or_raises_bad_frame(frame: bytes) -> None:
    with contextlib.suppress(BadFrame):
        assert not isinstance(parse_audio(frame), Event)


@given(st.text(max_size=60))
def test_arbitrary_text_frame_parses_or_raises_bad_frame(frame: str) -> None:
    with contextlib.suppress(BadFrame):
        assert isinstance(parse_event(frame), Event)

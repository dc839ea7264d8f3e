"""Events and audio are serialized into the client's frames."""

from __future__ import annotations

import msgpack
import orjson
import pytest

from tertulia_gateway.serialization import answer_json, audio_frame, event_json, settings_json
from tertulia_shared.codec import BadEntry, Fields, encode
from tertulia_shared.entries import AudioChunk, ModelSettings
from tertulia_shared.events import AudioComplete, LLMChunk, TurnStarted


def stored(entry: object) -> Fields:
    """The fields of the entry, in the form in which Redis returns them."""
    flat = [str(v).encode() if isinstance(v, int | float) else v for v in encode(entry, ts=1, epoch=2)]
    raw = [v.encode() if isinstance(v, str) else v for v in flat]
    return dict(zip(raw[::2], raw[1::2], strict=True))


def test_event_is_serialized_as_a_flat_json_object_with_its_id() -> None:
    message = orjson.loads(event_json("17-0", stored(LLMChunk("Grüße 🌙", "c", "m")), 5))
    assert message == {
        "type": "llm_chunk", "text": "Grüße 🌙", "character_id": "c", "message_id": "m", "sentence_ends": [],
        "event_id": "17-0", "epoch": 5,
    }  # fmt: skip


def test_nested_fields_of_an_event_are_serialized_as_nested_json() -> None:
    reply = {"message_id": "m", "character_id": "c", "character_name": "Luna"}
    assert orjson.loads(event_json("1-0", stored(TurnStarted("t", (reply,))), 0))["replies"] == [reply]


def test_audio_entry_is_serialized_as_a_msgpack_map() -> None:
    frame = msgpack.unpackb(audio_frame("2-3", stored(AudioChunk(b"\1\2", 1, 2, "conversation", "m", "c"))))
    assert frame == {
        "type": "audio", "message_id": "m", "character_id": "c", "sentence_index": 1, "chunk_index": 2, "id": "2-3",
        "sample_rate": 24000, "pcm": b"\1\2",
    }  # fmt: skip


def test_event_for_one_connection_has_no_event_id() -> None:
    assert orjson.loads(answer_json(AudioComplete("m", "c"), id="4-0")) == {
        "type": "audio_complete", "message_id": "m", "character_id": "c", "id": "4-0",
    }  # fmt: skip


def test_model_settings_event_contains_all_settings() -> None:
    assert orjson.loads(settings_json(ModelSettings(top_k=3))) == {
        "type": "model_settings", "model": None, "temperature": None, "top_p": None, "min_p": None, "top_k": 3,
        "frequency_penalty": None, "presence_penalty": None, "repetition_penalty": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        {b"v": b"1", b"type": b"never_heard_of"},
        {b"v": b"99", b"type": b"llm_chunk"},
        {b"v": b"1", b"type": b"llm_chunk"},
        {},
    ],
)
def test_undecodable_entries_raise_bad_entry(fields: Fields) -> None:
    with pytest.raises(BadEntry):
        event_json("1-0", fields, 0)
    with pytest.raises(BadEntry):
        audio_frame("1-0", fields)

"""Entries that a released schema version wrote stay readable, and their encoding does not change.

If a test here fails, the change alters the format: restore it, or raise `codec.VERSION` (docs/adr/0012-schema-
versions.md). `python -m scripts.record_entries` records missing entries.
"""

from __future__ import annotations

import dataclasses

import pytest

from tertulia_gateway.conversation.event_filter import ClientChanged
from tertulia_gateway.conversation.writer import read_settings
from tertulia_gateway.rest.voices import voices_of
from tertulia_gateway.serialization import audio_frame, event_json
from tertulia_llm.plan import plan_fields
from tertulia_llm.turn_state import read_state
from tertulia_shared import codec, entries
from tertulia_shared.character_names import fields_of, names_in
from tertulia_shared.codec import VERSION, BadEntry, envelope, known, pack, unpack
from tertulia_shared.entries import Speaker
from tertulia_shared.events import EVENTS
from tertulia_shared.outbox_documents import delete_document_write, deleted_document_of, document_of, document_write
from tertulia_shared.outbox_versions import choose_write, chosen_before, remove_write
from tertulia_shared.outbox_writes import (
    conversation_write,
    delete_write,
    deleted_by,
    message_of,
    message_write,
    settings_of,
    settings_write,
    title_of,
)
from tertulia_stt.checkpoint import read_checkpoint
from tests.harness import recorded_entries
from tests.harness.recorded_entries import FOLDER, Recorded

EVERY = [(version, each) for version in range(1, VERSION + 1) for each in recorded_entries.load(version)]
PRESENT = [each for version, each in EVERY if version == VERSION]
NEVER_IN_A_STREAM = {"characters", "listening_started", "answering", "user_name", "audio_complete", "turn_metrics"}
"""Events that the gateway makes for a single connection; they are in no stream."""
NO_ENTRIES = {"CardPrompt", "ModelSettings", "Speaker", "TurnPlan", "VoiceClip"}
"""Classes that occur only within other classes."""


def ids(each: object) -> str | None:
    return each.name if isinstance(each, Recorded) else None


def state(version: int) -> codec.Fields:
    return recorded_entries.load_hash(version, "state")


@pytest.mark.parametrize(("version", "each"), EVERY, ids=ids)
def test_recorded_entry_is_decoded_to_the_recorded_values(version: int, each: Recorded) -> None:
    assert each.fields[b"v"] == str(version).encode()
    assert envelope(each.fields) == codec.Envelope(int(each.fields[b"ts"]), int(each.fields[b"epoch"]))
    read = codec.decode(each.cls, each.fields)
    shown = recorded_entries.shown(dataclasses.asdict(read))
    assert {name: shown[name] for name in each.values} == dict(each.values)
    for name in set(shown) - set(each.values):  # a later release has added the field
        (field,) = [field for field in dataclasses.fields(each.cls) if field.name == name]
        assert shown[name] == recorded_entries.shown(field.default), f"{name} needs a default"


@pytest.mark.parametrize("each", PRESENT, ids=ids)
def test_recorded_values_are_encoded_to_the_recorded_entry(each: Recorded) -> None:
    at = envelope(each.fields)
    entry = codec.decode(each.cls, each.fields)
    assert recorded_entries.written(entry, ts=at.ts, epoch=at.epoch, extra=each.extra) == list(each.fields.items())


@pytest.mark.parametrize(
    ("version", "each"), [(v, each) for v, each in EVERY if each.stream in ("events", "audio")], ids=ids
)
def test_recorded_event_is_sent_to_the_client_as_recorded(version: int, each: Recorded) -> None:
    assert version <= VERSION
    if each.stream == "audio":
        assert audio_frame(each.id, each.fields)
    elif each.cls is ClientChanged:
        with pytest.raises(BadEntry):
            event_json(each.id, each.fields, 0)
    else:
        assert event_json(each.id, each.fields, 0)


@pytest.mark.parametrize(("version", "each"), [(v, each) for v, each in EVERY if each.stream == "store"], ids=ids)
def test_recorded_outbox_row_is_decoded_and_encoded_as_recorded(version: int, each: Recorded) -> None:
    write = codec.decode(entries.StoreWrite, each.fields)
    match write.kind:
        case "message" | "version":
            again = message_write(message_of(write))
        case "conversation":
            again = conversation_write(write.conversation_id, title_of(write))
        case "settings":
            again = settings_write(write.conversation_id, settings_of(write))
        case "delete":
            again = delete_write(write.conversation_id, *deleted_by(write))
        case "document":
            again = document_write(document_of(write))
        case "delete_document":
            kind, document_id = deleted_document_of(write)
            again = delete_document_write(kind, write.conversation_id, document_id)
        case "choose":
            again = choose_write(write.conversation_id, write.message_id, chosen_before(write))
        case "remove":
            again = remove_write(write.conversation_id, write.message_id)
    if version == VERSION:
        assert again == write


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_recorded_state_is_read_as_recorded(version: int) -> None:
    fields = state(version)
    read = read_state(fields)
    assert (read.epoch, read.cursor) == (int(fields[b"epoch"]), fields[b"cursor"].decode())
    assert read.settings.temperature == 0.5
    assert read.plan is not None
    assert read.plan.turn_id == unpack(fields[b"plan"])["turn_id"]
    assert [speaker.name for speaker in read.plan.speakers] == ["Luna"]
    assert read.plan.others == ("Luna", "Rex", "Sage")
    assert (read.progress.started, read.progress.complete) == (1, 1)
    if version == VERSION:
        assert plan_fields(read.plan)["plan"] == fields[b"plan"]
        assert pack(dataclasses.asdict(read.settings)) == fields[b"settings"]
    assert read_settings(fields[b"settings"]) == dataclasses.asdict(read.settings)


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_recorded_hashes_are_read_as_recorded(version: int) -> None:
    speakers = unpack(recorded_entries.load_hash(version, "cast")[b"speakers"])
    assert [known(Speaker, speaker).name for speaker in speakers] == ["Luna", "Rex", "Sage"]
    names = recorded_entries.load_hash(version, "character_names")
    assert names_in(names) == ("Luna", "Rex", "Sage")
    if version == VERSION:
        assert fields_of(("Luna", "Rex", "Sage"))["names"].encode() == names[b"names"]
    assert [voice.id for voice in voices_of(recorded_entries.load_hash(version, "voices"))] == ["luna", "rex", "sage"]
    progress = recorded_entries.load_hash(version, "mic_progress")
    assert read_checkpoint(progress).sample == int(progress[b"sample"]) > 0


def test_recordings_have_every_kind_of_entry() -> None:
    there = {each.cls.__name__ for each in PRESENT}
    classes = {
        name for name, cls in vars(entries).items() if isinstance(cls, type) and cls.__module__ == entries.__name__
    }
    events = {event.__name__ for kind, event in EVENTS.items() if kind not in NEVER_IN_A_STREAM}
    assert there == (classes - NO_ENTRIES) | events | {ClientChanged.__name__}
    assert {each.name for each in PRESENT} >= {
        "work", "work message_id", "work session_id", "sentences final", "audio final", "mic stopped final",
        "events turn_started reason", "events llm_chunk sentence_ends", "events message_resumed sentence_ends",
        "events message_complete sentence_ends",
        "store message", "store conversation", "store settings", "control turn", "control request",
    }  # fmt: skip


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_recordings_have_every_schema_version(version: int) -> None:
    files = {file.stem for file in (FOLDER / f"v{version}").glob("*.json")}
    assert files == {*recorded_entries.STREAMS, *recorded_entries.HASHES}

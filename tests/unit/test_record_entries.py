"""The recording of entries adds what is missing and keeps what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.record_entries import Recorder
from tertulia_shared.bus import Entry
from tertulia_shared.codec import VERSION
from tests.harness import recorded_entries


def test_recording_again_leaves_every_recorded_entry_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = recorded_entries.FOLDER / f"v{VERSION}"
    known = recorded_entries.load(VERSION)
    recorder = Recorder(known)
    for each in known:
        recorder.see(each.stream, [Entry("1-0", each.fields)])
    monkeypatch.setattr(recorded_entries, "FOLDER", tmp_path)
    for stream in recorded_entries.STREAMS:
        recorded_entries.save(VERSION, stream, recorder.of(stream))
        after = tmp_path / f"v{VERSION}" / f"{stream}.json"
        assert after.read_text(encoding="utf-8") == (before / after.name).read_text(encoding="utf-8")


def test_first_entry_of_a_missing_kind_is_recorded() -> None:
    known = recorded_entries.load(VERSION)
    missing = next(each for each in known if each.name == "events turn_confirmed")
    recorder = Recorder(each for each in known if each.name != missing.name)
    recorder.see("events", [Entry("1-0", missing.fields), Entry("2-0", missing.fields)])
    assert [each.id for each in recorder.of("events") if each.name == missing.name] == ["1-0"]


def test_entry_of_another_schema_version_is_not_recorded() -> None:
    recorder = Recorder(())
    each = recorded_entries.load(VERSION)[0]
    recorder.see(each.stream, [Entry("1-0", {**each.fields, b"v": str(VERSION + 1).encode()})])
    assert recorder.of(each.stream) == []

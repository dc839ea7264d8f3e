"""The folder of the recordings."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tertulia_gateway.clips.clip_store import ClipStore, ClipStoreFailed, StoredClip
from tertulia_shared.voice_clips import CONSENT
from tests.harness.recordings import recorded_pcm

AT = "2026-01-02T03:04:05.000000+00:00"
ADA = StoredClip("clip-00000000000000aa", "Ada", "en-GB", "It is late.", 6.0, AT, AT)
BEN = StoredClip("clip-0000000000000000", "Ben", "und", "Good night.", 6.0, "2026-01-03T00:00:00.000000+00:00", AT)
PCM = recorded_pcm()


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    return ClipStore(tmp_path / "clips", 20)


def test_recordings_are_read_again_by_another_gateway_the_oldest_first(store: ClipStore, tmp_path: Path) -> None:
    assert store.all() == ()
    store.save(BEN, PCM)
    store.save(ADA, PCM)
    again = ClipStore(tmp_path / "clips", 20)
    assert again.all() == [ADA, BEN]
    assert again.pcm(ADA.id) == PCM


def test_consent_is_kept_with_its_time_and_only_this_user_can_read_it(store: ClipStore, tmp_path: Path) -> None:
    store.save(ADA, PCM)
    files = sorted((tmp_path / "clips").iterdir())
    assert [file.name for file in files] == [f"{ADA.id}.json", f"{ADA.id}.wav"]
    held = json.loads(files[0].read_text(encoding="utf-8"))
    assert (held["consent"], held["consented_at"]) == (CONSENT, AT)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert stat.S_IMODE((tmp_path / "clips").stat().st_mode) == 0o700


def test_deleted_recording_leaves_no_file(store: ClipStore, tmp_path: Path) -> None:
    store.save(ADA, PCM)
    store.delete(ADA.id)
    store.delete(ADA.id)
    assert list((tmp_path / "clips").iterdir()) == []
    assert store.pcm(ADA.id) == b""


def test_recording_whose_voice_was_not_written_is_deleted(store: ClipStore, tmp_path: Path) -> None:
    store.save(ADA, PCM)
    store.save(BEN, PCM)
    (tmp_path / "clips" / f"{BEN.id}.json").rename(tmp_path / "clips" / f"{BEN.id}.json.new")
    store.delete_incomplete()
    assert store.all() == [ADA]
    assert sorted(file.name for file in (tmp_path / "clips").iterdir()) == [f"{ADA.id}.json", f"{ADA.id}.wav"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", json.dumps({"id": "clip-1", "name": 3}), json.dumps({"id": BEN.id, "seconds": "long"})]
)
def test_damaged_file_is_left_out(store: ClipStore, tmp_path: Path, content: str) -> None:
    store.save(ADA, PCM)
    (tmp_path / "clips" / f"{BEN.id}.json").write_text(content)
    assert store.all() == [ADA]


def test_path_is_never_made_of_another_text_than_an_id(store: ClipStore) -> None:
    with pytest.raises(ValueError, match="not the id"):
        store.delete("../tertulia")


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "clips").write_text("a file")
    with pytest.raises(ClipStoreFailed, match="clips"):
        ClipStore(tmp_path / "clips", 20).save(ADA, PCM)

"""The connection to a model server that was made in the page, and the file that keeps it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tertulia_shared.model_connection import FILE_NAME, ConnectionFile, ModelConnection, checked_connection

KEY = "sk-made-up-0123456789"
CONNECTION = ModelConnection("https://openrouter.ai/api/v1", "openrouter/auto", KEY)


@pytest.fixture
def file(tmp_path: Path) -> ConnectionFile:
    return ConnectionFile(tmp_path / "new folder")


def test_saved_connection_is_loaded(file: ConnectionFile) -> None:
    assert file.load() is None
    file.save(CONNECTION)
    assert file.load() == CONNECTION


def test_only_the_owner_may_read_the_file_whatever_the_umask_is(file: ConnectionFile) -> None:
    before = os.umask(0)
    try:
        file.save(CONNECTION)
        file.save(CONNECTION)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [each.name for each in file.path.parent.iterdir()] == [FILE_NAME]


def test_stamp_changes_when_the_file_is_saved_or_deleted(file: ConnectionFile) -> None:
    stamps = [file.stamp()]
    file.save(CONNECTION)
    stamps.append(file.stamp())
    file.save(CONNECTION)
    stamps.append(file.stamp())
    file.delete()
    stamps.append(file.stamp())
    assert stamps[0] is stamps[3] is None
    assert len(set(stamps[:3])) == 3


def test_file_left_by_a_process_that_died_does_not_prevent_saving(file: ConnectionFile) -> None:
    file.path.parent.mkdir()
    (file.path.parent / f".{FILE_NAME}.{os.getpid()}").write_text("half of")
    file.save(CONNECTION)
    assert file.load() == CONNECTION


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"address": "ftp://x", "model": "m"}'])
def test_damaged_file_is_reported_without_its_content(file: ConnectionFile, text: str) -> None:
    file.path.parent.mkdir()
    file.path.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        file.load()


def test_key_is_not_in_the_text_of_a_connection() -> None:
    assert KEY not in repr(CONNECTION)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://openrouter.ai/api/v1", True),
        ("https://OpenRouter.ai/other", True),
        ("http://openrouter.ai/api/v1", False),
        ("https://openrouter.ai:444/api/v1", False),
        ("https://openrouter.ai.evil.example/api/v1", False),
        ("https://openrouter.ai@evil.example/api/v1", False),
    ],
)
def test_key_may_be_sent_only_to_its_own_server(address: str, *, expected: bool) -> None:
    assert CONNECTION.has_key_for(address) is expected


@pytest.mark.parametrize(
    ("address", "model", "key", "part"),
    [
        ("openrouter.ai", "m", "", "address"),
        ("https://x/v1", " ", "", "model"),
        ("https://x/v1", "m", "Bearer sk-made-up-0123", "key"),
    ],
)
def test_impossible_part_is_named_without_the_key(address: str, model: str, key: str, part: str) -> None:
    with pytest.raises(ValueError, match=f"^{part}: ") as raised:
        checked_connection(address, model, key)
    assert "made-up" not in str(raised.value)

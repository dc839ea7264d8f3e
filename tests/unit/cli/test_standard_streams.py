"""A path "-": import and export commands read standard input and write to standard output."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from tertulia_cli.client.files import STANDARD_STREAM, read_file, write_file
from tertulia_cli.conversations.command import ConversationExport, export_conversation
from tertulia_cli.exit_codes import OK, Failure
from tertulia_cli.lorebooks.command import LorebookExport, export_lorebook
from tests.unit.cli.test_conversation_command import ID
from tests.unit.cli.test_conversation_command import ScriptedApi as Conversations
from tests.unit.cli.test_lorebook_command import ScriptedApi as Lorebooks


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_export_writes_to_standard_output_and_nothing_else_there(
    empty_folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert export_conversation(Conversations(), ConversationExport(ID, STANDARD_STREAM, "text")) == OK
    assert capfdbinary.readouterr().out == f"{ID} as text".encode()
    assert export_conversation(Conversations(), ConversationExport(ID, STANDARD_STREAM)) == OK
    assert capfdbinary.readouterr().out == f"{ID} as json".encode()
    api = Lorebooks()
    api.books[f"conversations/{ID}"] = b"a lorebook"
    assert export_lorebook(api, LorebookExport(ID, STANDARD_STREAM)) == OK
    assert capfdbinary.readouterr().out == b"a lorebook"
    write_file(STANDARD_STREAM, b"twice", replace=False)
    write_file(STANDARD_STREAM, b"twice", replace=False)
    assert capfdbinary.readouterr().out == b"twicetwice"
    assert list(empty_folder.iterdir()) == []


def test_import_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a card")))
    assert read_file(STANDARD_STREAM, 6, "a card") == b"a card"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a card!")))
    with pytest.raises(Failure, match="more than 6 bytes"):
        read_file(STANDARD_STREAM, 6, "a card")

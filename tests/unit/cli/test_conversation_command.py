"""`tertulia conversation import`, `export` and `branch`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tertulia_cli.conversations.command import (
    MAX_FILE_BYTES,
    ConversationExport,
    branch_conversation,
    export_conversation,
    import_conversations,
)
from tertulia_cli.exit_codes import FAILED, MISUSED, NO_CONNECTION, OK, Failure
from tertulia_shared.ids import is_id

ID = "12345678-1234-4234-8234-123456789012"


class ScriptedApi:
    """Plays the gateway. A file with the word "bad" is refused, one with "away" finds no gateway."""

    def __init__(self, *, breaks_off: bool = False) -> None:
        self.breaks_off = breaks_off
        self.imported: list[tuple[bytes, str]] = []
        self.branched: list[tuple[str, str, str]] = []

    def import_conversation(self, file: bytes, request_id: str) -> dict[str, Any]:
        if b"away" in file:
            raise Failure("no gateway answers", NO_CONNECTION)
        if b"bad" in file:
            raise Failure("The file has no messages.", FAILED)
        self.imported.append((file, request_id))
        return {"id": ID, "messages": 3, "shortened_names": 1 if b"long" in file else 0}

    def exported_conversation(self, conversation_id: str, form: str) -> Iterator[bytes]:
        yield conversation_id.encode()
        if self.breaks_off:
            raise Failure("the gateway broke the answer off", NO_CONNECTION)
        yield f" as {form}".encode()

    def spoken_conversation(self, conversation_id: str, form: str, user_voice: str) -> Iterator[bytes]:
        yield b"\xff" * 44
        yield f"{conversation_id} as {form}, the user as {user_voice}".encode()

    def branch_conversation(self, conversation_id: str, message_id: str, request_id: str) -> dict[str, Any]:
        self.branched.append((conversation_id, message_id, request_id))
        return {"id": ID, "title": "Stars (2)", "messages": 2}


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_file_that_fails_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = ScriptedApi()
    files = [
        written(tmp_path, "a.json", b"bad"),
        tmp_path / "missing.json",
        written(tmp_path, "long.json", b" " * (MAX_FILE_BYTES + 1)),
        written(tmp_path, "b.jsonl", b"good"),
    ]
    assert import_conversations(api, files) == FAILED
    assert api.imported == [(b"good", "")]
    refused, missing, long, made = capsys.readouterr().out.splitlines()
    assert refused == f"{files[0]}: The file has no messages."
    assert "cannot be read" in missing
    assert str(MAX_FILE_BYTES) in long
    assert made == f"{files[3]}: 3 messages, conversation {ID}"


def test_shortened_names_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "a.jsonl", b"long")
    assert import_conversations(ScriptedApi(), [file]) == OK
    assert capsys.readouterr().out == f"{file}: 3 messages, 1 name shortened, conversation {ID}\n"


def test_another_copy_has_a_new_request_id(tmp_path: Path) -> None:
    api = ScriptedApi()
    file = written(tmp_path, "a.json", b"good")
    assert import_conversations(api, [file, file], again=True) == OK
    first, second = [request_id for _, request_id in api.imported]
    assert is_id(first)
    assert first != second


def test_absent_gateway_stops_the_command(tmp_path: Path) -> None:
    with pytest.raises(Failure) as failure:
        import_conversations(ScriptedApi(), [written(tmp_path, "a.json", b"away")])
    assert failure.value.code == NO_CONNECTION


@pytest.mark.parametrize(
    ("name", "form", "expected"),
    [("a.json", "", "json"), ("a.JSONL", "", "jsonl"), ("a.md", "", "markdown"), ("a.txt", "", "text"),
     ("a.bin", "jsonl", "jsonl")],
)  # fmt: skip
def test_format_is_that_of_the_option_or_of_the_files_name(tmp_path: Path, name: str, form: str, expected: str) -> None:
    assert export_conversation(ScriptedApi(), ConversationExport(ID, tmp_path / name, form)) == OK
    assert (tmp_path / name).read_text() == f"{ID} as {expected}"


def test_without_a_name_the_file_is_json_with_the_id_as_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert export_conversation(ScriptedApi(), ConversationExport(ID)) == OK
    assert (tmp_path / f"{ID}.json").read_text() == f"{ID} as json"


def test_existing_file_is_replaced_only_on_request(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", b"mine")
    with pytest.raises(Failure, match="--replace"):
        export_conversation(ScriptedApi(), ConversationExport(ID, path))
    assert path.read_bytes() == b"mine"
    assert export_conversation(ScriptedApi(), ConversationExport(ID, path, replace=True)) == OK
    assert path.read_text() == f"{ID} as json"


def test_answer_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", b"mine")
    with pytest.raises(Failure, match="broke"):
        export_conversation(ScriptedApi(breaks_off=True), ConversationExport(ID, path, replace=True))
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"mine"]


def test_wav_gets_its_sizes_when_it_is_complete(tmp_path: Path) -> None:
    options = ConversationExport(ID, tmp_path / "a.wav", user_voice="emma")
    assert export_conversation(ScriptedApi(), options) == OK
    wav = (tmp_path / "a.wav").read_bytes()
    assert wav[44:].decode() == f"{ID} as wav, the user as emma"
    assert int.from_bytes(wav[4:8], "little") == len(wav) - 8
    assert int.from_bytes(wav[40:44], "little") == len(wav) - 44


def test_ogg_is_written_as_it_comes(tmp_path: Path) -> None:
    assert export_conversation(ScriptedApi(), ConversationExport(ID, tmp_path / "a.OGG")) == OK
    assert (tmp_path / "a.OGG").read_bytes()[:44] == b"\xff" * 44


def test_user_voice_is_refused_for_a_text(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="--format ogg or wav"):
        export_conversation(ScriptedApi(), ConversationExport(ID, tmp_path / "a.md", user_voice="emma"))


@pytest.mark.parametrize("options", [ConversationExport("last"), ConversationExport(ID, Path("a.pdf"))])
def test_wrong_id_or_ending_is_refused(options: ConversationExport) -> None:
    with pytest.raises(Failure) as failure:
        export_conversation(ScriptedApi(), options)
    assert failure.value.code == MISUSED


def test_branch_names_the_new_conversation(capsys: pytest.CaptureFixture[str]) -> None:
    api, message_id = ScriptedApi(), "00000000-0000-4000-8000-000000000001"
    assert branch_conversation(api, ID, message_id) == OK
    ((conversation_id, branched_at, request_id),) = api.branched
    assert (conversation_id, branched_at) == (ID, message_id)
    assert is_id(request_id)
    assert capsys.readouterr().out == f"Stars (2): 2 messages, conversation {ID}\n"


@pytest.mark.parametrize("ids", [("last", ID), (ID, "last")])
def test_branch_without_an_id_is_refused(ids: tuple[str, str]) -> None:
    with pytest.raises(Failure, match="'last' is no id"):
        branch_conversation(ScriptedApi(), *ids)

"""`tertulia lorebook import` and `export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tertulia_cli.exit_codes import MISUSED, OK, Failure
from tertulia_cli.lorebooks.command import MAX_FILE_BYTES, LorebookExport, export_lorebook, import_lorebook

ID = "12345678-1234-4234-8234-123456789012"


class ScriptedApi:
    """Plays the gateway."""

    def __init__(self) -> None:
        self.books: dict[str, bytes] = {}

    def characters(self) -> list[dict[str, Any]]:
        return [{"id": "luna-id", "name": "Luna"}]

    def lorebook(self, owner: str) -> bytes:
        return self.books[owner]

    def set_lorebook(self, owner: str, file: bytes) -> dict[str, Any]:
        self.books[owner] = file
        return {"entries": {"0": {}, "1": {}}}


@pytest.mark.parametrize(("of", "owner"), [(ID, f"conversations/{ID}"), (" luna", "characters/luna-id")])
def test_lorebook_is_imported_and_exported(
    of: str, owner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api, file, out = ScriptedApi(), tmp_path / "world.json", tmp_path / "out.json"
    file.write_bytes(b"a lorebook")
    assert import_lorebook(api, of, file) == OK
    assert api.books == {owner: b"a lorebook"}
    assert "2 entries" in capsys.readouterr().out
    assert export_lorebook(api, LorebookExport(of, out)) == OK
    assert out.read_bytes() == b"a lorebook"
    with pytest.raises(Failure, match="--replace"):
        export_lorebook(api, LorebookExport(of, out))
    assert export_lorebook(api, LorebookExport(of, out, replace=True)) == OK


def test_unknown_character_and_file_are_refused(tmp_path: Path) -> None:
    api, file = ScriptedApi(), tmp_path / "world.json"
    file.write_bytes(b" " * (MAX_FILE_BYTES + 1))
    for of, path in (("Nobody", tmp_path / "missing.json"), ("Luna", file)):
        with pytest.raises(Failure) as caught:
            import_lorebook(api, of, path)
        assert caught.value.code == MISUSED
    with pytest.raises(Failure, match="no character 'Nobody'"):
        export_lorebook(api, LorebookExport("Nobody"))
    assert api.books == {}

"""`tertulia character import` and `export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tertulia_cli.characters.command import ExportOptions, export_card, import_cards
from tertulia_cli.exit_codes import FAILED, MISUSED, NO_CONNECTION, OK, Failure
from tertulia_shared.cards.charx_file import CharxFile, read_charx
from tests.harness.card_shapes import CHARX, charx, picture


class ScriptedApi:
    """Plays the gateway. A file with the word "bad" is refused, one with "away" finds no gateway."""

    def __init__(self) -> None:
        self.imported: list[tuple[bytes, str, str]] = []

    def import_card(self, file: bytes, *, name: str, voice: str) -> dict[str, Any]:
        if b"away" in file:
            raise Failure("no gateway answers", NO_CONNECTION)
        if b"bad" in file:
            raise Failure("The JSON is not a character card.", FAILED)
        self.imported.append((file, name, voice))
        notes = [{"code": "no_picture", "message": "The picture is damaged."}] if b"note" in file else []
        return {"character": {"name": name or "Mira", "voice": voice or "ada"}, "notes": notes}

    def characters(self) -> list[dict[str, Any]]:
        return [{"id": "1", "name": "Mira"}, {"id": "2", "name": "Dr. A/B"}]

    def card(self, character_id: str, form: str) -> bytes:
        return f"{character_id} as {form}".encode()


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_each_file_becomes_a_character(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = ScriptedApi()
    files = [written(tmp_path, "a.png", b"one"), written(tmp_path, "b.json", b"note")]
    assert import_cards(api, files) == OK
    assert api.imported == [(b"one", "", ""), (b"note", "", "")]
    assert capsys.readouterr().out.splitlines() == [
        f"{files[0]}: Mira takes part, with the voice ada",
        f"{files[1]}: Mira takes part, with the voice ada",
        "  The picture is damaged.",
    ]


def test_file_that_is_refused_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = ScriptedApi()
    files = [written(tmp_path, "a.png", b"bad"), tmp_path / "absent.png", written(tmp_path, "c.png", b"one")]
    assert import_cards(api, files) == FAILED
    assert [file for file, _, _ in api.imported] == [b"one"]
    out = capsys.readouterr().out
    assert f"{files[0]}: The JSON is not a character card." in out
    assert f"{files[1]}: cannot be read (No such file or directory)." in out


def test_import_ends_at_once_if_no_gateway_answers(tmp_path: Path) -> None:
    api = ScriptedApi()
    files = [written(tmp_path, "a.png", b"away"), written(tmp_path, "c.png", b"one")]
    with pytest.raises(Failure) as caught:
        import_cards(api, files)
    assert caught.value.code == NO_CONNECTION
    assert api.imported == []


def test_name_and_voice_can_be_given(tmp_path: Path) -> None:
    api = ScriptedApi()
    file = written(tmp_path, "a.png", b"one")
    assert import_cards(api, [file], name="Maja", voice="coral") == OK
    assert api.imported == [(b"one", "Maja", "coral")]
    with pytest.raises(Failure, match="one file"):
        import_cards(api, [file, file], name="Maja")


def test_file_above_the_bound_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia_cli.characters.command.MAX_FILE_BYTES", 3)
    api = ScriptedApi()
    assert import_cards(api, [written(tmp_path, "a.png", b"four")]) == FAILED
    assert import_cards(api, [written(tmp_path, "a.charx", charx({"a.json": "{}"}))]) == FAILED
    assert api.imported == []


def test_only_the_card_and_its_icon_of_a_large_archive_are_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    icon, text = picture(), json.dumps(CHARX)
    members = {"assets/icon/image/0.png": icon, "card.json": text, "a.mp3": bytes(5_000)}
    file = written(tmp_path, "mira.charx", charx(members))
    monkeypatch.setattr("tertulia_cli.characters.command.MAX_FILE_BYTES", file.stat().st_size - 1)
    api = ScriptedApi()
    assert import_cards(api, [file]) == OK
    ((sent, _, _),) = api.imported
    assert read_charx(sent) == CharxFile(text, (icon,), lacks_picture=False, further_assets=0)
    assert "only the card and its icon were imported" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "file", "content"),
    [
        (ExportOptions("mira"), "Mira.png", b"1 as png"),
        (ExportOptions("MIRA", form="json"), "Mira.json", b"1 as json"),
        (ExportOptions("Dr. A/B"), "Dr- A-B.png", b"2 as png"),
        (ExportOptions("Mira", Path("x.json")), "x.json", b"1 as json"),
        (ExportOptions("Mira", Path("x.card"), "png"), "x.card", b"1 as png"),
    ],
)
def test_card_is_written_into_a_file(
    options: ExportOptions, file: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert export_card(ScriptedApi(), options) == OK
    assert (tmp_path / file).read_bytes() == content


def test_existing_file_is_only_replaced_if_that_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, "mira.png", b"old")
    with pytest.raises(Failure, match="--replace"):
        export_card(ScriptedApi(), ExportOptions("Mira", path))
    assert path.read_bytes() == b"old"
    assert export_card(ScriptedApi(), ExportOptions("Mira", path, replace=True)) == OK
    assert path.read_bytes() == b"1 as png"


def test_unknown_character_and_unknown_form_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"The characters are: Mira, Dr\. A/B\.") as caught:
        export_card(ScriptedApi(), ExportOptions("Nobody"))
    assert caught.value.code == MISUSED
    with pytest.raises(Failure, match="--format"):
        export_card(ScriptedApi(), ExportOptions("Mira", tmp_path / "mira.webp"))

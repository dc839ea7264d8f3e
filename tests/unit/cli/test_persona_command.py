"""`tertulia persona list`, `show`, `create` and `delete`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tertulia_cli.exit_codes import MISUSED, OK, Failure
from tertulia_cli.main import parser
from tertulia_cli.personas.command import create_persona, delete_persona, list_personas, show_persona
from tertulia_shared.ids import is_id, new_id


class ScriptedApi:
    """Plays the gateway."""

    def __init__(self, *names: str) -> None:
        self.kept = [
            {"id": new_id(), "name": name, "description": f"{name}\nhere", "image": "data:x"} for name in names
        ]

    def personas(self) -> list[dict[str, Any]]:
        return list(self.kept)

    def save_persona(self, persona_id: str, content: dict[str, str]) -> dict[str, Any]:
        self.kept = [each for each in self.kept if each["id"] != persona_id] + [{"id": persona_id, **content}]
        return self.kept[-1]

    def delete_persona(self, persona_id: str) -> None:
        self.kept = [each for each in self.kept if each["id"] != persona_id]


def test_personas_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    api = ScriptedApi("Ann", "Bo\x1b[2J")
    assert list_personas(api) == OK
    assert capsys.readouterr().out == f"{api.kept[0]['id']}  Ann\n{api.kept[1]['id']}  Bo [2J\n"
    for of in (" ann", api.kept[0]["id"]):
        assert show_persona(api, of) == OK
        assert capsys.readouterr().out == "Ann\nhere\n"


def test_persona_is_created_and_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    api = ScriptedApi("Ann")
    assert create_persona(api, "Bo", "A sailor") == OK
    bo = api.kept[-1]
    assert (bo["name"], bo["description"], bo["image"]) == ("Bo", "A sailor", "")
    assert is_id(bo["id"])
    assert bo["id"] in capsys.readouterr().out
    with pytest.raises(Failure, match="--replace"):
        create_persona(api, "ANN", "A pilot")
    ann = api.kept[0]
    assert create_persona(api, "ANN", "A pilot", replace=True) == OK
    assert api.kept[-1] == {**ann, "description": "A pilot"}, "name and picture stay"


def test_persona_is_deleted() -> None:
    api = ScriptedApi("Ann", "Bo")
    assert delete_persona(api, "Ann") == OK
    assert [each["name"] for each in api.kept] == ["Bo"]


@pytest.mark.parametrize(
    ("names", "of", "problem"),
    [
        (("Ann",), "Bo", "no persona 'Bo'. The personas are: Ann"),
        ((), "2f1c9a4e-6b0d-4c3e-9d57-0a8e5f7b1c22", "The personas are: none"),
        (("Ann", "ann"), "Ann", "2 personas are named 'Ann'. Give the id"),
    ],
)
def test_unknown_and_ambiguous_names_are_refused(names: tuple[str, ...], of: str, problem: str) -> None:
    api = ScriptedApi(*names)
    for command in (show_persona, delete_persona):
        with pytest.raises(Failure, match=problem) as caught:
            command(api, of)
        assert caught.value.code == MISUSED
    assert len(api.kept) == len(names)


def test_description_comes_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api, file = ScriptedApi(), tmp_path / "ann.txt"
    file.write_bytes("\ufeffTall.\nQuiet.\n".encode())

    def scripted(_: object) -> ScriptedApi:
        return api

    monkeypatch.setattr("tertulia_cli.personas.arguments.PersonaRest", scripted)
    args = parser().parse_args(["persona", "create", "Ann", "--file", str(file)])
    assert args.do(args) == OK
    assert api.kept[0]["description"] == "Tall.\nQuiet."
    file.write_bytes("Groß.".encode("utf-16"))
    assert args.do(parser().parse_args(["persona", "create", "Bo", "--file", str(file)])) == OK
    assert api.kept[1]["description"] == "Groß."
    file.write_bytes(b"\xff")
    with pytest.raises(Failure, match=r"ann\.txt: the file is not text"):
        args.do(args)

"""`tertulia character import` and `tertulia character export`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from tertulia_cli.client.files import STANDARD_STREAM, import_each, read_file, report_written, write_file
from tertulia_cli.exit_codes import MISUSED, OK, Failure
from tertulia_shared.cards.charx_file import slim_charx
from tertulia_shared.cards.errors import BadCard

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
FORMS: Final = ("png", "json")
SLIMMED: Final = "  The file is large: only the card and its icon were imported."


class CharacterApi(Protocol):
    """What the commands need of the gateway's REST API."""

    def import_card(self, file: bytes, *, name: str, voice: str) -> dict[str, Any]: ...
    def characters(self) -> list[dict[str, Any]]: ...
    def card(self, character_id: str, form: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """`form`: "png" or "json"; "" takes the ending of `out`, or else PNG."""

    name: str
    out: Path | None = None
    form: str = ""
    replace: bool = False


def import_cards(api: CharacterApi, files: Sequence[Path], *, name: str = "", voice: str = "") -> int:
    """Create one character of each file. Files that fail are reported; the others are imported.

    Raises:
        Failure: a name is given for several files, or the gateway cannot be reached.
    """
    if name and len(files) > 1:
        raise Failure("--name is for one file: import the files one by one.", MISUSED)

    def imported(path: Path) -> str:
        slim = _slim(path)
        file = slim or read_file(path, MAX_FILE_BYTES, "a card")
        made = api.import_card(file, name=name, voice=voice)
        character = made["character"]
        lines = [f"{character['name']} takes part, with the voice {character['voice']}"]
        lines += [f"  {note['message']}" for note in made["notes"]]
        return "\n".join([*lines, SLIMMED] if slim else lines)

    return import_each(files, imported)


def export_card(api: CharacterApi, options: ExportOptions) -> int:
    """Write the card of a character into a file.

    Raises:
        Failure: there is no such character, or the file cannot be written.
    """
    character = character_named(api.characters(), options.name)
    form = options.form or (options.out.suffix.lower().lstrip(".") if options.out else "") or FORMS[0]
    if form not in FORMS:
        raise Failure(f"{options.out}: a card is a .png or a .json file; or give --format.", MISUSED)
    path = options.out or Path(f"{_file_name(character['name'])}.{form}")
    card = api.card(character["id"], form)
    write_file(path, card, replace=options.replace)
    report_written(path, f"{path}: {character['name']}")
    return OK


def character_named(characters: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """The character with this name, in upper or lower case. Raises: Failure."""
    for character in characters:
        if character["name"].casefold() == name.strip().casefold():
            return character
    names = ", ".join(character["name"] for character in characters) or "none"
    raise Failure(f"there is no character {name!r}. The characters are: {names}.", MISUSED)


def _slim(path: Path) -> bytes:
    """Of a CHARX file that is too large, one with only the card and its icon; nothing of another file."""
    try:
        if path == STANDARD_STREAM or path.stat().st_size <= MAX_FILE_BYTES:
            return b""
        with path.open("rb") as file:
            return slim_charx(file)
    except (OSError, BadCard):  # `read_file` reports it
        return b""


def _file_name(name: str) -> str:
    """The name without what file systems do not allow."""
    safe = "".join(char if char.isalnum() or char in " -_" else "-" for char in name).strip(" -.")
    return safe or "character"

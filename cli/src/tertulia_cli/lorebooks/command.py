"""`tertulia lorebook import` and `tertulia lorebook export`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from tertulia_cli.characters.command import character_named
from tertulia_cli.client.files import read_file, report_written, write_file
from tertulia_cli.exit_codes import OK
from tertulia_shared.ids import is_id

MAX_FILE_BYTES: Final = 1024 * 1024
"""As many as the gateway accepts: a file with a lorebook may be larger than the lorebook."""


class LorebookApi(Protocol):
    """What the commands need of the gateway's REST API. `owner`: the path of a conversation or of a character."""

    def characters(self) -> list[dict[str, Any]]: ...
    def lorebook(self, owner: str) -> bytes: ...
    def set_lorebook(self, owner: str, file: bytes) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class LorebookExport:
    """`of`: the id of a conversation, or the name of a character."""

    of: str
    out: Path | None = None
    replace: bool = False


def import_lorebook(api: LorebookApi, of: str, path: Path) -> int:
    """Set the lorebook of a conversation or of a character. It replaces an earlier one.

    Raises:
        Failure: there is no such conversation or character, or the file has no lorebook.
    """
    file = read_file(path, MAX_FILE_BYTES, "a file with a lorebook")
    saved = api.set_lorebook(_owner(api, of), file)
    count = len(saved["entries"])
    print(f"{path}: {count} {'entry' if count == 1 else 'entries'}")
    return OK


def export_lorebook(api: LorebookApi, options: LorebookExport) -> int:
    """Write the lorebook of a conversation or of a character into a file, as SillyTavern's world info.

    Raises:
        Failure: there is no such conversation or character, or the file cannot be written.
    """
    content = api.lorebook(_owner(api, options.of))
    path = options.out or Path("lorebook.json")
    write_file(path, content, replace=options.replace)
    report_written(path, str(path))
    return OK


def _owner(api: LorebookApi, of: str) -> str:
    if is_id(of):
        return f"conversations/{of}"
    return f"characters/{character_named(api.characters(), of)['id']}"

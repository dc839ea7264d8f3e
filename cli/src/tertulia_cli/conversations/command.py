"""`tertulia conversation import`, `export` and `branch`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from tertulia_cli.client.files import STANDARD_STREAM, import_each, read_file, report_written
from tertulia_cli.conversations.incoming_file import write_whole
from tertulia_cli.exit_codes import FAILED, MISUSED, OK, Failure
from tertulia_cli.formatting import counted
from tertulia_shared.ids import is_id, new_id

MAX_FILE_BYTES: Final = 8 * 1024 * 1024
"""As many as the gateway accepts."""
SOUNDS: Final = ("ogg", "wav")
SUFFIXES: Final = {
    "json": ".json", "jsonl": ".jsonl", "markdown": ".md", "text": ".txt", "ogg": ".ogg", "wav": ".wav",
}  # fmt: skip
"""By format."""


class ConversationApi(Protocol):
    """What the commands need of the gateway's REST API."""

    def import_conversation(self, file: bytes, request_id: str) -> dict[str, Any]: ...
    def exported_conversation(self, conversation_id: str, form: str) -> Iterator[bytes]: ...
    def spoken_conversation(self, conversation_id: str, form: str, user_voice: str) -> Iterator[bytes]: ...
    def branch_conversation(self, conversation_id: str, message_id: str, request_id: str) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class ConversationExport:
    """`form`: a key of `SUFFIXES`; "" takes the one of the ending of `out`, or else JSON.

    `user_voice`: for a sound, the voice of the user's messages; "none" leaves them out, "" takes a free one.
    """

    conversation_id: str
    out: Path | None = None
    form: str = ""
    replace: bool = False
    user_voice: str = ""


def import_conversations(api: ConversationApi, files: Sequence[Path], *, again: bool = False) -> int:
    """Make one conversation of each file. Files that fail are reported; the others are imported.

    `again`: make another copy. Without it, a file that was imported before is the same conversation.

    Raises:
        Failure: the gateway cannot be reached.
    """

    def imported(path: Path) -> str:
        made = api.import_conversation(read_file(path, MAX_FILE_BYTES, "a conversation"), new_id() if again else "")
        shortened = made.get("shortened_names", 0)  # an older gateway refuses a file with such a name
        names = f", {counted(shortened, 'name')} shortened" if shortened else ""
        return f"{counted(made['messages'], 'message')}{names}, conversation {made['id']}"

    return import_each(files, imported)


def branch_conversation(api: ConversationApi, conversation_id: str, message_id: str) -> int:
    """Make a new conversation of the messages up to and with this one.

    Raises:
        Failure: there is no such conversation, or the message is not at its table.
    """
    _check_id(conversation_id, "the page's address ends with the id.")
    _check_id(message_id, "the ids of messages are in a file that `tertulia conversation export` writes.")
    made = api.branch_conversation(conversation_id, message_id, new_id())
    print(f"{made['title'] or 'untitled'}: {counted(made['messages'], 'message')}, conversation {made['id']}")
    return OK


def export_conversation(api: ConversationApi, options: ConversationExport) -> int:
    """Write a conversation into a file, or to standard output. The file appears when it is complete.

    Raises:
        Failure: there is no such conversation, the file cannot be written, or the answer broke off.
    """
    _check_id(options.conversation_id, "the page's address ends with the id.")
    form = options.form or _form_of(options.out)
    path = options.out or Path(options.conversation_id + SUFFIXES[form])
    if path != STANDARD_STREAM and path.exists() and not options.replace:
        raise Failure(f"{path} exists; --replace replaces it.", MISUSED)
    if form in SOUNDS:
        pieces = api.spoken_conversation(options.conversation_id, form, options.user_voice)
    elif options.user_voice:
        raise Failure(f"--user-voice is for a sound: give --format {' or '.join(SOUNDS)}.", MISUSED)
    else:
        pieces = api.exported_conversation(options.conversation_id, form)
    try:
        write_whole(path, pieces, is_wav=form == "wav")
    except OSError as error:
        raise Failure(f"{path} cannot be written ({error.strerror}).", FAILED) from error
    report_written(path, str(path))
    return OK


def _form_of(out: Path | None) -> str:
    if out is None or out == STANDARD_STREAM:
        return "json"
    for form, suffix in SUFFIXES.items():
        if out.suffix.lower() == suffix:
            return form
    endings = ", ".join(SUFFIXES.values())
    raise Failure(f"{out}: the name must end with one of {endings}; or give --format.", MISUSED)


def _check_id(given: str, where: str) -> None:
    if not is_id(given):
        raise Failure(f"{given!r} is no id; {where}", MISUSED)

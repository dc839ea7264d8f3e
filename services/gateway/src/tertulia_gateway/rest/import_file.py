"""Reads a file with a conversation: our JSON format, or a chat of SillyTavern. Pure; the file is untrusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final, cast

import orjson

from tertulia_gateway.problem_codes import Params, ProblemCode
from tertulia_gateway.rest import silly_tavern
from tertulia_gateway.rest.export import FORMAT
from tertulia_shared.answering import stored_rules
from tertulia_shared.author_note import stored_note
from tertulia_shared.conversation_cast import Cast, possible_cast
from tertulia_shared.model_settings import possible_settings
from tertulia_shared.persona import stored_persona
from tertulia_shared.store.records import Status
from tertulia_shared.store.validation import SPEAKER_MAX_CHARS, TEXT_MAX_CHARS, fitted_title
from tertulia_shared.text import clean_line, clean_text
from tertulia_shared.usage import possible_usage
from tertulia_shared.user_name import stored_name, to_store

MAX_MESSAGES: Final = 20_000
"""As many as the page shows of a conversation."""
STATUSES: Final[Mapping[str, Status]] = {
    "complete": "complete",
    "interrupted": "interrupted",
    "failed": "failed",
    "streaming": "interrupted",  # the rest of this reply is not in the file
}


class ImportRefused(Exception):
    """The file cannot be imported. The text says why, and what to do; `params` are those of the code."""

    def __init__(self, code: ProblemCode, problem: str, params: Params | None = None) -> None:
        super().__init__(problem)
        self.code = code
        self.params = params or {}


@dataclass(frozen=True, slots=True)
class FileMessage:
    """A message in a file.

    `id`, `turn_id`, `character_id`: as the file has them, "" if it has none. `position`: None if the file has none.
    `created_at`: None if the file has no readable time.
    """

    is_user: bool
    name: str
    text: str
    unheard: str = ""
    status: Status = "complete"
    id: str = ""
    turn_id: str = ""
    character_id: str = ""
    position: int | None = None
    created_at: datetime | None = None
    usage: Mapping[str, int | float] = field(default_factory=dict[str, "int | float"])


@dataclass(frozen=True, slots=True)
class ConversationFile:
    """A conversation in a file.

    `settings`: the possible ones, as the store keeps them, without the cast. `names`: the names of the characters in
    the cast, by their ids.
    """

    title: str
    messages: list[FileMessage]
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cast: Cast = field(default_factory=Cast)
    names: Mapping[str, str] = field(default_factory=dict[str, str])


def read_file(content: bytes) -> ConversationFile:
    """Read a file of either format; the content says which one it is. Raises: ImportRefused."""
    try:
        whole: object = orjson.loads(content)
    except orjson.JSONDecodeError:
        whole = None  # more than one line
    if isinstance(whole, dict) and ("format" in whole or "messages" in whole):
        read = _read_json(cast("Mapping[str, Any]", whole))
    else:
        read = _read_lines(content)
    if not read.messages:
        raise ImportRefused(ProblemCode.IMPORT_EMPTY, "The file has no messages. Choose a file with a conversation.")
    if read.title:
        return read
    # as that of a conversation that was held here
    first = next((message for message in read.messages if message.is_user), read.messages[0])
    return replace(read, title=fitted_title(first.text))


def _read_json(whole: Mapping[str, Any]) -> ConversationFile:
    if whole.get("format") != FORMAT:
        raise ImportRefused(
            ProblemCode.IMPORT_FORMAT,
            f"The field `format` of the file is not {FORMAT!r}. Choose a file that Tertulia exported as JSON. If a"
            " newer version exported it, update this one.",
        )
    messages = whole.get("messages")
    if not isinstance(messages, list):
        raise ImportRefused(ProblemCode.IMPORT_EMPTY, "The file has no list `messages`.")
    rows = cast("list[object]", messages)
    _check_count(len(rows))
    cast_in_file, names = _cast_in(whole.get("cast"))
    return ConversationFile(
        _title(whole.get("title")),
        [_json_message(row, number) for number, row in enumerate(rows, 1)],
        _settings_in(whole.get("settings")),
        cast_in_file,
        names,
    )


def _json_message(row: object, number: int) -> FileMessage:
    given = _object(row, number)
    position, status, role = given.get("position"), given.get("status", "complete"), given.get("role")
    if role not in ("user", "character"):
        raise _bad_message(number, "`role` must be 'user' or 'character'")
    if not isinstance(status, str) or status not in STATUSES:
        raise _bad_message(number, f"`status` must be one of {', '.join(STATUSES)}")
    return FileMessage(
        is_user=role == "user",
        name=_name(given.get("character_name", ""), "character_name", number),
        text=_text(given.get("text"), "text", number),
        unheard=_text(given.get("unheard", ""), "unheard", number),
        status=STATUSES[status],
        id=_key(given.get("id")),
        turn_id=_key(given.get("turn_id")),
        character_id=_key(given.get("character_id")),
        position=position if isinstance(position, int) and not isinstance(position, bool) else None,
        created_at=silly_tavern.time_in(given.get("created_at")),
        usage=possible_usage(given.get("usage")),
    )


def _read_lines(content: bytes) -> ConversationFile:
    title, messages = "", list[FileMessage]()
    for number, line in _lines(content):
        if "mes" not in line and not messages:
            title = title or _title(silly_tavern.title_in(line))
        elif line.get("is_system") is not True:
            messages.append(_silly_tavern_message(line, number))
            _check_count(len(messages))
    return ConversationFile(title, messages)


def _lines(content: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects in the lines, with the numbers of the lines."""
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if not line.strip():
            continue
        try:
            found: object = orjson.loads(line)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise ImportRefused(
                ProblemCode.IMPORT_UNREADABLE,
                f"Line {number} of the file is not a JSON object. Choose a JSON file that Tertulia exported, or a chat"
                " of SillyTavern (.jsonl).",
                {"line": number},
            )
        yield number, cast("Mapping[str, Any]", found)


def _silly_tavern_message(line: Mapping[str, Any], number: int) -> FileMessage:
    ours, is_user = silly_tavern.extra_of(line.get("extra")), line.get("is_user") is True
    status, unheard = ours.get("status"), ours.get("unheard", "")
    name = _name(line.get("name", ""), "name", number)
    return FileMessage(
        is_user=is_user,
        # a message of a user without a name is exported with this name
        name="" if is_user and name == silly_tavern.USER_NAME else name,
        text=_text(line.get("mes"), "mes", number),
        unheard=_text(unheard, "unheard", number),
        status=STATUSES[status] if isinstance(status, str) and status in STATUSES else "complete",
        created_at=silly_tavern.time_in(line.get("send_date")),
    )


def _cast_in(given: object) -> tuple[Cast, Mapping[str, str]]:
    """The cast, and the names of its characters by id. An impossible cast counts as missing."""
    if not isinstance(given, dict):
        return Cast(), {}
    plain = cast("Mapping[str, object]", given)
    rows = plain.get("characters")
    listed = cast("list[object]", rows) if isinstance(rows, list) else []
    seated = [cast("Mapping[str, object]", row) for row in listed if isinstance(row, dict)]
    seats = None if rows is None else [row.get("id") for row in seated]
    names = {_key(row.get("id")): _key(row.get("name")) for row in seated}
    return possible_cast({"seats": seats, "told": plain.get("told"), "stays": plain.get("stays")}), names


def _settings_in(given: object) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        return {}
    settings = cast("Mapping[str, Any]", given)
    possible = {name: value for name, value in asdict(possible_settings(settings)).items() if value is not None}
    return {
        **possible,
        **stored_rules(settings).stored(),
        **to_store(stored_name(settings)),
        **stored_persona(settings).stored(),
        **stored_note(settings).stored(),
    }


def _title(given: object) -> str:
    return fitted_title(given) if isinstance(given, str) else ""


def _key(given: object) -> str:
    return given if isinstance(given, str) else ""


def _object(row: object, number: int) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise _bad_message(number, "it is not an object")
    return cast("Mapping[str, Any]", row)


def _name(given: object, name: str, number: int) -> str:
    cleaned = clean_line(given) if isinstance(given, str) else None
    if cleaned is None or len(cleaned) > SPEAKER_MAX_CHARS:
        raise _bad_message(number, f"`{name}` must be a text of at most {SPEAKER_MAX_CHARS} characters")
    return cleaned


def _text(given: object, name: str, number: int) -> str:
    cleaned = clean_text(given) if isinstance(given, str) else None
    if cleaned is None or len(cleaned) > TEXT_MAX_CHARS:
        raise _bad_message(number, f"`{name}` must be a text of at most {TEXT_MAX_CHARS} characters")
    return cleaned


def _bad_message(number: int, problem: str) -> ImportRefused:
    """`number`: of the message in our format, of the line in SillyTavern's."""
    return ImportRefused(
        ProblemCode.IMPORT_MESSAGE,
        f"Message {number} of the file cannot be read: {problem}. Correct the file, or export it again.",
        {"number": number},
    )


def _check_count(count: int) -> None:
    if count > MAX_MESSAGES:
        raise ImportRefused(
            ProblemCode.IMPORT_TOO_MANY,
            f"The file has more than {MAX_MESSAGES} messages. Split it into several files.",
            {"most": MAX_MESSAGES},
        )

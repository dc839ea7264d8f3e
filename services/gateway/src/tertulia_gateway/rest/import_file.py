"""Reads a file with a conversation: our JSON format, or a chat of SillyTavern. Pure; the file is untrusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, cast

import orjson

from tertulia_gateway.problem_codes import ProblemCode
from tertulia_gateway.rest import silly_tavern
from tertulia_gateway.rest.export import FORMAT
from tertulia_gateway.rest.file_json import parsed
from tertulia_gateway.rest.import_fields import (
    STATUSES,
    ConversationFile,
    FileMessage,
    FileSetAside,
    ImportRefused,
    bad_message,
    check_count,
    checked_name,
    checked_text,
    text_or_empty,
    title_in,
)
from tertulia_gateway.rest.import_silly_tavern import read_lines
from tertulia_shared.answering import stored_rules
from tertulia_shared.author_note import stored_note
from tertulia_shared.conversation_cast import Cast, possible_cast
from tertulia_shared.conversation_summary import NO_SUMMARY, Summary, summary_from_json
from tertulia_shared.lorebooks.errors import BadLorebook
from tertulia_shared.lorebooks.forms import checked, encoded, world_info
from tertulia_shared.model_settings import possible_settings
from tertulia_shared.persona import stored_persona
from tertulia_shared.store.validation import fitted_title
from tertulia_shared.text_encoding import WANTED, UnknownEncoding, decoded
from tertulia_shared.usage import possible_usage
from tertulia_shared.user_name import stored_name, to_store


def read_file(content: bytes) -> ConversationFile:
    """Read a file of either format; the content says which one it is. Raises: ImportRefused."""
    try:
        content = decoded(content).encode()
    except UnknownEncoding:
        raise ImportRefused(
            ProblemCode.IMPORT_ENCODING, f"The file is not in {WANTED}: save it as UTF-8, and import that."
        ) from None
    try:
        whole = parsed(content)
    except orjson.JSONDecodeError:
        whole = None  # more than one line
    if isinstance(whole, dict) and ("format" in whole or "messages" in whole):
        read = _read_json(cast("Mapping[str, Any]", whole))
    else:
        read = read_lines(content)
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
    aside: object = whole.get("set_aside", [])
    if not isinstance(aside, list):
        raise bad_message(len(rows) + 1, "`set_aside` must be a list")
    rows_aside = cast("list[object]", aside)
    check_count(len(rows) + len(rows_aside))
    cast_in_file, names = _cast_in(whole.get("cast"))
    return ConversationFile(
        title_in(whole.get("title")),
        [_json_message(row, number) for number, row in enumerate(rows, 1)],
        _settings_in(whole.get("settings")),
        cast_in_file,
        names,
        _set_aside(rows_aside, len(rows) + 1),
        _lorebook_in(whole.get("lorebook")),
        _summary_in(whole.get("summary")),
    )


def _set_aside(rows: list[object], first: int) -> list[FileSetAside]:
    """The messages that are set aside. `first`: the number of the first one."""
    found = [
        FileSetAside(_json_message(row, number), text_or_empty(_object(row, number).get("branch")))
        for number, row in enumerate(rows, first)
    ]
    branches = {each.branch for each in found if each.branch and each.branch == each.message.id}
    for number, each in enumerate(found, first):
        if each.branch not in branches:
            raise bad_message(number, "`branch` must be the `id` of a message in `set_aside` whose `branch` it is, too")
    return found


def _json_message(row: object, number: int) -> FileMessage:
    given = _object(row, number)
    position, status, role = given.get("position"), given.get("status", "complete"), given.get("role")
    if role not in ("user", "character"):
        raise bad_message(number, "`role` must be 'user' or 'character'")
    if not isinstance(status, str) or status not in STATUSES:
        raise bad_message(number, f"`status` must be one of {', '.join(STATUSES)}")
    return FileMessage(
        is_user=role == "user",
        name=checked_name(given.get("character_name", ""), "character_name", number),
        text=checked_text(given.get("text"), "text", number),
        unheard=checked_text(given.get("unheard", ""), "unheard", number),
        status=STATUSES[status],
        id=text_or_empty(given.get("id")),
        turn_id=text_or_empty(given.get("turn_id")),
        character_id=text_or_empty(given.get("character_id")),
        position=position if isinstance(position, int) and not isinstance(position, bool) else None,
        created_at=silly_tavern.time_in(given.get("created_at")),
        usage=possible_usage(given.get("usage")),
        replaces=text_or_empty(given.get("replaces")),
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
    names = {text_or_empty(row.get("id")): text_or_empty(row.get("name")) for row in seated}
    return possible_cast({"seats": seats, "told": plain.get("told"), "stays": plain.get("stays")}), names


def _lorebook_in(given: object) -> str:
    """The lorebook as JSON; "" if there is none, or an impossible one."""
    if not isinstance(given, dict):
        return ""
    try:
        return encoded(world_info(checked(encoded(cast("Mapping[str, Any]", given)))))
    except BadLorebook:
        return ""


def _summary_in(given: object) -> Summary:
    """The summary; an empty one if there is none. What is impossible is left out."""
    return summary_from_json(orjson.dumps(given)) if isinstance(given, dict) else NO_SUMMARY


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


def _object(row: object, number: int) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise bad_message(number, "it is not an object")
    return cast("Mapping[str, Any]", row)

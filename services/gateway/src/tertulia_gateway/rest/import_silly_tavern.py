"""Reads a chat of SillyTavern. Pure; the file is untrusted.

A message may have `swipes`: the texts of its versions. `swipe_id` is the number of the chosen one, from 0, which is
also in `mes`; `swipe_info` has the date and the `extra` of each. The chosen version comes to the table, the others are
set aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import orjson

from tertulia_gateway.problem_codes import ProblemCode
from tertulia_gateway.rest import silly_tavern
from tertulia_gateway.rest.file_json import parsed
from tertulia_gateway.rest.import_fields import (
    STATUSES,
    ConversationFile,
    FileMessage,
    FileSetAside,
    ImportRefused,
    check_count,
    checked_name,
    checked_text,
    title_in,
)


def read_lines(content: bytes) -> ConversationFile:
    """Read a chat in UTF-8, without a byte order mark. Raises: ImportRefused."""
    title, messages, set_aside = "", list[FileMessage](), list[FileSetAside]()
    number = 0
    for line in _lines(content):
        if "mes" not in line and not messages:
            title = title or title_in(silly_tavern.title_in(line))
            continue
        number += 1
        if line.get("is_system") is not True:
            message, others = _with_swipes(line, number)
            messages.append(message)
            set_aside += [FileSetAside(other, other.id) for other in others]
            check_count(len(messages) + len(set_aside))
    return ConversationFile(title, messages, set_aside=set_aside)


def _lines(content: bytes) -> Iterator[Mapping[str, Any]]:
    """The objects in the lines."""
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = parsed(line)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise ImportRefused(
                ProblemCode.IMPORT_UNREADABLE,
                f"Line {number} of the file is not a JSON object. Choose a JSON file that Tertulia exported, or a chat"
                " of SillyTavern (.jsonl).",
                {"line": number},
            )
        yield cast("Mapping[str, Any]", found)


def _with_swipes(line: Mapping[str, Any], number: int) -> tuple[FileMessage, Sequence[FileMessage]]:
    """Message `number` of the file, and its versions that were not chosen."""
    chosen = _message(line, number)
    swipes, chosen_number = line.get("swipes"), line.get("swipe_id", 0)
    if chosen.is_user or not isinstance(swipes, list):
        return chosen, ()
    texts = [checked_text(_or_empty(each), "swipes", number) for each in cast("list[object]", swipes)]
    if not isinstance(chosen_number, int) or isinstance(chosen_number, bool) or not 0 <= chosen_number < len(texts):
        return chosen, ()  # no swipe is known to be the one in `mes`
    infos = line.get("swipe_info")
    listed = cast("list[object]", infos) if isinstance(infos, list) else []
    found: dict[int, FileMessage] = {}
    for swipe, text in enumerate(texts):
        info = listed[swipe] if swipe < len(listed) else None
        if swipe == chosen_number:
            found[swipe] = chosen
        elif text.strip():  # SillyTavern adds an empty one before it asks the model for another version
            found[swipe] = replace(_version(chosen, info, number), text=text)
    first = next(iter(found))
    versions = {
        swipe: replace(
            message,
            id=f"{number} {swipe}",
            replaces="" if swipe == first else f"{number} {first}",
            position=swipe,
        )
        for swipe, message in found.items()
    }
    if len(versions) == 1:
        return chosen, ()
    return versions[chosen_number], [message for swipe, message in versions.items() if swipe != chosen_number]


def _version(chosen: FileMessage, info: object, number: int) -> FileMessage:
    """Another version of a message, without its text. `info`: its item of `swipe_info`."""
    given: Mapping[str, Any] = cast("Mapping[str, Any]", info) if isinstance(info, dict) else {}
    ours = silly_tavern.extra_of(given.get("extra"))
    status = ours.get("status")
    return replace(
        chosen,
        name=checked_name(ours.get("name", chosen.name), "name", number),
        unheard=checked_text(ours.get("unheard", ""), "unheard", number),
        status=STATUSES[status] if isinstance(status, str) and status in STATUSES else "complete",
        created_at=silly_tavern.time_in(given.get("send_date")) or chosen.created_at,
    )


def _message(line: Mapping[str, Any], number: int) -> FileMessage:
    ours, is_user = silly_tavern.extra_of(line.get("extra")), line.get("is_user") is True
    status, unheard = ours.get("status"), ours.get("unheard", "")
    name = checked_name(_or_empty(line.get("name")), "name", number)
    return FileMessage(
        is_user=is_user,
        # a message of a user without a name is exported with this name
        name="" if is_user and name == silly_tavern.USER_NAME else name,
        text=checked_text(_or_empty(line["mes"]) if "mes" in line else None, "mes", number),
        unheard=checked_text(unheard, "unheard", number),
        status=STATUSES[status] if isinstance(status, str) and status in STATUSES else "complete",
        created_at=silly_tavern.time_in(line.get("send_date")),
    )


def _or_empty(given: object) -> object:
    """The value; "" for null, which some programs write for an empty text."""
    return "" if given is None else given

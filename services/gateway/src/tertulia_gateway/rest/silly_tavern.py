"""SillyTavern's chat format: a file of JSON lines, a header and then the messages. Pure.

Fields of the header: `user_name`, `character_name`, `create_date`, `chat_metadata`. Fields of a message: `name`,
`is_user`, `is_system` (hidden from the model), `send_date`, `mes` (the text), `extra` (an object for extensions, which
SillyTavern keeps). A reply with several versions also has `swipes` (their texts), `swipe_id` (the number of the chosen
one, from 0) and `swipe_info` (`send_date` and `extra` of each). Files of different releases have different forms of
`send_date`; some have no header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

import orjson

from tertulia_shared.store import Conversation, Message

EXTRA: Final = "tertulia"
"""The name of our object in `extra`, with the `status` of a message and its `unheard` text; in `swipe_info` also with
the `name` of the speaker.
"""
USER_NAME: Final = "You"
"""The name of a user without a name."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HUMANIZED: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})\s*@\s*(?P<hour>\d{1,2})h\s*(?P<minute>\d{1,2})m\s*"
    r"(?:(?P<second>\d{1,2})s)?.{0,12}"
)
"""2024-6-19 @14h 28m 5s 123ms"""
_WORDS: Final = re.compile(
    r"(?P<month>[A-Za-z]{3,9}) (?P<day>\d{1,2}), (?P<year>\d{4}) (?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"\s?(?P<half>[ap]m)?",
    re.IGNORECASE,
)
"""June 19, 2024 2:28pm"""
_MS_MIN: Final = 100_000_000_000
"""Greater numbers are milliseconds, others seconds since 1970."""


def header_line(conversation: Conversation) -> bytes:
    """The first line of a file. `character_name` is the title, because several characters speak."""
    header = {
        "user_name": USER_NAME,
        "character_name": conversation.title or "Tertulia",
        "create_date": _iso(conversation.created_at),
        "chat_metadata": {EXTRA: {"title": conversation.title}},
    }
    return orjson.dumps(header, option=orjson.OPT_APPEND_NEWLINE)


def message_line(message: Message, versions: Sequence[Message] = ()) -> bytes:
    """The line of a message. `versions`: all its versions in order; the replies among those of a reply become its
    `swipes`.
    """
    is_user = message.role == "user"
    line: dict[str, Any] = {
        "name": message.character_name or (USER_NAME if is_user else ""),
        "is_user": is_user,
        "is_system": False,
        "send_date": _iso(message.created_at),
        "mes": message.text,
        "extra": {EXTRA: {"status": message.status, "unheard": message.unheard}},
    }
    swipes = [version for version in versions if version.role == "character"]
    if len(swipes) > 1 and not is_user:
        line["swipe_id"] = [version.id for version in swipes].index(message.id)
        line["swipes"] = [version.text for version in swipes]
        line["swipe_info"] = [_swipe_info(version) for version in swipes]
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _swipe_info(version: Message) -> dict[str, Any]:
    ours = {"status": version.status, "unheard": version.unheard, "name": version.character_name}
    return {"send_date": _iso(version.created_at), "extra": {EXTRA: ours}}


def title_in(header: Mapping[str, Any]) -> str:
    """The title in a header: ours, else the character's name. A group's header has `unused` as the name."""
    ours = extra_of(header.get("chat_metadata"))
    title = ours.get("title", header.get("character_name"))
    return title if isinstance(title, str) and title != "unused" else ""


def extra_of(extra: object) -> Mapping[str, Any]:
    """Our object in `extra` or in `chat_metadata`; empty if there is none."""
    ours = cast("Mapping[str, object]", extra).get(EXTRA) if isinstance(extra, dict) else None
    return cast("Mapping[str, Any]", ours) if isinstance(ours, dict) else {}


def time_in(send_date: object) -> datetime | None:
    """The time in `send_date`, as UTC if it names no time zone; None if it is missing or has an unknown form."""
    try:
        if isinstance(send_date, int | float) and not isinstance(send_date, bool):
            seconds = send_date / 1000 if send_date > _MS_MIN else send_date
            return datetime.fromtimestamp(seconds, UTC)
        if not isinstance(send_date, str):
            return None
        if send_date.isascii() and send_date.isdigit():
            return time_in(int(send_date[:15]))
        if match := _HUMANIZED.fullmatch(send_date) or _WORDS.fullmatch(send_date):
            return _time_of(match.groupdict())
        time = datetime.fromisoformat(send_date)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _time_of(parts: Mapping[str, str | None]) -> datetime:
    """Raises: ValueError (no such day or hour)."""
    month, hour, half = str(parts["month"]), int(parts["hour"] or 0), (parts.get("half") or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    second = int(parts.get("second") or 0)
    return datetime(
        int(parts["year"] or 0), number, int(parts["day"] or 0), hour, int(parts["minute"] or 0), second, tzinfo=UTC
    )


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

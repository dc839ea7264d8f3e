"""What a file with a conversation consists of, and the checks of its fields. Pure; the file is untrusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tertulia_gateway.problem_codes import Params, ProblemCode
from tertulia_shared.conversation_cast import Cast
from tertulia_shared.conversation_summary import NO_SUMMARY, Summary
from tertulia_shared.store.records import Status
from tertulia_shared.store.validation import SPEAKER_MAX_CHARS, TEXT_MAX_CHARS, fitted_title
from tertulia_shared.text import clean_line, clean_text
from tertulia_shared.visible_text import without_invisible

MAX_MESSAGES: Final = 20_000
"""As many as the page shows of a conversation. Messages that are set aside count, too."""
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

    `name` may be too long for the store. `id`, `turn_id`, `character_id`, `replaces`: as the file has them, "" if it
    has none. `position`: None if the file has none. `created_at`: None if the file has no readable time.
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
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class FileSetAside:
    """A message in a file that is not at the table. `branch`: the `id` of a message that is set aside, too."""

    message: FileMessage
    branch: str


@dataclass(frozen=True, slots=True)
class ConversationFile:
    """A conversation in a file.

    `settings`: the possible ones, as the store keeps them, without the cast. `names`: the names of the characters in
    the cast, by their ids. `summary`: its `covers` is a position of the file.
    """

    title: str
    messages: list[FileMessage]
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cast: Cast = field(default_factory=Cast)
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    set_aside: list[FileSetAside] = field(default_factory=list[FileSetAside])
    lorebook: str = ""
    """JSON (world info); "": the file has none."""
    summary: Summary = NO_SUMMARY


def title_in(given: object) -> str:
    return fitted_title(given) if isinstance(given, str) else ""


def text_or_empty(given: object) -> str:
    return given if isinstance(given, str) else ""


def checked_name(given: object, name: str, number: int) -> str:
    """The name of a speaker in the field `name` of message `number`, of any length, without invisible characters.
    Raises: ImportRefused.
    """
    if not isinstance(given, str):
        raise bad_message(number, f"`{name}` must be a text")
    return clean_line(without_invisible(clean_line(given)))


def fitted_name(name: str) -> str:
    """The name of a speaker, shortened to the bound that the store accepts."""
    return name if len(name) <= SPEAKER_MAX_CHARS else name[: SPEAKER_MAX_CHARS - 1] + "…"


def checked_text(given: object, name: str, number: int) -> str:
    """The text in the field `name` of message `number`. Raises: ImportRefused."""
    cleaned = clean_text(given) if isinstance(given, str) else None
    if cleaned is None or len(cleaned) > TEXT_MAX_CHARS:
        raise bad_message(number, f"`{name}` must be a text of at most {TEXT_MAX_CHARS} characters")
    return cleaned


def bad_message(number: int, problem: str) -> ImportRefused:
    """`number`: of the message in the file, from 1. Hidden messages of SillyTavern count, its header does not."""
    return ImportRefused(
        ProblemCode.IMPORT_MESSAGE,
        f"Message {number} of the file cannot be read: {problem}. Correct the file, or export it again.",
        {"number": number},
    )


def check_count(count: int) -> None:
    """Raises: ImportRefused (too many messages)."""
    if count > MAX_MESSAGES:
        raise ImportRefused(
            ProblemCode.IMPORT_TOO_MANY,
            f"The file has more than {MAX_MESSAGES} messages. Split it into several files.",
            {"most": MAX_MESSAGES},
        )

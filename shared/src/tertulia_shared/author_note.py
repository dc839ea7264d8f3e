"""The author's note of a conversation: a text that the user puts into the history of every prompt. Pure.

Redis holds it in a field of the conversation's state, the store with the conversation's settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson

from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.text import clean_text

MAX_CHARS: Final = 2_000
DEPTH: Final = 4
MAX_DEPTH: Final = 50
STORED_AS: Final = "note"
"""The name of the note among the stored settings of a conversation."""


@dataclass(frozen=True, slots=True)
class AuthorNote:
    """`depth`: how many messages of the history follow the note. Without a text there is no note."""

    text: str = ""
    depth: int = DEPTH

    def fields(self) -> dict[str, Value | None]:
        """The field of the conversation's state. An empty note has one too: it is newer than a stored one."""
        return {StateField.NOTE: orjson.dumps(self._plain()).decode()}

    def stored(self) -> dict[str, Any]:
        """The note as the store keeps it with the settings of a conversation; empty if it is the default."""
        return {STORED_AS: self._plain()} if self != AuthorNote() else {}

    def _plain(self) -> dict[str, Any]:
        return {"text": self.text, "depth": self.depth}


def note_of(state: ConversationState) -> AuthorNote:
    """The note in a conversation's state. An impossible one counts as missing."""
    try:
        return possible_note(orjson.loads(state.get(StateField.NOTE, b"{}")))
    except orjson.JSONDecodeError:
        return AuthorNote()


def stored_note(settings: Mapping[str, Any]) -> AuthorNote:
    """The note among the stored settings of a conversation. An impossible one counts as missing."""
    return possible_note(settings.get(STORED_AS))


def possible_note(plain: object) -> AuthorNote:
    """Read a note from an untrusted structure. What is impossible in it is left out."""
    if not isinstance(plain, dict):
        return AuthorNote()
    given = cast("Mapping[str, object]", plain)
    text, depth = given.get("text"), given.get("depth")
    return AuthorNote(
        clean_text(text)[:MAX_CHARS].strip() if isinstance(text, str) else "",
        cast("int", depth) if is_depth(depth) else DEPTH,
    )


def is_depth(value: object) -> bool:
    """True if the value is a possible depth."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_DEPTH

"""The name that the characters call the user by in a conversation. Pure.

Redis holds it in a field of the conversation's state, the store with the conversation's settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.names import fold
from tertulia_shared.text import clean_line
from tertulia_shared.visible_text import invisible_fault

MAX_CHARS: Final = 40
STORED_AS: Final = "user_name"
"""The name of this setting among the stored settings of a conversation."""


def user_name_problem(name: object) -> str:
    """What is wrong with a name, and what is allowed; "" if it is possible."""
    if not isinstance(name, str):
        return "must be a string, or null for the server's default"
    if fault := invisible_fault(name):
        return fault
    if "<" in name or ">" in name:
        return "must not contain < or >, which mark a speaker in what the model reads"
    if not 1 <= len(clean_line(name)) <= MAX_CHARS:
        return f"has {len(clean_line(name))} characters; 1 to {MAX_CHARS} are allowed"
    if not any(char.isalnum() for char in name):
        return "must contain a letter or a digit, so that it can be said"
    return ""


def same_name(name: str, names: Iterable[str]) -> str:
    """The one of `names` that cannot be told from `name`; "" if there is none."""
    key = fold(name)
    return next((each for each in names if fold(each) == key), "")


def name_of(state: ConversationState) -> str:
    """The name in a conversation's state; "" if it is missing or impossible: the server's default applies."""
    return _possible(state.get(StateField.USER_NAME, b"").decode(errors="replace"))


def stored_name(settings: Mapping[str, Any]) -> str:
    """The name among the stored settings of a conversation; "" if it is missing or impossible."""
    return _possible(settings.get(STORED_AS))


def state_fields(name: str) -> dict[str, Value | None]:
    """The field of the conversation's state."""
    return {StateField.USER_NAME: name or None}


def to_store(name: str) -> dict[str, Any]:
    """The name as the store keeps it; empty if the server's default applies."""
    return {STORED_AS: name} if name else {}


def _possible(name: object) -> str:
    return clean_line(name) if isinstance(name, str) and not user_name_problem(name) else ""

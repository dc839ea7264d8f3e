"""A persona: who the user is in a conversation. Pure.

The store keeps each persona as a document of all conversations. A conversation has a copy of the persona that it uses:
in a field of its state in Redis, and with its stored settings. So a turn needs no read of the store, and the
conversation keeps its persona when the document is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

import orjson

from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.ids import is_id
from tertulia_shared.store import EVERYBODY, Document, InvalidRecord
from tertulia_shared.store.pictures import ALLOWED, is_picture, shown
from tertulia_shared.store.validation import IMAGE_MAX_CHARS
from tertulia_shared.text import clean_line, clean_text
from tertulia_shared.user_name import user_name_problem

KIND: Final = "persona"
MAX_DESCRIPTION_CHARS: Final = 4_000
STORED_AS: Final = "persona"
"""The name of the persona among the stored settings of a conversation."""


@dataclass(frozen=True, slots=True)
class Persona:
    """Who the user is. `name`: what the characters call the user. The default is no persona."""

    id: str = ""
    name: str = ""
    description: str = ""

    def fields(self) -> dict[str, Value | None]:
        """The field of the conversation's state. No persona has one too: it is newer than a stored one."""
        return {StateField.PERSONA: orjson.dumps(self._plain()).decode()}

    def stored(self) -> dict[str, Any]:
        """The persona as the store keeps it with the settings of a conversation; empty if there is none."""
        return {STORED_AS: self._plain()} if self.id else {}

    def _plain(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "description": self.description} if self.id else {}


@dataclass(frozen=True, slots=True)
class PersonaRecord:
    """A persona with its picture ("", or as a character's image), and the time of its last change."""

    persona: Persona
    image: str
    updated_at: datetime


def persona_of(state: ConversationState) -> Persona:
    """The persona in a conversation's state. An impossible one counts as missing."""
    try:
        return possible_persona(orjson.loads(state.get(StateField.PERSONA, b"{}")))
    except orjson.JSONDecodeError:
        return Persona()


def stored_persona(settings: Mapping[str, Any]) -> Persona:
    """The persona among the stored settings of a conversation. An impossible one counts as missing."""
    return possible_persona(settings.get(STORED_AS))


def possible_persona(plain: object) -> Persona:
    """Read a persona from an untrusted structure: no persona if it has no id or no possible name."""
    if not isinstance(plain, dict):
        return Persona()
    given = cast("Mapping[str, object]", plain)
    persona_id, name, description = given.get("id"), given.get("name"), given.get("description")
    if not isinstance(name, str) or not is_id(persona_id) or user_name_problem(name):
        return Persona()
    text = clean_text(description)[:MAX_DESCRIPTION_CHARS] if isinstance(description, str) else ""
    return Persona(cast("str", persona_id), clean_line(name), text)


def name_after(before: Persona, after: Persona, name: str) -> str:
    """What the characters call the user after the persona `before` is edited, or is given up.

    A `name` that the user has chosen in the conversation since then stays.
    """
    return after.name if name == before.name else name


def document_of(persona: Persona, image: str, before: Document | None, now: datetime) -> Document:
    """The document of a persona. `before`: the stored one, which the new one replaces even if its clock was ahead.

    Raises:
        InvalidRecord: the name, the description or the picture breaks a rule.
    """
    if problem := user_name_problem(persona.name):
        raise InvalidRecord("name", problem, _code_of(persona.name))
    if len(persona.description) > MAX_DESCRIPTION_CHARS:
        count = len(persona.description)
        raise InvalidRecord("description", f"{count} characters; at most {MAX_DESCRIPTION_CHARS} are allowed")
    if len(image) > IMAGE_MAX_CHARS or not is_picture(image):
        raise InvalidRecord("image", f"{ALLOWED}; at most {IMAGE_MAX_CHARS} characters", "not_a_picture")
    content = {"name": persona.name, "description": persona.description, "image": image}
    if before is not None:
        now = max(now, before.updated_at + timedelta(microseconds=1))
    return Document(KIND, EVERYBODY, persona.id, orjson.dumps(content).decode(), now)


def _code_of(name: str) -> str:
    """The kind of the problem of an impossible name, for programs."""
    if "<" in name or ">" in name:
        return "angle_brackets"
    return "" if any(char.isalnum() for char in name) else "unspeakable"


def record_of(document: Document) -> PersonaRecord | None:
    """The persona of a document; None if it is impossible."""
    try:
        content: object = orjson.loads(document.content)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(content, dict):
        return None
    given = cast("Mapping[str, object]", content)
    persona, image = possible_persona({**given, "id": document.id}), given.get("image")
    if not persona.id:
        return None
    return PersonaRecord(persona, shown(image) if isinstance(image, str) else "", document.updated_at)

"""`/api/personas`: who the user can be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.schemas import UUID, Line, Schema, Text
from tertulia_shared.persona import KIND, MAX_DESCRIPTION_CHARS, Persona, PersonaRecord, document_of, record_of
from tertulia_shared.store import EVERYBODY, Document, NameTaken, NotFound, Store
from tertulia_shared.store.records import utc_now
from tertulia_shared.store.validation import IMAGE_MAX_CHARS, name_key
from tertulia_shared.user_name import MAX_CHARS, same_name

PersonaId = Annotated[str, Path(pattern=UUID, description="a persona's id; for a new one, a new UUID")]


class PersonaContent(Schema):
    """The content of a persona."""

    name: Line = Field(min_length=1, max_length=MAX_CHARS, description="what the characters call you")
    description: Text = Field("", max_length=MAX_DESCRIPTION_CHARS, description="who you are, for the characters")
    image: Text = Field(
        "", max_length=IMAGE_MAX_CHARS, description='"", or a base64 data: URI of a PNG, JPEG, WebP or GIF'
    )


class PersonaItem(Schema):
    """A persona: who the user is in conversations that use it."""

    id: str
    name: str
    description: str
    image: str
    updated_at: datetime


class PersonaList(Schema):
    """All personas, by name."""

    personas: list[PersonaItem]


def router(store: Store) -> APIRouter:
    api = APIRouter(prefix="/api", tags=["personas"])

    @api.get("/personas", responses=responses())
    async def list_personas() -> PersonaList:
        """All personas, by name."""
        found = _records(await store.documents(KIND))
        found.sort(key=lambda record: (name_key(record.persona.name), record.persona.id))
        return PersonaList(personas=[_item(record) for record in found])

    @api.get("/personas/{persona_id}", responses=responses(404, 422))
    async def read_persona(persona_id: PersonaId) -> PersonaItem:
        """One persona."""
        document = await store.document(KIND, EVERYBODY, persona_id)
        record = None if document is None else record_of(document)
        if record is None:
            raise NotFound("persona", persona_id)
        return _item(record)

    @api.put("/personas/{persona_id}", responses=responses(409, 422, body=True))
    async def save_persona(persona_id: PersonaId, content: PersonaContent) -> PersonaItem:
        """Create or replace a persona. The same request a second time changes nothing. A character's name, and the name
        of another persona, are refused.

        A conversation that uses the persona gets the new text when it is opened the next time, or when the persona is
        chosen again.
        """
        persona = Persona(persona_id, content.name, content.description.strip())
        if name := same_name(persona.name, [character.name for character in await store.characters()]):
            raise NameTaken(name)
        if name := _name_of_another(persona, await store.documents(KIND)):
            raise NameTaken(name, "persona")
        before = await store.document(KIND, EVERYBODY, persona_id)
        await store.save_document(document_of(persona, content.image, before, utc_now()))
        return await read_persona(persona_id)

    @api.delete("/personas/{persona_id}", status_code=204, responses=responses(404, 422))
    async def delete_persona(persona_id: PersonaId) -> None:
        """Delete a persona. Conversations that use it keep their copy of it."""
        if not await store.delete_document(KIND, EVERYBODY, persona_id):
            raise NotFound("persona", persona_id)

    return api


def _records(documents: Iterable[Document]) -> list[PersonaRecord]:
    return [record for document in documents if (record := record_of(document))]


def _name_of_another(persona: Persona, documents: Iterable[Document]) -> str:
    """The name of another persona that cannot be told from this persona's name; "" if there is none, or if this persona
    has the name already: earlier releases accepted two of one name.
    """
    names = {record.persona.id: record.persona.name for record in _records(documents)}
    own = names.pop(persona.id, "")
    return "" if same_name(persona.name, [own]) else same_name(persona.name, names.values())


def _item(record: PersonaRecord) -> PersonaItem:
    persona = record.persona
    return PersonaItem(
        id=persona.id,
        name=persona.name,
        description=persona.description,
        image=record.image,
        updated_at=record.updated_at,
    )

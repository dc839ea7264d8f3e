"""The store accepts every text that the gateway accepts from a client, in each field and with any characters."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import orjson
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tertulia_gateway.command_parser import parse
from tertulia_gateway.commands import ChangeNote, ChangeSettings, Problem, UserMessage
from tertulia_gateway.rest.conversation_schemas import Rename
from tertulia_gateway.rest.personas import PersonaContent
from tertulia_gateway.rest.schemas import CharacterChange, NewCharacter
from tertulia_llm.turn_rows import title_of
from tertulia_shared.author_note import AuthorNote, stored_note
from tertulia_shared.ids import new_id
from tertulia_shared.persona import Persona, document_of, record_of, stored_persona
from tertulia_shared.store import Character, InvalidRecord, Message
from tertulia_shared.store.documents import check_document
from tertulia_shared.store.records import utc_now
from tertulia_shared.store.validation import (
    check_character,
    check_message,
    check_title,
    encode_settings,
    fitted_message,
)

T = TypeVar("T")
CONTROLS = "\x00\x07\t\n\x0b\x0c\r\x1b\x1f\x7f\x80\x81\x85\x92\x9f\u2028\u2029\ufeff\ufffe\ud83d\ude00<>"
CHARACTERS = st.sampled_from(CONTROLS) | st.characters(exclude_categories=())
ANY = st.text(CHARACTERS, max_size=30)


def repeated(text: str, times: int) -> str:
    return text * times


LONG = st.builds(repeated, ANY, st.sampled_from([1, 10, 300, 10_000]))
NOT_ABOUT_CHARACTERS = ("< or >", "a letter or a digit", "data: URI")
"""The store's error messages for other faults of a character. The API repeats them in its response."""


def raw_frame(kind: str, data: object) -> str:
    """A frame as a browser sends it: without escapes, except for lone surrogates."""
    return json.dumps({"type": kind, "data": data}, ensure_ascii=False)


def accepted(make: Callable[[], T]) -> T | None:
    with suppress(ValidationError):
        return make()
    return None


def refusal(character: Character) -> str:
    try:
        check_character(character)
    except InvalidRecord as error:
        return str(error)
    return ""


def row(text: str, name: str = "Jay") -> Message:
    now, id = utc_now(), new_id()
    return Message(id, new_id(), id, "user", None, name, text, "complete", 0, now, now)


@given(LONG, st.sampled_from(["plain", "escaped"]))
def test_store_accepts_every_message_that_the_gateway_accepts(text: str, how: str) -> None:
    frame = raw_frame("user_message", {"text": text})
    command = parse(json.dumps(json.loads(frame)) if how == "escaped" else frame)
    assert isinstance(command, UserMessage | Problem)
    if isinstance(command, UserMessage):
        check_message(row(command.text))
        check_title(title_of(command.text))
        assert orjson.dumps(command.text)


@given(LONG, st.floats() | st.integers() | st.none(), st.floats() | st.integers() | st.booleans())
def test_store_accepts_all_model_settings_that_the_gateway_accepts(
    model: str, temperature: float | None, top_k: float
) -> None:
    data = {"model": model, "temperature": temperature, "top_k": top_k}
    # one setting at a time, because one refused setting causes the whole command to be refused
    for name, value in data.items():
        command = parse(raw_frame("model_settings", {name: value}))
        assert isinstance(command, ChangeSettings | Problem)
        if isinstance(command, ChangeSettings):
            encode_settings(dict(command.changes))
            assert orjson.dumps(dict(command.changes))


@given(LONG)
def test_store_accepts_every_title_that_the_gateway_accepts(title: str) -> None:
    if (rename := accepted(lambda: Rename(title=title))) is not None:
        check_title(rename.title)


@given(LONG, LONG, LONG, LONG)
def test_store_accepts_every_character_that_the_gateway_accepts(name: str, voice: str, prompt: str, image: str) -> None:
    for fields in ({"name": name}, {"voice": voice}, {"system_prompt": prompt}, {"image": image}):
        whole = {"name": "Luna", "voice": "luna", **fields}
        new = accepted(lambda whole=whole: NewCharacter.model_validate(whole))
        change = accepted(lambda fields=fields: CharacterChange.model_validate(fields))
        assert (new is None) == (change is None), "a change has the same rules as a new character"
        if new is not None:
            now = utc_now()
            refused = refusal(Character(new_id(), created_at=now, updated_at=now, **new.model_dump()))
            assert not refused or any(reason in refused for reason in NOT_ABOUT_CHARACTERS), refused


@given(LONG)
def test_store_keeps_every_note_that_the_gateway_accepts(text: str) -> None:
    command = parse(raw_frame("note", {"text": text}))
    assert isinstance(command, ChangeNote | Problem)
    if isinstance(command, ChangeNote):
        note = AuthorNote(command.text or "")
        encode_settings(note.stored())
        assert stored_note(note.stored()) == note


@given(LONG, LONG)
def test_store_keeps_every_persona_that_the_gateway_accepts(name: str, description: str) -> None:
    for fields in ({"name": name, "description": ""}, {"name": "Ada", "description": description}):
        content = accepted(lambda fields=fields: PersonaContent.model_validate(fields))
        if content is None:
            continue
        persona = Persona(new_id(), content.name, content.description)
        if any(char in content.name for char in "<>") or not any(char.isalnum() for char in content.name):
            continue  # the API repeats these errors of `document_of` in its response
        document = document_of(persona, content.image, None, utc_now())
        check_document(document)
        record = record_of(document)
        assert record is not None
        assert record.persona == persona
        encode_settings(persona.stored())
        assert stored_persona(persona.stored()) == persona


@given(LONG, LONG)
def test_store_accepts_every_message_after_it_was_fitted(text: str, name: str) -> None:
    """`fitted` makes any text acceptable: it may come from a model, a recognizer, a setting or another release."""
    check_message(fitted_message(row(text, name)))

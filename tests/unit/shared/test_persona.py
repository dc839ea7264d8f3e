from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.ids import new_id
from tertulia_shared.persona import (
    MAX_DESCRIPTION_CHARS,
    Persona,
    document_of,
    name_after,
    persona_of,
    possible_persona,
    record_of,
    stored_persona,
)
from tertulia_shared.store import EVERYBODY, Document, InvalidRecord
from tests.harness.store_records import at

ADA = Persona(new_id(), "Ada", "A clockmaker,\nshort of time.")
BO = Persona(new_id(), "Bo")


def in_state(value: str) -> ConversationState:
    return ConversationState({StateField.PERSONA.raw: value.encode()})


@pytest.mark.parametrize("persona", [ADA, BO, Persona()])
def test_persona_survives_the_state_and_the_stored_settings(persona: Persona) -> None:
    assert persona_of(in_state(str(persona.fields()["persona"]))) == persona
    assert stored_persona(orjson.loads(orjson.dumps(persona.stored()))) == persona
    assert persona.stored() == {} or persona.id


@pytest.mark.parametrize("raw", ["", "{", "[]", "null", "7", '{"id": "x", "name": "Ada"}', '{"name": "Ada"}'])
def test_damaged_persona_in_the_state_counts_as_missing(raw: str) -> None:
    assert persona_of(in_state(raw)) == Persona()
    assert persona_of(ConversationState({StateField.PERSONA.raw: b"\xff"})) == Persona()
    assert persona_of(ConversationState({})) == Persona()


def test_impossible_parts_of_an_untrusted_persona_are_left_out() -> None:
    plain: dict[str, Any] = {"id": ADA.id, "name": " Ada ", "description": "a\x07b" + "x" * 9_000, "mood": 1}
    found = possible_persona(plain)
    assert (found.id, found.name, len(found.description)) == (ADA.id, "Ada", MAX_DESCRIPTION_CHARS)
    assert "\x07" not in found.description
    assert possible_persona({**plain, "description": 7}).description == ""
    for name in ("<b>", "", "x" * 41, "…", 5, None):
        assert possible_persona({**plain, "name": name}) == Persona()


@pytest.mark.parametrize(
    ("before", "after", "name", "expected"),
    [
        (ADA, replace(ADA, name="Zoe"), "Ada", "Zoe"),
        (ADA, replace(ADA, name="Zoe"), "Captain", "Captain"),
        (ADA, Persona(), "Ada", ""),
        (ADA, Persona(), "Captain", "Captain"),
        (Persona(), Persona(), "Captain", "Captain"),
    ],
)
def test_name_that_was_chosen_in_the_conversation_stays(
    before: Persona, after: Persona, name: str, expected: str
) -> None:
    assert name_after(before, after, name) == expected


def test_persona_survives_its_document() -> None:
    document = document_of(ADA, "", None, at(0))
    assert (document.kind, document.owner, document.id) == ("persona", EVERYBODY, ADA.id)
    record = record_of(document)
    assert record is not None
    assert (record.persona, record.image, record.updated_at) == (ADA, "", at(0))


def test_document_replaces_one_whose_clock_was_ahead() -> None:
    before = document_of(ADA, "", None, at(60))
    assert document_of(BO, "", before, at(0)).updated_at == at(60) + timedelta(microseconds=1)
    assert document_of(BO, "", before, at(61)).updated_at == at(61)


@pytest.mark.parametrize(
    ("persona", "image", "field", "code"),
    [
        (replace(ADA, name=""), "", "name", "unspeakable"),
        (replace(ADA, name="a<b"), "", "name", "angle_brackets"),
        (replace(ADA, name="x" * 41), "", "name", ""),
        (replace(ADA, description="x" * (MAX_DESCRIPTION_CHARS + 1)), "", "description", ""),
        (ADA, "https://example.com/a.png", "image", "not_a_picture"),
    ],
)
def test_impossible_persona_is_refused(persona: Persona, image: str, field: str, code: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        document_of(persona, image, None, at(0))
    assert (refused.value.field, refused.value.code) == (field, code)


@pytest.mark.parametrize("content", ["{", "[]", '{"name": "<b>"}', "{}"])
def test_document_that_is_no_persona_is_left_out(content: str) -> None:
    assert record_of(Document("persona", EVERYBODY, ADA.id, content, at(0))) is None


def test_picture_that_is_not_allowed_is_left_out() -> None:
    document = Document("persona", EVERYBODY, ADA.id, '{"name": "Ada", "image": "javascript:1"}', at(0))
    record = record_of(document)
    assert record is not None
    assert (record.persona, record.image) == (Persona(ADA.id, "Ada"), "")

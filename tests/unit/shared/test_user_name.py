from __future__ import annotations

import pytest

from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.user_name import name_of, same_name, state_fields, stored_name, to_store, user_name_problem


@pytest.mark.parametrize("name", ["Ana", "Zoë", "Dr. Müller-Lüdenscheidt", "عمر", "小林", "x" * 40, " Ana "])
def test_possible_name_survives_the_state_and_the_store(name: str) -> None:
    assert user_name_problem(name) == ""
    fields = {field.encode(): str(value).encode() for field, value in state_fields(name).items()}
    assert name_of(ConversationState(fields)) == name.strip()
    assert stored_name({"temperature": 1, **to_store(name)}) == name.strip()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "1 to 40"),
        ("   ", "1 to 40"),
        ("x" * 41, "has 41 characters; 1 to 40 are allowed"),
        ("Ana\n", "line end"),
        ("A\x07na", "control character"),
        ("A\u200bna", "invisible"),
        ("<Ana>", "< or >"),
        ("!?", "letter or a digit"),
        (7, "string, or null"),
        (None, "string, or null"),
    ],
)
def test_impossible_name_is_refused_with_its_fault_and_counts_as_missing(name: object, problem: str) -> None:
    assert problem in user_name_problem(name)
    assert stored_name({"user_name": name}) == ""
    assert name_of(ConversationState({b"user_name": str(name or "").encode()})) in ("", "7")


def test_name_that_cannot_be_told_from_that_of_a_character_is_found() -> None:
    assert same_name("LUNA", ["Rex", "Luna"]) == "Luna"
    assert same_name("Lunatic", ["Rex", "Luna"]) == ""


def test_default_name_is_not_stored() -> None:
    assert to_store("") == {}
    assert state_fields("") == {"user_name": None}
    assert name_of(ConversationState({})) == stored_name({}) == ""

"""The rules of who answers, as Redis and the store hold them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_shared.answering import AnsweringRules, possible_rules, rule_problem, rules_of, stored_rules
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.ids import new_id

A, B = new_id(), new_id()
RULES = [
    AnsweringRules(), AnsweringRules("named"), AnsweringRules("in_turn", (A, B), 6), AnsweringRules(None, (A,)),
    AnsweringRules(None, (), 20),
]  # fmt: skip


@pytest.mark.parametrize("rules", RULES)
def test_rules_are_read_from_the_state_and_from_the_store_as_written(rules: AnsweringRules) -> None:
    fields = {name.encode(): str(value).encode() for name, value in rules.fields().items() if value is not None}
    assert rules_of(ConversationState(fields)) == rules
    assert stored_rules({"temperature": 1, **rules.stored()}) == rules


@pytest.mark.parametrize(
    "fields",
    [
        {b"answering": b"loud"}, {b"answering": b"\xff"}, {b"muted": b"Luna,,"}, {b"muted": b"\xff"},
        {b"discussion": b"-1"}, {b"discussion": b"99999999999999999999"}, {b"discussion": "\u00b2".encode()},
    ],
)  # fmt: skip
def test_impossible_fields_of_the_state_count_as_missing(fields: dict[bytes, bytes]) -> None:
    assert rules_of(ConversationState(fields)) == AnsweringRules()


@given(st.dictionaries(st.sampled_from(["mode", "muted", "discussion", "x"]), st.from_type(object)))
def test_any_stored_rules_can_be_read(stored: dict[str, Any]) -> None:
    rules = possible_rules(stored)
    assert not any(rule_problem(name, getattr(rules, name)) for name in ("mode", "muted", "discussion"))


@pytest.mark.parametrize("stored", [None, 3, [], "named", {"mode": []}, {"muted": {"a": 1}}])
def test_stored_rules_of_another_type_count_as_missing(stored: object) -> None:
    assert stored_rules({"answering": stored}) == AnsweringRules()

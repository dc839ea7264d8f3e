"""When a summary is due, and which messages go into it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.summary.due import default_keep, end_of_past, messages_to_keep, next_batch
from tertulia_shared.store import Message
from tertulia_shared.store.ordering import turn_time_ms
from tests.harness.store_records import new_id, reply, user_message

C = new_id()


def talk(count: int, text: str = "Hello") -> list[Message]:
    return [user_message(C, position, text) for position in range(1, count + 1)]


@pytest.mark.parametrize(
    ("uncovered", "history", "keep"),
    [(49, 60, None), (50, 60, 30), (500, 60, 30), (5, 6, 3), (4, 6, None), (2, 2, 1), (1, 2, None), (3, 1, 1)],
)
def test_summary_is_due_before_a_message_leaves_the_prompt(uncovered: int, history: int, keep: int | None) -> None:
    assert messages_to_keep(uncovered, history) == keep


@given(uncovered=st.integers(0, 2000), history=st.integers(1, 1000))
def test_what_stays_fits_into_the_prompt_and_something_is_summed_up(uncovered: int, history: int) -> None:
    keep = messages_to_keep(uncovered, history)
    assert keep is not None or uncovered <= history
    assert keep is None or (1 <= keep <= max(1, history // 2) and keep < uncovered)
    assert 1 <= default_keep(history) <= history


def test_batch_has_the_messages_before_the_end() -> None:
    page = talk(10)
    batch = next_batch(page, 6)
    assert batch is not None
    assert [message.position for message in batch.messages] == [1, 2, 3, 4, 5]
    assert (batch.covers, batch.times_ms) == (5, (turn_time_ms(1), turn_time_ms(5)))
    assert next_batch(page, 1) is None
    assert next_batch([], 99) is None


def test_batch_is_bounded_but_never_empty() -> None:
    assert [batch.covers for batch in [next_batch(talk(10), 99, most=4)] if batch] == [4]
    assert [batch.covers for batch in [next_batch(talk(10, "x" * 10), 99, chars=35)] if batch] == [3]
    assert [batch.covers for batch in [next_batch(talk(10, "x" * 10), 99, chars=5)] if batch] == [1]


def test_batch_does_not_split_messages_with_one_position() -> None:
    page = [replace(message, position=position) for message, position in zip(talk(4), (1, 2, 2, 3), strict=True)]
    batch = next_batch(page, 99, most=2)
    assert batch is not None
    assert [message.position for message in batch.messages] == [1, 2, 2]


def test_messages_of_which_nothing_is_remembered_are_covered_without_a_request() -> None:
    page = [
        reply(C, 1),
        reply(C, 2, " ", "interrupted"),
        reply(C, 3, "Ahoy.", "interrupted"),
        reply(C, 4, "Hm", "failed"),
    ]
    batch = next_batch(page, 99)
    assert batch is not None
    assert [message.text for message in batch.messages] == ["Ahoy.", "Hm"]
    assert batch.covers == 4
    assert [batch.messages for batch in [next_batch(page[:2], 99)] if batch] == [[]]


def test_last_messages_and_the_last_turn_stay_outside() -> None:
    page = talk(10)
    assert end_of_past(page, 4, None) == 7
    assert end_of_past(page, 10, None) == 0
    assert end_of_past(page, 4, planned=5) == 5
    assert end_of_past(page, 4, planned=9) == 7
    turn_id = page[5].turn_id
    long_turn = [*page[:5], *(replace(message, turn_id=turn_id) for message in page[5:])]
    assert end_of_past(long_turn, 2, None) == 6
    assert end_of_past([], 4, None) == 0

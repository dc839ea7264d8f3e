from __future__ import annotations

import logging

import pytest

from tertulia_llm.owed import MAX_ROWS, owed_fields, read_owed
from tertulia_shared.codec import BadEntry
from tertulia_shared.ids import new_id
from tests.fakes.store_records import reply, user_message

CONVERSATION = new_id()


def test_rows_survive_the_state() -> None:
    rows = {row.id: row for row in (user_message(CONVERSATION, 1, "Hé ✓"), reply(CONVERSATION, 2, "Hi", "complete"))}
    packed = owed_fields(rows)["owed"]
    assert packed is not None
    assert read_owed({b"owed": packed}) == rows


def test_nothing_owed_clears_the_field() -> None:
    assert owed_fields({}) == {"owed": None}
    assert read_owed({}) == {}


def test_no_more_than_the_bound_is_kept_and_the_loss_is_told(caplog: pytest.LogCaptureFixture) -> None:
    rows = {row.id: row for row in (user_message(CONVERSATION, n, str(n)) for n in range(MAX_ROWS + 3))}
    with caplog.at_level(logging.ERROR):
        packed = owed_fields(rows)["owed"]
    assert packed is not None
    assert [row.position for row in read_owed({b"owed": packed}).values()] == list(range(3, MAX_ROWS + 3))
    assert "rows were lost" in caplog.text


def test_what_is_no_row_is_a_bad_entry() -> None:
    with pytest.raises(BadEntry):
        read_owed({b"owed": b"\x91\x80"})

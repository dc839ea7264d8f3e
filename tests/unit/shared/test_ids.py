from __future__ import annotations

import uuid

import pytest

from tertulia_shared.ids import is_id, new_id, reply_id, spoken_turn_id

TURN = "6b1e7c1e-0d6c-4a55-9d3f-0a4c1b2f3d4e"


def test_new_ids_are_valid_and_unique() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(is_id(id) for id in ids)


@pytest.mark.parametrize(
    "value",
    [
        None, 7, TURN.encode(), "", "luna", TURN.upper(), TURN.replace("-", ""), f"{{{TURN}}}",
        f"urn:uuid:{TURN}", f" {TURN}", f"{TURN}\n", TURN + "0",
    ],
)  # fmt: skip
def test_id_must_be_a_lower_case_uuid_with_hyphens(value: object) -> None:
    assert not is_id(value)


def test_derived_ids_are_equal_for_equal_turns() -> None:
    assert reply_id(TURN, "luna") == reply_id(TURN, "luna") == str(uuid.uuid5(uuid.UUID(TURN), "luna"))
    assert reply_id(TURN, "luna") != reply_id(TURN, "rex")
    assert reply_id(TURN, "luna") != reply_id(new_id(), "luna")
    assert spoken_turn_id(TURN, 16_000) == spoken_turn_id(TURN, 16_000)
    assert len({spoken_turn_id(TURN, n) for n in range(50)}) == 50
    assert is_id(reply_id(TURN, "luna"))
    assert is_id(spoken_turn_id(TURN, 0))

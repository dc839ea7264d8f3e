from __future__ import annotations

import pytest

from tertulia_shared.character_names import MAX_NAMES, fields_of, names_in


def read(names: list[str]) -> tuple[str, ...] | None:
    return names_in({name.encode(): value.encode() for name, value in fields_of(names).items()})


@pytest.mark.parametrize("names", [["Luna", "Théo", "花子", 'Jo "Ace" O\'Neil'], []])
def test_names_are_read_as_they_were_written(names: list[str]) -> None:
    assert read(names) == tuple(names)


def test_names_are_readable_in_redis_cli() -> None:
    assert fields_of(["Théo"]) == {"names": '["Théo"]'}


@pytest.mark.parametrize("raw", [b"", b"Luna", b"\xff", b"{}", b"7", b"[" * 100_000])
def test_names_that_cannot_be_read_are_unknown(raw: bytes) -> None:
    assert names_in({b"names": raw}) is None
    assert names_in({}) is None


def test_values_that_are_no_names_are_left_out_and_the_number_of_names_is_bounded() -> None:
    assert names_in({b"names": b'["Luna", 7, null, "", ["Rex"], "Ivy"]'}) == ("Luna", "Ivy")
    assert len(read([f"Name {number}" for number in range(2 * MAX_NAMES)]) or ()) == MAX_NAMES

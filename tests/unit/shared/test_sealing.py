"""A secret that passes through Redis: only the process that it was sealed for can open it."""

from __future__ import annotations

import pytest

from tertulia_shared.sealing import CannotOpen, Unsealer, seal

SECRET = "sk-made-up-0123456789"  # noqa: S105 - made up
ADDRESS = "https://openrouter.ai/api/v1"


def test_sealed_secret_is_opened_by_its_receiver() -> None:
    receiver = Unsealer()
    sealed = seal(SECRET, receiver.public_key, ADDRESS)
    assert SECRET.encode() not in sealed
    assert receiver.open(sealed, ADDRESS) == SECRET


def test_same_secret_is_sealed_differently_each_time() -> None:
    receiver = Unsealer()
    assert seal(SECRET, receiver.public_key, ADDRESS) != seal(SECRET, receiver.public_key, ADDRESS)


def test_secret_for_another_receiver_cannot_be_opened() -> None:
    with pytest.raises(CannotOpen):
        Unsealer().open(seal(SECRET, Unsealer().public_key, ADDRESS), ADDRESS)


def test_secret_for_another_address_cannot_be_opened() -> None:
    receiver = Unsealer()
    with pytest.raises(CannotOpen):
        receiver.open(seal(SECRET, receiver.public_key, ADDRESS), "https://evil.example/v1")


@pytest.mark.parametrize("length", [0, 1, 20, 40, 69])
def test_shortened_secret_cannot_be_opened(length: int) -> None:
    receiver = Unsealer()
    with pytest.raises(CannotOpen):
        receiver.open(seal(SECRET, receiver.public_key, ADDRESS)[:length] + b"x", ADDRESS)


@pytest.mark.parametrize("key", ["", "not base64!", "AAAA"])
def test_impossible_public_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        seal(SECRET, key, ADDRESS)

from __future__ import annotations

from tertulia_llm.generation import reply_seed


def test_seed_is_derived_from_the_message_id_and_fits_31_bits() -> None:
    assert reply_seed("a") == reply_seed("a") != reply_seed("b")
    assert all(0 <= reply_seed(str(n)) < 2**31 for n in range(100))

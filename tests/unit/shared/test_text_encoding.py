"""The encodings of text files that a person chose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_shared.text_encoding import UnknownEncoding, decoded


@given(st.text(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_text_in_a_known_encoding_is_read(text: str, encoding: str) -> None:
    if not text.startswith(("\ufeff", "\0")):  # it would be taken as a mark, or as part of one
        assert decoded(text.encode(encoding)) == text


def test_mark_says_the_order_of_the_bytes() -> None:
    assert decoded("\ufeffä".encode("utf-16-be")) == decoded("\ufeffä".encode("utf-16-le")) == "ä"


@pytest.mark.parametrize(
    "data",
    [
        "ä".encode("cp1252"),
        "Жюль".encode("koi8-r"),
        "犬".encode("shift-jis"),
        '{"ä": 1}'.encode("utf-16") + b"\0",
        b"\xff\xfe\x00\xd8",
        "ä".encode("utf-32"),
        "\ufeffä".encode("utf-32-be"),
    ],
)
def test_other_encoding_is_refused(data: bytes) -> None:
    with pytest.raises(UnknownEncoding, match="UTF-8, or UTF-16 with a byte order mark"):
        decoded(data)

"""Cards that try to harm are refused or read without harm, within bounds of time and memory."""

from __future__ import annotations

import json
import struct
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_shared.cards.card import read_card
from tertulia_shared.cards.errors import BadCard
from tertulia_shared.cards.json_text import MAX_CARD_CHARS, with_value
from tertulia_shared.cards.macros import MAX_EXPANDED_CHARS, MacroValues, expand
from tertulia_shared.cards.png_file import MAX_CHUNKS, MAX_PNG_BYTES, SIGNATURE, card_in, chunk
from tests.harness.card_shapes import V2, card_png, picture, with_chunk

VALUES = MacroValues(char="Mira", user="Jay", texts={"description": "{{description}}" * 50}, seed="s")


def code(text: str) -> str:
    with pytest.raises(BadCard) as caught:
        read_card(text)
    assert str(caught.value).endswith(".")
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "card_no_json"),
        ("{", "card_no_json"),
        ("[]", "card_not_a_card"),
        ("{}", "card_not_a_card"),
        ('{"name": "Mira"}', "card_not_a_card"),
        ('{"name": "", "description": "x"}', "card_not_a_card"),
        ('{"name": 3, "description": "x"}', "card_not_a_card"),
        ('{"spec": "chara_card_v2", "data": []}', "card_not_a_card"),
        ('{"name": "M", "description": NaN}', "card_no_json"),
        ('{"name": "M", "description": ' + "9" * 5_000 + "}", "card_no_json"),
        ("[" * 100_000, "card_too_deep"),
        ('{"a":' * 100_000, "card_too_deep"),
        (" " * (MAX_CARD_CHARS + 1), "card_too_large"),
    ],
)
def test_json_that_is_no_card_is_refused(text: str, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize("text", ['"' + '\\"' * 500_000, '"' * 1_000_001, "\\" * 1_000_000, '{"' + "a" * 1_000_000])
def test_refusal_of_a_long_text_takes_linear_time(text: str) -> None:
    began = time.process_time()
    assert code(text) == "card_no_json"
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("png", "expected"),
    [
        (b"", "card_no_png"),
        (b"GIF89a", "card_no_png"),
        (SIGNATURE, "card_no_png"),
        (picture()[:-6], "card_no_png"),
        (picture(), "card_not_in_png"),
        (SIGNATURE + struct.pack(">I", 0xFFFF_FFFF) + b"tEXt", "card_no_png"),
        (SIGNATURE + chunk(b"abCd", b"") * (MAX_CHUNKS + 1), "card_too_large"),
        (SIGNATURE + bytes(MAX_PNG_BYTES), "card_too_large"),
        (with_chunk(picture(), b"tEXt", b"chara\0***"), "card_no_json"),
        (with_chunk(picture(), b"tEXt", b"chara\0/////w=="), "card_encoding"),
        (with_chunk(picture(), b"zTXt", b"chara\0\0not zlib"), "card_no_png"),
        (with_chunk(picture(), b"zTXt", b"chara\0\0" + zlib.compress(b"e30=")[:-3]), "card_no_png"),
        (with_chunk(picture(), b"iTXt", b"chara\0"), "card_no_json"),
    ],
)
def test_picture_that_is_no_card_is_refused(png: bytes, expected: str) -> None:
    with pytest.raises(BadCard) as caught:
        read_card(card_in(png))
    assert caught.value.code == expected


@pytest.mark.parametrize("before", [b"\0", b"\1\0\0\0"])
def test_decompression_bomb_in_a_text_chunk_is_refused(before: bytes) -> None:
    kind = b"zTXt" if before == b"\0" else b"iTXt"
    bomb = with_chunk(picture(), kind, b"chara\0" + before + zlib.compress(bytes(64 * 1024 * 1024), 9))
    with pytest.raises(BadCard) as caught:
        card_in(bomb)
    assert caught.value.code == "card_too_large"


def test_bytes_after_the_end_of_the_picture_are_ignored() -> None:
    text = json.dumps(V2)
    assert card_in(card_png(text) + b"PK\x03\x04" + bytes(1000)) == text


@pytest.mark.parametrize(
    "text",
    [
        "{{description}}",
        "{{random:{{random:{{random:{{random:{{user}},b}},c}},d}},e}}",
        "{{" * 100_000,
        "}}" * 100_000 + "{{",
        "{{user}}" * 100_000,
        "{{reverse:" + "a" * 100_000 + "}}",
        "{{roll:999d9999999}}{{roll:d0}}{{roll:0d6}}{{roll:-1}}{{roll:}}{{random:}}{{pick:}}{{:}}{{}}",
        "{{random:" + "," * 100_000 + "}}",
    ],
)
def test_macros_end_within_their_bounds(text: str) -> None:
    began = time.process_time()
    assert len(expand(text, VALUES)) <= MAX_EXPANDED_CHARS
    assert time.process_time() - began < 2


@given(st.text(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_macros_of_any_text_are_expanded_the_same_way_each_time(text: str, user: str, seed: str) -> None:
    values = MacroValues(char="Mira", user=user, seed=seed)
    assert expand(text, values) == expand(text, values)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(max_size=5), JSON, max_size=5),
    st.lists(st.text(max_size=5), min_size=1, max_size=3),
    JSON,
    st.sampled_from([None, 2, "\t"]),
)
def test_changed_value_is_the_only_change_of_any_json(
    whole: dict[str, object], path: list[str], value: object, indent: int | str | None
) -> None:
    text = json.dumps(whole, indent=indent)
    changed = json.loads(with_value(text, path, value))
    expected = json.loads(text)
    inner = expected
    for name in path[:-1]:
        if not isinstance(inner.get(name), dict):
            inner[name] = {}
        inner = inner[name]
    inner[path[-1]] = value
    assert changed == expected

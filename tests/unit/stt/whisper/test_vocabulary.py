"""Byte-level BPE: texts from tokens and tokens from texts. The real vocabularies are tested in tests/engines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tertulia_stt.engine import EngineUnavailable
from tertulia_stt.engines.whisper.model import hint_tokens
from tertulia_stt.engines.whisper.vocabulary import Vocabulary, read_vocabulary

TOKENS = {
    token: number
    for number, token in enumerate(
        ["Ġ", "L", "u", "n", "a", "Lu", "Lun", "ĠLun", "ĠLuna", ",", ".", "Ã", "¶", "Ã¶", "x"]
    )
}
MERGES = [("L", "u"), ("Lu", "n"), ("Ġ", "Lun"), ("ĠLun", "a"), ("Ã", "¶")]
END = 15


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary(TOKENS | {"<|endoftext|>": END}, MERGES, {"<|endoftext|>": END})


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (" Luna", ["ĠLuna"]),
        ("Luna", ["Lun", "a"]),
        (" Luna, Luna.", ["ĠLuna", ",", "ĠLuna", "."]),
        (" nuö", ["Ġ", "n", "u", "Ã¶"]),
        ("", []),
    ],
)
def test_words_become_the_tokens_that_the_merges_make(vocabulary: Vocabulary, text: str, tokens: list[str]) -> None:
    numbers = vocabulary.encode(text)
    assert numbers == [TOKENS[token] for token in tokens]
    assert vocabulary.decode(numbers) == text


def test_special_tokens_and_cut_characters_are_left_out_of_the_text(vocabulary: Vocabulary) -> None:
    assert vocabulary.decode([TOKENS["ĠLuna"], END, TOKENS["Ã"]]) == " Luna"
    assert vocabulary.special("<|endoftext|>") == END
    assert vocabulary.special("<|xx|>") is None


@pytest.mark.parametrize("merges", [["L u"], [["L", "u"]]])
def test_merges_are_read_in_both_formats(tmp_path: Path, merges: list[object]) -> None:
    document: dict[str, object] = {"added_tokens": [], "model": {"vocab": {"L": 0, "u": 1, "Lu": 2}, "merges": merges}}
    (tmp_path / "tokenizer.json").write_text(json.dumps(document))
    assert read_vocabulary(tmp_path).encode("Lu") == [2]


@pytest.mark.parametrize("content", [None, "", "[]", '{"model": {}}', '{"added_tokens": [], "model": {"merges": 3}}'])
def test_file_that_is_no_tokenizer_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(EngineUnavailable, match=r"tokenizer\.json is not the tokenizer of a Whisper model"):
        read_vocabulary(tmp_path)


def test_hints_are_a_sentence_before_the_speech_and_those_without_room_are_left_out(vocabulary: Vocabulary) -> None:
    assert hint_tokens(vocabulary, ["Luna"]) == (), "a model without the token for earlier text gets no hints"
    previous = {"<|startofprev|>": 16}
    with_token = Vocabulary(TOKENS | previous, MERGES, previous)
    assert hint_tokens(with_token, []) == ()
    luna, comma, stop = TOKENS["ĠLuna"], TOKENS[","], TOKENS["."]
    assert hint_tokens(with_token, ["Luna", "Luna"]) == (16, luna, comma, luna, stop)
    assert hint_tokens(with_token, ["Luna", "x" * 200, "Luna"]) == (16, luna, comma, luna, stop)
    assert len(hint_tokens(with_token, ["Luna"] * 200)) <= 101

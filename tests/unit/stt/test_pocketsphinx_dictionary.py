from __future__ import annotations

import struct
from importlib.util import find_spec
from pathlib import Path

import pytest

from tertulia_stt.engines.pocketsphinx.dictionary import DICTIONARY_FILE, MODEL_FILE, phones_of, recognizable

ENTRIES = "'bout B AW T\nluna L UW N AH\nread R EH D\nread(2) R IY D\nzywicki Z IH W IH K IY"
HEADER = b"Trie Language Model"


def model_of(*words: str, order: int = 3) -> bytes:
    listed = b"".join(word.encode() + b"\0" for word in words)
    counts = struct.pack("<3I", len(words), 20, 30)
    return HEADER + bytes([order]) + counts + b"weights\0\0" * 9 + struct.pack("<I", len(listed)) + listed


def folder_of(folder: Path, model: bytes) -> Path:
    (folder / MODEL_FILE).write_bytes(model)
    (folder / DICTIONARY_FILE).write_text(ENTRIES + "\n")
    return folder


def test_decoder_gets_the_entries_of_the_words_in_the_language_model(tmp_path: Path) -> None:
    file = recognizable(folder_of(tmp_path, model_of("</s>", "read", "'bout", "unheard")))
    for _ in range(2):  # two decoders read the same file
        assert file.read_text() == "'bout B AW T\nread R EH D\nread(2) R IY D\n"


@pytest.mark.parametrize(
    "model",
    [
        b"",
        HEADER,
        b"another format" + model_of("read")[14:],
        model_of("read") + b"more",
        model_of("read", "luna")[:-6],
        HEADER + b"\3" + struct.pack("<I", 5) + b"a\0b\0",
    ],
    ids=["empty", "only its beginning", "of another kind", "with an appendix", "cut off", "without its list"],
)
def test_decoder_gets_all_entries_if_the_language_model_cannot_be_read(model: bytes, tmp_path: Path) -> None:
    assert recognizable(folder_of(tmp_path, model)) == tmp_path / DICTIONARY_FILE


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("'bout", "B AW T"),
        ("luna", "L UW N AH"),
        ("read(2)", "R IY D"),
        ("zywicki", "Z IH W IH K IY"),
        ("una", None),
        ("read(3)", None),
        ("", None),
    ],
)
def test_words_are_looked_up_among_all_entries(word: str, phones: str | None, tmp_path: Path) -> None:
    assert phones_of(folder_of(tmp_path, model_of("read")), word) == phones


def test_bundled_model_has_about_half_of_the_words_of_its_dictionary() -> None:
    spec = find_spec("pocketsphinx")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "model" / "en-us"
    kept = recognizable(folder).read_text().splitlines()
    every = (folder / DICTIONARY_FILE).read_text().splitlines()
    assert 0.5 < len(kept) / len(every) < 0.6
    assert "hello HH AH L OW" in kept
    assert set(kept) < set(every)

"""The tokens of a Whisper model, read from its `tokenizer.json`.

Whisper uses byte-level BPE (as GPT-2): a token is a sequence of bytes, written as one letter for each byte. Only what
is needed here is implemented: texts from tokens, and tokens from the words of a hint.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tertulia_stt.engine import EngineUnavailable

SPACE: Final = "Ġ"
"""The letter that stands for a space at the beginning of a token."""


class Vocabulary:
    """The tokens of one model. `tokens` maps a token to its number; `merges` are the pairs that BPE joins, best first.
    `special`: the numbers of tokens that are no text.
    """

    def __init__(
        self, tokens: Mapping[str, int], merges: Iterable[tuple[str, str]], special: Mapping[str, int]
    ) -> None:  # fmt: skip
        self._tokens = tokens
        self._special = special
        self._text = {number: token for token, number in tokens.items() if token not in special}
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of tokens. Special tokens are left out, and so is a character that is cut off."""
        letters = "".join(self._text.get(number, "") for number in numbers)
        byte_of = _bytes_by_letter()
        return bytes(byte_of[letter] for letter in letters if letter in byte_of).decode(errors="ignore")

    def special(self, token: str) -> int | None:
        """The number of a special token; None if the model has no such token."""
        return self._special.get(token)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text. Unlike the reference, it separates words only at spaces and before punctuation."""
        return [number for word in _words(text) for number in self._encode_word(word)]

    def _encode_word(self, word: str) -> Iterable[int]:
        letter_of = _letters_by_byte()
        parts = [letter_of[byte] for byte in word.encode()]
        while len(parts) > 1:
            ranked = [(self._ranks.get(pair, len(self._ranks)), at) for at, pair in enumerate(pairwise(parts))]
            rank, at = min(ranked)
            if rank == len(self._ranks):
                break
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [self._tokens[part] for part in parts if part in self._tokens]


def read_vocabulary(folder: Path) -> Vocabulary:
    """Read the vocabulary of the model in that folder.

    Raises:
        EngineUnavailable: the file is missing or is not a tokenizer of Whisper.
    """
    path = folder / "tokenizer.json"
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        special = {one["content"]: one["id"] for one in document["added_tokens"]}
        model = document["model"]
        merges = [_pair(merge) for merge in model["merges"]]
        return Vocabulary(model["vocab"], merges, special)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineUnavailable(
            f"{path} is not the tokenizer of a Whisper model ({error!r}); a folder with model.bin, config.json,"
            " tokenizer.json and vocabulary.txt in CTranslate2's format is needed"
        ) from error


def _pair(merge: str | Sequence[str]) -> tuple[str, str]:
    first, second = merge.split(" ") if isinstance(merge, str) else merge
    return first, second


def _words(text: str) -> Iterable[str]:
    """The text in words, each with the space before it; a punctuation mark is a word of its own."""
    word = ""
    for character in text:
        is_mark = not (character.isalnum() or character.isspace() or character == "'")
        if (
            word
            and not (is_mark and word == " ")
            and (character.isspace() or is_mark or not (word[-1].isalnum() or word[-1] in " '"))
        ):
            yield word
            word = ""
        word += character
    if word:
        yield word


@cache
def _letters_by_byte() -> Mapping[int, str]:
    """Printable bytes are written as themselves, the others as letters from 256 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + at) for at, byte in enumerate(others)}


@cache
def _bytes_by_letter() -> Mapping[str, int]:
    return {letter: byte for byte, letter in _letters_by_byte().items()}

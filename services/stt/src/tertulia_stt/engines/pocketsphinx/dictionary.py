"""The pronouncing dictionary of the bundled model.

The decoder can only recognize words that its language model has, which are 79,000 of the dictionary's 135,000 entries.
Each decoder gets these alone: with all entries it takes 13 MB more. Hints are looked up among all.
"""

from __future__ import annotations

import mmap
import os
import struct
from functools import cache
from pathlib import Path
from typing import Final

MODEL_FILE: Final = "en-us.lm.bin"
DICTIONARY_FILE: Final = "cmudict-en-us.dict"
MODEL_HEADER: Final = b"Trie Language Model"
"""It is followed by the order n (1 byte) and n counts (uint32), of which the first is that of the words."""
SIZE: Final = struct.Struct("<I")
MAX_BYTES_PER_WORD: Final = 64
"""On average, by far."""


@cache
def recognizable(folder: Path) -> Path:
    """A dictionary of the words that the language model has; it exists as long as this process. If it cannot be made,
    the dictionary with all words.
    """
    words = _words_of_model(folder / MODEL_FILE)
    if not words or not hasattr(os, "memfd_create"):
        return folder / DICTIONARY_FILE
    with (folder / DICTIONARY_FILE).open("rb") as every:
        entries = b"".join(line for line in every if line.partition(b" ")[0].partition(b"(")[0] in words)
    file = os.memfd_create("tertulia-pocketsphinx-words")  # never closed: each new decoder opens it by its path
    with os.fdopen(file, "wb", closefd=False) as written:
        written.write(entries)
    return Path(f"/proc/self/fd/{file}")


def phones_of(folder: Path, word: str) -> str | None:
    """The phones of a lower-case word, or of a variant such as `read(2)`, among all entries; None if it has none."""
    every = _dictionary(folder)
    entry = f"{word} ".encode()
    is_first = every[: len(entry)] == entry
    line_end = every.find(b"\n" + entry)
    if not is_first and line_end < 0:
        return None
    at = 0 if is_first else line_end + 1
    end = every.find(b"\n", at)
    return every[at + len(entry) : len(every) if end < 0 else end].decode().strip()


@cache
def _dictionary(folder: Path) -> mmap.mmap:
    with (folder / DICTIONARY_FILE).open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _words_of_model(path: Path) -> frozenset[bytes]:
    """The words of a language model in pocketsphinx' binary format; empty if the file is not as expected.

    The file ends with the size of all words in bytes (uint32), whose last byte is 0, and the words, each with a NUL.
    """
    with path.open("rb") as file:
        header = file.read(len(MODEL_HEADER) + 1 + SIZE.size)
        if not header.startswith(MODEL_HEADER) or len(header) < len(MODEL_HEADER) + 1 + SIZE.size:
            return frozenset()
        (count,) = SIZE.unpack(header[-SIZE.size :])
        file.seek(max(0, path.stat().st_size - MAX_BYTES_PER_WORD * count))
        before, *words = file.read().rsplit(b"\0", count + 1)
    size = sum(len(word) + 1 for word in words) - 1  # there is one part more than words, after the last NUL
    is_as_expected = len(words) == count + 1 and before[-3:] + b"\0" == SIZE.pack(size)
    return frozenset(words[:-1]) if is_as_expected else frozenset()

"""Decides which sentences are spoken when a message is replayed. Pure.

As long as Redis has a reply's sentences, they are spoken as they were. Later only the reply's text is kept: it is split
again, in a simple way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_PART_CHARS = 300
"""A longer part is split at a space, so that no worker is busy with a replay for long."""

_FENCED = re.compile(r"(```|~~~).*?(\1|\Z)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"^[ \t]*(?:#{1,6}|>|[-*+])[ \t]+|[*_`~|]+", re.MULTILINE)
_SENTENCE_ENDS = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")  # noqa: RUF001 - these Unicode marks are intended


@dataclass(frozen=True, slots=True)
class KnownSentence:
    """A sentence as the llm worker wrote it: what is spoken, and its text in the reply ("" if it was discarded)."""

    index: int
    spoken: str
    written: str


@dataclass(frozen=True, slots=True)
class Part:
    """A text to speak, and the index of the sentence whose seed it has."""

    index: int
    text: str


def parts_to_speak(text: str, known: Sequence[KnownSentence]) -> list[Part]:
    """The parts of a reply's `text`, in order. Known sentences are used until one is not in the text as a whole."""
    parts: list[Part] = []
    rest, index = text.lstrip(), 0
    for sentence in known:
        written = sentence.written.strip()
        if not written:
            continue
        if not rest.startswith(written):
            break
        rest = rest[len(written) :].lstrip()
        if sentence.spoken:
            parts.append(Part(sentence.index, sentence.spoken))
        index = sentence.index + 1
    return parts + [Part(index + nth, each) for nth, each in enumerate(plain_sentences(rest))]


def plain_sentences(text: str) -> list[str]:
    """Split a text with Markdown into sentences to speak, each of at most `MAX_PART_CHARS`."""
    plain = _MARKS.sub(" ", _LINK.sub(r"\1", _FENCED.sub("\n", text)))
    pieces = (" ".join(piece.split()) for piece in _SENTENCE_ENDS.split(plain))
    return [part for piece in pieces for part in _short(piece) if any(char.isalnum() for char in part)]


def _short(piece: str) -> list[str]:
    parts: list[str] = []
    while len(piece) > MAX_PART_CHARS:
        space = piece.rfind(" ", 0, MAX_PART_CHARS + 1)
        cut = space if space > 0 else MAX_PART_CHARS
        parts.append(piece[:cut])
        piece = piece[cut:].strip()
    return [*parts, piece]

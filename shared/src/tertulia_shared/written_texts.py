"""Reads which piece of a reply's text each entry of its `sentences` stream holds. Pure.

A sentence may turn out to be the model's reasoning after the voice has it. The next entry then has the field
`discards_from`: the index of the first sentence whose text is no longer part of the reply.
"""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared import codec
from tertulia_shared.bus import Entry


def written_texts(entries: Sequence[Entry]) -> list[str]:
    """The text of each entry of a reply's whole `sentences` stream; "" for a sentence whose text was discarded.

    Raises:
        BadEntry: a text cannot be read.
    """
    texts: list[str] = []
    for entry in entries:
        if b"discards_from" in entry.fields:
            first = codec.number(entry.fields, b"discards_from")
            texts[first:] = [""] * len(texts[first:])
        texts.append(codec.text(entry.fields, b"written", ""))
    return texts

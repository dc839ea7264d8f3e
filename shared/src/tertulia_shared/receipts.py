"""Reads the client's receipts from their stream. No I/O.

Receipts are untrusted, and another release may have written them: unreadable receipts, and those with impossible
numbers, are ignored.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from tertulia_shared.bus import Entry
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import SAMPLE_RATE_OUT, Receipt

MAX_INDEX = 1_000_000
"""Largest sentence or chunk index that a receipt may have."""
MAX_PLAYED_MS = 24 * 3600 * 1000
MAX_NEXT_SAMPLES = MAX_PLAYED_MS * SAMPLE_RATE_OUT // 1000

log = logging.getLogger(__name__)


class Chunk(NamedTuple):
    """A chunk in a message's `audio` stream; `samples`: its length."""

    sentence_index: int
    chunk_index: int
    samples: int


def readable_receipts(entries: Iterable[Entry]) -> list[Receipt]:
    """Return the readable and possible receipts, in stream order."""
    out: list[Receipt] = []
    for entry in entries:
        try:
            receipt = decode(Receipt, entry.fields)
        except BadEntry as error:
            log.warning("ignored an unreadable receipt: %s", error)
            continue
        if _is_possible(receipt):
            out.append(receipt)
        else:
            log.warning("ignored a receipt with impossible numbers")
    return out


def last_receipts(entries: Sequence[Entry]) -> dict[str, Receipt]:
    """The furthest readable receipt of each message."""
    return furthest(readable_receipts(entries))


def has_played(receipt: Receipt) -> bool:
    """False if the receipt says that nothing of the message was played yet. It names the first chunk then, because
    older releases know no place before it.
    """
    return receipt.played_ms > 0 or _place(receipt) > (0, 0, 0)


def furthest(receipts: Iterable[Receipt]) -> dict[str, Receipt]:
    """The furthest receipt of each message; the last one if several are equally far."""
    out: dict[str, Receipt] = {}
    for receipt in receipts:
        known = out.get(receipt.message_id)
        if known is None or _place(receipt) >= _place(known):
            out[receipt.message_id] = receipt
    return out


def advanced(receipt: Receipt, following: Iterable[Chunk]) -> Receipt:
    """The same place, but the receipt names the last chunk that was played to its end.

    `following`: the chunks after the one that the receipt names, in order. `next_samples` of the result exceeds the
    next chunk only if `following` ends before it.
    """
    left = receipt.next_samples
    for chunk in following:
        if left < chunk.samples:
            break
        left -= chunk.samples
        receipt = replace(receipt, sentence_index=chunk.sentence_index, chunk_index=chunk.chunk_index)
    return replace(receipt, next_samples=left)


def _place(receipt: Receipt) -> tuple[int, int, int]:
    return receipt.sentence_index, receipt.chunk_index, receipt.next_samples


def _is_possible(receipt: Receipt) -> bool:
    indexes = (receipt.sentence_index, receipt.chunk_index)
    return (
        all(0 <= index <= MAX_INDEX for index in indexes)
        and 0 <= receipt.played_ms <= MAX_PLAYED_MS
        and 0 <= receipt.next_samples <= MAX_NEXT_SAMPLES
    )

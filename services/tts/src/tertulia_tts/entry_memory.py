"""How much memory an entry of sound takes in Redis. Pure.

Redis' allocator, jemalloc, hands out memory in sizes up to 25 % apart. An entry that is a little longer than one of
them wastes a fifth of its memory.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

ENTRY_BYTES: Final = 352
"""What an entry has beside its PCM: names, numbers and three ids, with some room for the name of an engine."""
_SIZES: Final = (
    4_096, 5_120, 6_144, 7_168,
    8_192, 10_240, 12_288, 14_336,
    16_384, 20_480, 24_576, 28_672,
    32_768, 40_960, 49_152, 57_344,
)  # fmt: skip
"""The allocator's sizes from 4 to 56 KiB, in bytes."""
_SMALL_SIZES: Final = (512, 640, 768, 896, 1_024, 1_280, 1_536, 1_792, 2_048, 2_560, 3_072, 3_584)
FITTING: Final = tuple(size - ENTRY_BYTES for size in _SIZES)
"""The lengths of PCM, in bytes, with which an entry just fits one of these sizes."""
SPLIT_SAVES: Final = 1_024
"""Two chunks cost more time than one: a chunk is split only if that saves so many bytes."""


def fitting(pcm_bytes: int) -> int:
    """The longest length in `FITTING` that is not above this one; if all are above it, this one."""
    count = bisect_right(FITTING, pcm_bytes)
    return FITTING[count - 1] if count else pcm_bytes


def split_at(pcm_bytes: int, *, at_least: int) -> int:
    """Where to split a chunk of this length, so that Redis wastes less memory; 0: nowhere. `at_least`: the shortest
    length of the second part, in bytes.
    """
    at = fitting(pcm_bytes - at_least)
    if at not in FITTING:
        return 0
    saved = _memory(pcm_bytes) - _memory(at) - _memory(pcm_bytes - at)
    return at if saved >= SPLIT_SAVES else 0


def _memory(pcm_bytes: int) -> int:
    needed = pcm_bytes + ENTRY_BYTES
    sizes = _SMALL_SIZES if needed <= _SMALL_SIZES[-1] else _SIZES
    at = bisect_left(sizes, needed)
    return sizes[at] if at < len(sizes) else needed

"""Chooses who answers a remark that is addressed to no one. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

TALKATIVENESS_MAX: Final = 100
_SILENCE_WEIGHT: Final = 0.5
"""Added to a character's weight for each reply of others since its last one."""
_MAX_SILENCE: Final = 6
_TOPIC_WEIGHT: Final = 3.0
"""Factor of the weight of a character that the remark mentions."""
_MAX_CHANCE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Candidate:
    """A character that may answer. `silence`: the replies of others since its last one."""

    index: int
    talkativeness: int
    silence: int


def choose(
    candidates: Sequence[Candidate], *, last: int | None, topics: Collection[int], seed: str, only_one: bool = False
) -> list[int]:
    """Choose one or two candidates, by their indexes.

    The character that spoke last answers first. The second is drawn by weight: the weight is higher for a character
    that is talkative, has been silent for long, or is mentioned by the remark. If no character spoke before, the first
    is drawn by weight, too. A character of talkativeness 0 is never chosen.
    """
    willing = [candidate for candidate in candidates if candidate.talkativeness > 0]
    if not willing:
        return []
    first = next((candidate for candidate in willing if candidate.index == last), None)
    if first is None:
        first = _drawn(willing, topics, _roll(seed, "first"))
    others = [candidate for candidate in willing if candidate is not first]
    if only_one or not others:
        return [first.index]
    second = _drawn(others, topics, _roll(seed, "second"))
    chance = min(_MAX_CHANCE, _weight(second, topics) / (2 * TALKATIVENESS_MAX))
    return [first.index, second.index] if _roll(seed, "joins") < chance else [first.index]


def _weight(candidate: Candidate, topics: Collection[int]) -> float:
    weight = candidate.talkativeness * (1 + _SILENCE_WEIGHT * min(candidate.silence, _MAX_SILENCE))
    return weight * _TOPIC_WEIGHT if candidate.index in topics else weight


def _drawn(candidates: Sequence[Candidate], topics: Collection[int], roll: float) -> Candidate:
    weights = [_weight(candidate, topics) for candidate in candidates]
    left = roll * sum(weights)
    for candidate, weight in zip(candidates, weights, strict=True):
        left -= weight
        if left < 0:
            return candidate
    return candidates[-1]


def _roll(seed: str, what: str) -> float:
    """A number from 0 to below 1 that depends only on the seed: a worker that takes over decides the same."""
    digest = hashlib.blake2b(f"{seed}:{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64

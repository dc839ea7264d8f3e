"""What to tell of a hypothesis that still changes: what is new, and what can be relied on."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at the hypothesis brought: None where there is nothing new to tell."""

    update: Sequence[str] | None
    stabilized: Sequence[str] | None


class Stabilizer:
    """Follows the hypothesis of one utterance, given as words at regular intervals.

    A beginning that the last `agreement` looks had in common is stable. The stable text only grows: when the recogniser
    later changes its mind about it, the stable text stays and the updates tell.
    """

    def __init__(self, agreement: int = 3) -> None:
        self._looks: deque[tuple[str, ...]] = deque(maxlen=agreement)
        self._told: tuple[str, ...] = ()
        self._stable: tuple[str, ...] = ()

    def see(self, words: Sequence[str]) -> Seen:
        """Take the hypothesis of now."""
        now = tuple(words)
        self._looks.append(now)
        update = now if now and now != self._told else None
        self._told = now or self._told
        common = self._common() if len(self._looks) == self._looks.maxlen else ()
        grown = len(common) > len(self._stable) and common[: len(self._stable)] == self._stable
        if grown:
            self._stable = common
        return Seen(update, common if grown else None)

    def _common(self) -> tuple[str, ...]:
        columns = zip(*self._looks, strict=False)
        return tuple(column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns))


def sentence_case(words: Sequence[str]) -> str:
    """Lower-case words as one text: first letter and "I" in capitals."""
    text = " ".join(word.capitalize() if word == "i" or word.startswith("i'") else word for word in words)
    return text[:1].upper() + text[1:]

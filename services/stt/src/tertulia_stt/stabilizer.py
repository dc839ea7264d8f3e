"""Converts a recognizer's changing hypotheses to updates and a stable prefix."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True, slots=True)
class StabilizerResult:
    """The changes by one hypothesis: the text and the stable prefix. Each is None if it has not changed."""

    update: Sequence[str] | None
    stabilized: Sequence[str] | None


class Stabilizer:
    """Compares the hypotheses of one utterance, which are passed in as words at regular intervals.

    A prefix that the last `agreement` hypotheses share is stable. The stable text only becomes longer. If the
    recognizer later changes a word of it, the stable text stays, and only the updates contain the change.
    """

    def __init__(self, agreement: int = 3) -> None:
        self._recent: deque[tuple[str, ...]] = deque(maxlen=agreement)
        self._last_update: tuple[str, ...] = ()
        self._stable: tuple[str, ...] = ()

    def see(self, words: Sequence[str]) -> StabilizerResult:
        """Process the next hypothesis."""
        now = tuple(words)
        self._recent.append(now)
        update = now if now and now != self._last_update else None
        self._last_update = now or self._last_update
        common = self._common() if len(self._recent) == self._recent.maxlen else ()
        grown = len(common) > len(self._stable) and common[: len(self._stable)] == self._stable
        if grown:
            self._stable = common
        return StabilizerResult(update, common if grown else None)

    def _common(self) -> tuple[str, ...]:
        columns = zip(*self._recent, strict=False)
        return tuple(column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns))


def sentence_case(words: Sequence[str]) -> str:
    """Join lower-case words to a text. The first letter of the text and the word "I" become upper case."""
    text = " ".join(word.capitalize() if word == "i" or word.startswith("i'") else word for word in words)
    return text[:1].upper() + text[1:]

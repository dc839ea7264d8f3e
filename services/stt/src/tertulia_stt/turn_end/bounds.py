"""Decides from the text of a turn after how much silence the turn ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.judge import completeness

MODEL_LENGTHENS_MS: Final = 300
"""Factor by which the silence becomes longer if the model judges that the user has not finished."""
_SURELY_FINISHED: Final = 0.8
_SURELY_UNFINISHED: Final = 0.2
"""A probability from the model between these two values does not change the silence."""


@dataclass(frozen=True, slots=True)
class SilenceBounds:
    """The silence, in milliseconds, that ends a turn after a text of each completeness.

    Raises:
        ValueError: the bounds are not in ascending order, or not above 0.
    """

    finished_ms: int = 224
    unclear_ms: int = 640
    open_ms: int = 2000

    def __post_init__(self) -> None:
        if not 0 < self.finished_ms <= self.unclear_ms <= self.open_ms:
            raise ValueError(
                "the silence after a finished text must be above 0 and at most that after an unclear text, and this at"
                f" most that after an open text; not {self.finished_ms}, {self.unclear_ms} and {self.open_ms} ms"
            )


class TurnEndModel(Protocol):
    """Judges from the sound whether the user has finished."""

    def probability_finished(self, pcm16k: bytes) -> float:
        """The probability (0 to 1) that the user has finished. Blocks: call it in a thread.

        `pcm16k`: 16 kHz signed 16-bit little-endian mono PCM of the turn so far, up to and with the silence after the
        last word.
        """
        ...


def silence_bound_ms(
    text: str,
    bounds: SilenceBounds,
    *,
    punctuated: bool,
    names: Sequence[str] = (),
    language: str = "",
    second_opinion: float | None = None,
) -> int:
    """The silence, in milliseconds, after which the turn with this text ends.

    `second_opinion` is a probability from a `TurnEndModel`, if there is one. It counts only if the text is unclear. The
    other arguments are those of `completeness`.
    """
    match completeness(text, punctuated=punctuated, names=names, language=language):
        case Completeness.FINISHED:
            return bounds.finished_ms
        case Completeness.OPEN:
            return bounds.open_ms
        case Completeness.UNCLEAR:
            return _unclear_ms(bounds, second_opinion)


def _unclear_ms(bounds: SilenceBounds, second_opinion: float | None) -> int:
    if second_opinion is None:
        return bounds.unclear_ms
    if second_opinion >= _SURELY_FINISHED:
        return bounds.finished_ms
    if second_opinion <= _SURELY_UNFINISHED:
        return min(bounds.unclear_ms + MODEL_LENGTHENS_MS, bounds.open_ms)
    return bounds.unclear_ms

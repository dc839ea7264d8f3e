"""smart-turn v3, a model of 8.7 MB that judges from the sound whether a speaker has finished (BSD 2-Clause, by Daily).

A judgement takes about 50 ms on one core. The module needs numpy; it is imported only if the setting `stt_turn_model`
names a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tertulia_stt.turn_end.log_mel import last_samples, log_mel

INPUT: Final = "input_features"


class Session(Protocol):
    """The part of onnxruntime's `InferenceSession` that is used."""

    def run(
        self, output_names: Sequence[str] | None, input_feed: Mapping[str, NDArray[np.float32]]
    ) -> Sequence[NDArray[np.float32]]: ...


class SmartTurn:
    """A `TurnEndModel`. Threads may share it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def probability_finished(self, pcm16k: bytes) -> float:
        """See `TurnEndModel`. The last 8 s of the sound count."""
        features = log_mel(last_samples(pcm16k))
        return float(self._session.run(None, {INPUT: features[np.newaxis]})[0].item())

"""Decides how long the silence after a piece of speech must be until the user's turn ends.

`completeness` judges the text: a finished sentence needs a short silence, an unfinished one a long silence.
`silence_bound_ms` turns the judgement into a duration. A `TurnEndModel` may give a second opinion from the sound.

Pure, apart from the model and from reading `words/*.toml` at import: no I/O, no clock.
"""

from __future__ import annotations

from tertulia_stt.turn_end.bounds import SilenceBounds, TurnEndModel, silence_bound_ms
from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.judge import completeness
from tertulia_stt.turn_end.turn_model import load_turn_model

__all__ = ["Completeness", "SilenceBounds", "TurnEndModel", "completeness", "load_turn_model", "silence_bound_ms"]

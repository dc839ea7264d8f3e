"""Validates the model's settings: the gateway takes them from a client, the llm stage reads them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from tertulia_shared.entries import ModelSettings
from tertulia_shared.text import is_clean_line

MAX_MODEL_CHARS: Final = 200
SETTING_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "top_k": (0, 1000),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "repetition_penalty": (0, 2),
}
WHOLE: Final = frozenset({"top_k"})


def is_possible_model(name: object) -> bool:
    """True if `name` can be the name of a model."""
    return isinstance(name, str) and 1 <= len(name) <= MAX_MODEL_CHARS and name.isprintable() and is_clean_line(name)


def is_possible(name: str, value: object) -> bool:
    """True if `value` is a number (not NaN, not bool) in the range of the setting `name`."""
    low, high = SETTING_RANGES[name]
    kinds = int if name in WHOLE else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high


def possible_settings(wire: object) -> ModelSettings:
    """Read the settings from an untrusted structure: unknown or impossible ones get their defaults."""
    if not isinstance(wire, Mapping):
        return ModelSettings()
    held = cast("Mapping[str, Any]", wire)
    taken = {name: held[name] for name in SETTING_RANGES if is_possible(name, held.get(name))}
    model = held.get("model")
    return ModelSettings(model=model if is_possible_model(model) else None, **taken)

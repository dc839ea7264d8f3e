"""Validates the model's settings: the gateway takes them from a client, the llm stage reads them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

from tertulia_shared.entries import ModelSettings
from tertulia_shared.text import REFUSED_WHEN_TYPED, clean_line, is_clean_line

MAX_MODEL_CHARS: Final = 200
SHOWN_CHARS: Final = 40
"""An error message quotes at most this many characters of an unknown setting's name."""
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
SETTING_NAMES: Final = ("model", *SETTING_RANGES)


def is_possible_model(name: object) -> bool:
    """True if `name` can be the name of a model."""
    return isinstance(name, str) and 1 <= len(name) <= MAX_MODEL_CHARS and name.isprintable() and is_clean_line(name)


def is_possible(name: str, value: object) -> bool:
    """True if `value` is a number (not NaN, not bool) in the range of the setting `name`."""
    low, high = SETTING_RANGES[name]
    kinds = int if name in WHOLE else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high


def cleaned_setting(value: object) -> object:
    """Clean a setting that a person typed, such as a text with white space at its ends. Other values are unchanged."""
    return clean_line(value) if isinstance(value, str) and REFUSED_WHEN_TYPED.search(value) is None else value


def setting_problem(name: str, value: object) -> str:
    """What is wrong with the value and what is allowed; "" if it is possible. None (the default) is always possible."""
    if name not in SETTING_NAMES:
        return f"`{_shown(name)}` is no setting; settings are {', '.join(SETTING_NAMES)}"
    if value is None:
        return ""
    if name == "model":
        if is_possible_model(value):
            return ""
        return f"`model` must be a name of 1 to {MAX_MODEL_CHARS} printable characters, or null"
    if not is_possible(name, value):
        low, high = SETTING_RANGES[name]
        return f"`{name}` must be a {'whole ' if name in WHOLE else ''}number from {low:g} to {high:g}, or null"
    return ""


def merged(own: ModelSettings, general: ModelSettings) -> ModelSettings:
    """The settings for a character: each of its `own` that is set, otherwise that of the conversation (`general`)."""
    given: dict[str, Any] = {name: value for name, value in own.to_wire().items() if value is not None}
    return replace(general, **given) if given else general


def possible_settings(wire: object) -> ModelSettings:
    """Read the settings from an untrusted structure; an impossible value becomes the default."""
    if not isinstance(wire, Mapping):
        return ModelSettings()
    held = cast("Mapping[str, Any]", wire)
    taken = {name: held[name] for name in SETTING_RANGES if is_possible(name, held.get(name))}
    model = held.get("model")
    return ModelSettings(model=model if is_possible_model(model) else None, **taken)


def _shown(name: str) -> str:
    return repr(name if len(name) <= SHOWN_CHARS else name[:SHOWN_CHARS] + "…")

"""The context window of a model: its size according to the server, and how many tokens fit into it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from tertulia_llm.model.server_error import ServerError

LEAST_WINDOW: Final = 256
"""A smaller number in an error or in a list of models is not a window size."""
MOST_WINDOW: Final = 100_000_000
LEAST_REPLY: Final = 64
"""The number of tokens that a reply gets, even if the prompt leaves less."""
MARGIN: Final = 16
"""Tokens of a prompt that belong to no message: the start of the prompt, and the start of the reply."""

_CODES: Final = (
    "context_length_exceeded", "exceed_context_size_error", "context_window_exceeded",
    "model_max_prompt_tokens_exceeded", "context_length_error", "string_above_max_length", "tokens_limit_reached",
)  # fmt: skip
_OVERFLOW = re.compile(
    r"context[ _-]?(length|window|size|limit)|maximum context|n_ctx|max_model_len"
    r"|max(imum)? (prompt|input|sequence) length|too many (input |prompt )?tokens"
    r"|(prompt|input|message|request|conversation)s?( is| are)? (too (long|large)|exceeds?)"
    r"|(number|count)[^.]{0,40}exceeds?[^.]{0,40}(maximum|limit|tokens)|reduce the length|inputs?`? tokens|input length"
    r"|prompt exceeds|longer than the (model|context)|\btoken limit\b|must have less than \d+ tokens",
    re.IGNORECASE,
)
_N = r"\(?(?:only |of |is |=|:|to |are )*\(?(\d[\d,_]*)"
_WINDOWS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"context[ _-]?(?:length|window|size|limit)\)?['\"`]? ?(?:of |is |=|:|for this model is )*{_N}",
        rf"max_model_len['\"`]? ?{_N}",
        rf"maximum (?:prompt|input|sequence) length ?{_N}",
        r"(\d[\d,_]*)[ -](?:tokens? )?(?:maximum )?context",
        r"> ?(\d[\d,_]*) maximum",
        rf"maximum number of (?:input |prompt )?tokens (?:allowed )?{_N}",
        r"(?:<=|≤|less than(?: or equal to)?|at most|up to|limited to|limit(?: is|:| of)?) ?(\d[\d,_]*)",
        r"\[\d+, ?(\d[\d,_]*)\]",
    )
)
_PROMPTS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(\d[\d,_]*) (?:tokens )?(?:in|from|of) (?:the |your )?(?:text )?(?:messages|input|prompt)",
        r"(\d[\d,_]*) input tokens",
        r"(?:resulted in|prompt contains|prompt is too long:|request contains|given:|input \() ?(\d[\d,_]*)",
        r"input token count \(?(\d[\d,_]*)",
        r"(?:prompt|request|input)[^.\d]{0,30}\((\d[\d,_]*) tokens",
    )
)


@dataclass(frozen=True, slots=True)
class Overflow:
    """What a server said when it refused a prompt as too long."""

    window: int | None = None
    prompt_tokens: int | None = None


def overflow_of(error: ServerError, status: int) -> Overflow | None:
    """Read the error of a prompt that is too long; None for any other error."""
    too_large = status == 413  # noqa: PLR2004 - Content Too Large
    if status not in (400, 413, 422, 500) and not error.codes.intersection(_CODES):
        return None
    if not too_large and not error.codes.intersection(_CODES) and not _OVERFLOW.search(error.text):
        return None
    window = error.figures.get("n_ctx") or _figure(_WINDOWS, error.text)
    prompt = error.figures.get("n_prompt_tokens") or _figure(_PROMPTS, error.text)
    return Overflow(window if window and LEAST_WINDOW <= window <= MOST_WINDOW else None, prompt)


def _figure(patterns: Sequence[re.Pattern[str]], text: str) -> int | None:
    for pattern in patterns:
        found = pattern.search(text)
        if found:
            return int(found.group(1).replace(",", "").replace("_", ""))
    return None


@dataclass(frozen=True, slots=True)
class Room:
    """The parts of a context window, in tokens as the server counts them."""

    prompt: int
    reply: int


def divide(window: int, max_reply: int) -> Room:
    """Divide a window: the reply gets up to `max_reply` tokens, but at most half of the window."""
    usable = window - MARGIN - window // 50
    reply = min(max_reply, usable // 2)
    return Room(usable - reply, reply)


def reply_room(window: int, prompt_tokens: float, max_reply: int) -> int:
    """The number of tokens that are left for the reply after a prompt of this length."""
    left = int(window - MARGIN - window // 50 - prompt_tokens)
    return min(max_reply, max(LEAST_REPLY, left))


_SIZES: Final = (
    "loaded_context_length", "max_model_len", "context_length", "context_window", "max_context_length",
    "max_input_tokens", "n_ctx", "context_size", "max_seq_len", "max_sequence_length", "inputTokenLimit", "num_ctx",
)  # fmt: skip
_PLACES: Final = ("top_provider", "limits", "meta", "default_generation_settings", "details")
"""Fields of a model's entry whose objects may hold the window size."""
_TRAINED: Final = "n_ctx_train"
"""The window that a model was trained with. Servers often load it with a smaller one, so this size is only the last
choice.
"""


def window_in(entry: Mapping[str, Any]) -> int | None:
    """The context window that a server's data about a model states: an entry of `/models`, or the answer to another
    request.
    """
    inner = (entry.get(name) for name in _PLACES)
    places = [entry, *(cast("Mapping[str, Any]", place) for place in inner if isinstance(place, Mapping))]
    found = [size for place in places for name in _SIZES if (size := _size(place.get(name))) is not None]
    if "loaded_context_length" in entry and _size(entry["loaded_context_length"]) is not None:
        return _size(entry["loaded_context_length"])
    if found:
        return min(found)
    return next((size for place in places if (size := _size(place.get(_TRAINED))) is not None), None)


def entry_of(model: str, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The entry for `model` in a server's list of models; None if it has none."""
    wanted = _plain(model)
    for entry in entries:
        names = (entry.get(name) for name in ("id", "name", "model", "canonical_slug"))
        if any(isinstance(name, str) and _plain(name) == wanted for name in names):
            return entry
    return None


def entries_in(listing: object) -> list[Mapping[str, Any]]:
    """The entries in a server's answer with a list of models: `{"data": […]}`, `{"models": […]}`, or a list."""
    if isinstance(listing, Mapping):
        held = cast("Mapping[str, Any]", listing)
        listing = held.get("data") if isinstance(held.get("data"), list) else held.get("models")
    if not isinstance(listing, list):
        return []
    return [cast("Mapping[str, Any]", entry) for entry in cast("list[object]", listing) if isinstance(entry, Mapping)]


def names_in(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of the models in these entries."""
    names = (entry.get("id") or entry.get("name") or entry.get("model") for entry in entries)
    return [name for name in names if isinstance(name, str)]


def _plain(name: str) -> str:
    return name.lower().removeprefix("models/").removesuffix(":latest")


def _size(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if LEAST_WINDOW <= value <= MOST_WINDOW else None

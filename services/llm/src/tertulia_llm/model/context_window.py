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

TOO_LARGE: Final = 413
_STATUSES: Final = (400, TOO_LARGE, 422, 500)
"""Statuses of a refusal whose words say that the prompt is too long. Others need clearer words, or a code."""
_CODES: Final = (
    "context_length_exceeded", "exceed_context_size_error", "context_window_exceeded",
    "model_max_prompt_tokens_exceeded", "context_length_error", "string_above_max_length", "tokens_limit_reached",
)  # fmt: skip
_OVERFLOW = re.compile(
    r"context[ _-]?(length|window|size|limit)|maximum (context|model length)|n_ctx|max_model_len|max_seq_len"
    r"|context shift is disabled|exceeds? (the )?context|max(imum)? (prompt|input|sequence) length"
    r"|too many (input |prompt )?tokens"
    r"|(prompt|input|message|request|conversation)s?( is| are)? (too (long|large)|exceeds?)"
    r"|(number|count)[^.]{0,40}exceeds?[^.]{0,40}(maximum|limit|tokens)|reduce the length|inputs?`? tokens|input length"
    r"|(prompt|input) (size|length|tokens)[^.]{0,40}(exceed|greater|longer|larger)|input token count|prompt exceeds"
    r"|longer than (the )?(model|context)|\btoken limit\b|must have less than \d+ tokens"
    r"|prompt is \d+ tokens but|prompt ?超长|上下文.{0,8}(超|长度)|(输入|提示).{0,12}(超长|超过|过长)",
    re.IGNORECASE,
)
_ANY_STATUS_OVERFLOW = re.compile(
    r"prompt too long|(prompt|input) tokens limit exceeded"
    r"|(prompt|request|input)[^.]{0,40}exceeds?[^.]{0,30}(context|max_seq_len|n_ctx)",
    re.IGNORECASE,
)
"""Words that name a too long prompt even with a status of other errors."""
_NEVER_FITS = re.compile(r"request too large\b.{0,200}\blimit:? (\d+), requested:? (\d+)", re.IGNORECASE)
"""A single request that is larger than what the account may send in a minute."""
_NUMBER = r"((?:\d{1,3}(?:[.,_]\d{3})+|\d+)(?![km\d]))"
_IS = r"['\"`]?[ )]*(?:only |of |is |= ?|: ?|to |are |for this model )*[(`]?"
_MOST = (
    r"<=|≤|less than(?: or equal to)?|at most|up to|limited to|limit(?: is|:| of| for this model is)?"
    r"|(?:cannot|can't|must not|may not|not) exceed|exceeds?(?: the| its)?(?: maximum| max| limit)?(?: of)?"
    r"|max(?:imum|imal)?(?: size| length)?:?|allows"
)
_WINDOWS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\d(?: tokens)? ?>=? ?(?:n_ctx: ?)?{_NUMBER}",
        rf"context[ _-]?(?:length|window|size|limit){_IS}{_NUMBER}",
        rf"(?:max_model_len|max_seq_len|n_ctx){_IS}{_NUMBER}",
        rf"maximum (?:prompt|input|sequence|model) length{_IS}{_NUMBER}",
        rf"{_NUMBER}[ -](?:tokens? )?(?:maximum )?context",
        rf"maximum number of (?:input |prompt )?tokens (?:allowed )?{_IS}{_NUMBER}",
        rf"(?:{_MOST}) ?{_NUMBER}",
        rf"{_NUMBER}[ -]tokens? (?:limit|at most|maximum)",
        rf"\[\d+, ?{_NUMBER}\]",
    )
)
_PROMPTS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NUMBER} (?:tokens )?(?:in|from|of) (?:the |your )?(?:text )?(?:messages|input|prompt)",
        rf"{_NUMBER} input tokens",
        rf"(?:resulted in|prompt contains|prompt is too long:|request contains|given:|input \(|received) ?{_NUMBER}",
        rf"input token count (?:is )?\(?{_NUMBER}",
        rf"prompt (?:is |\(?length (?:of )?){_NUMBER}",
        rf"input (?:size|tokens) {_NUMBER}",
        rf"(?:prompt|request|input)[^.\d]{{0,30}}\({_NUMBER} tokens",
        rf"{_NUMBER}(?: tokens)? ?(?:\+ \d+ )?> ?\d+\b(?! -)",
    )
)


@dataclass(frozen=True, slots=True)
class Overflow:
    """What a server said when it refused a prompt as too long."""

    window: int | None = None
    prompt_tokens: int | None = None


def overflow_of(error: ServerError, status: int) -> Overflow | None:
    """Read the error of a prompt that is too long; None for any other error."""
    never_fits = _NEVER_FITS.search(error.text)
    if never_fits and int(never_fits.group(2)) > int(never_fits.group(1)):
        return Overflow(int(never_fits.group(1)))
    has_code = bool(error.codes.intersection(_CODES))
    if status in _STATUSES:
        is_overflow = status == TOO_LARGE or has_code or _OVERFLOW.search(error.text)
    else:
        is_overflow = has_code or _ANY_STATUS_OVERFLOW.search(error.text)
    if not is_overflow:
        return None
    window = error.figures.get("n_ctx") or _figure(_WINDOWS, error.text, LEAST_WINDOW)
    prompt = error.figures.get("n_prompt_tokens") or _figure(_PROMPTS, error.text)
    return Overflow(window if window and LEAST_WINDOW <= window <= MOST_WINDOW else None, prompt)


def _figure(patterns: Sequence[re.Pattern[str]], text: str, least: int = 1) -> int | None:
    """The first number that a pattern finds, unless it is below `least`."""
    for pattern in patterns:
        for found in pattern.finditer(text):
            digits = re.sub(r"\D", "", found.group(1))
            if len(digits) <= len(str(MOST_WINDOW)) and int(digits) >= least:
                return int(digits)
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


_VARIANT = re.compile(r"(?<=.):(free|online|nitro|floor|extended|thinking|exacto|beta)$")
"""What OpenRouter takes after the name of a model."""


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
    """The entry for `model` in a server's list of models; None if it has none.

    For a variant of OpenRouter (`owner/model:free`) that has no entry, this is the entry of the model.
    """
    wanted = _plain(model)
    for name in dict.fromkeys((wanted, _VARIANT.sub("", wanted))):
        for entry in entries:
            names = (entry.get(key) for key in ("id", "name", "model", "canonical_slug"))
            if any(isinstance(each, str) and _plain(each) == name for each in names):
                return entry
    return None


def entries_in(listing: object) -> list[Mapping[str, Any]]:
    """The entries in a server's answer with a list of models: `{"data": […]}`, `{"models": …}`, or a list.

    An entry may be an object or a name.
    """
    if isinstance(listing, Mapping):
        held = cast("Mapping[str, Any]", listing)
        listing = held.get("data") if isinstance(held.get("data"), list | Mapping) else held.get("models")
    if isinstance(listing, Mapping):
        by_name = cast("Mapping[str, object]", listing)
        return [{"id": name, **held} for name, entry in by_name.items() if (held := _object(entry)) is not None]
    entries = cast("list[object]", listing) if isinstance(listing, list) else []
    if all(isinstance(entry, str) for entry in entries):
        return [{"id": entry} for entry in entries]
    return [held for entry in entries if (held := _object(entry)) is not None]


def _object(value: object) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


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

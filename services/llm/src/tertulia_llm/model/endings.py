"""Why a model's reply ended, read from the reasons that servers give. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final


class Ending(Enum):
    """Why a reply ended."""

    COMPLETE = auto()
    """The model finished the reply, or the server gave no reason."""
    LENGTH = auto()
    """The reply reached the maximum number of tokens, or the model's context is full."""
    FILTERED = auto()
    """The server's content filter cut the reply off."""
    REFUSED = auto()
    """The model refused to answer. If there is text, it is the refusal."""
    TOOL_CALLS = auto()
    """The model called a tool."""


_EXACT: Final = {
    **dict.fromkeys(("stop_limit", "stop_sequence", "complete", "completed"), Ending.COMPLETE),
    **dict.fromkeys(("language", "spii"), Ending.FILTERED),
}
_BY_WORD: Final = {
    **dict.fromkeys(("refusal", "refused"), Ending.REFUSED),
    **dict.fromkeys(("tool", "tools", "function"), Ending.TOOL_CALLS),
    **dict.fromkeys(
        (
            *("filter", "filtered", "safety", "toxic", "moderation", "moderated", "blocked", "blocklist", "block"),
            *("prohibited", "sensitive", "guardrail", "violation", "flagged", "harm", "harmful"),
            *("recitation", "policy"),
        ),
        Ending.FILTERED,
    ),
    **dict.fromkeys(("length", "limit", "max", "truncated", "truncation", "incomplete", "window"), Ending.LENGTH),
}
"""The words of reasons, the more telling ones first: `ERROR_TOXIC`, `malformed_function_call`, `max_new_tokens`."""
_BROKEN: Final = frozenset(
    {"error", "abort", "aborted", "cancelled", "canceled", "failed", "timeout", "insufficient_system_resource"}
)
"""Words and reasons of a server that aborted the reply: DeepSeek, GLM, OpenRouter, SGLang."""
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def gave_up(finish_reason: str) -> bool:
    """Whether the server aborted the reply because of a fault of its own."""
    words = _words(finish_reason)
    return _ending(words) is Ending.COMPLETE and not _BROKEN.isdisjoint([*words, "_".join(words)])


def ending_of(finish_reason: str, native_finish_reason: str = "") -> Ending:
    """The ending for a `finish_reason`.

    `native_finish_reason` is what OpenRouter got from the provider. It is used if `finish_reason` says only that the
    reply ended. Unknown reasons count as a complete reply.
    """
    ending = _ending(_words(finish_reason))
    if ending is Ending.COMPLETE and native_finish_reason:
        ending = _ending(_words(native_finish_reason))
    return ending


def _words(reason: str) -> list[str]:
    """`FinishReason.MAX_TOKENS`, `maxTokens` and `max-tokens` have the same words."""
    return [word.lower() for word in _WORD.findall(reason.rpartition(".")[2])]


def _ending(words: Sequence[str]) -> Ending:
    exact = _EXACT.get("_".join(words))
    if exact is not None:
        return exact
    return next((ending for word, ending in _BY_WORD.items() if word in words), Ending.COMPLETE)

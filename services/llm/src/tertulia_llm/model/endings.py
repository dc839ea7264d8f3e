"""Why a model's reply ended, read from the reasons that servers give. Pure."""

from __future__ import annotations

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


BROKEN: Final = frozenset(
    {"error", "abort", "aborted", "cancelled", "canceled", "network_error", "insufficient_system_resource"}
)
"""Reasons of a server that aborted the reply: DeepSeek, GLM, OpenRouter, SGLang."""

_REASONS: Final = {
    **dict.fromkeys(
        ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "completed"), Ending.COMPLETE
    ),
    **dict.fromkeys(
        (
            "length",
            "max_tokens",
            "max_output_tokens",
            "max_completion_tokens",
            "model_length",
            "token_limit",
            "context_length",
            "model_context_window_exceeded",
            "truncated",
        ),
        Ending.LENGTH,
    ),
    **dict.fromkeys(
        (
            "content_filter",
            "content_filtered",
            "safety",
            "recitation",
            "blocklist",
            "prohibited_content",
            "spii",
            "sensitive",
            "guardrail_intervened",
            "language",
        ),
        Ending.FILTERED,
    ),
    **dict.fromkeys(("refusal", "refused"), Ending.REFUSED),
    **dict.fromkeys(
        ("tool_calls", "tool_call", "tool_use", "function_call", "malformed_function_call"), Ending.TOOL_CALLS
    ),
}


def normal_reason(reason: str) -> str:
    """The reason in one spelling: `FinishReason.MAX_TOKENS`, `MAX_TOKENS` and `max-tokens` become the same."""
    return reason.rpartition(".")[2].strip().lower().replace("-", "_").replace(" ", "_")


def ending_of(finish_reason: str, native_finish_reason: str = "") -> Ending:
    """The ending for a `finish_reason`.

    `native_finish_reason` is what OpenRouter got from the provider. It is used if `finish_reason` says only that the
    reply ended. Unknown reasons count as a complete reply.
    """
    ending = _REASONS.get(normal_reason(finish_reason), Ending.COMPLETE)
    if ending is Ending.COMPLETE and native_finish_reason:
        ending = _REASONS.get(normal_reason(native_finish_reason), Ending.COMPLETE)
    return ending

"""The consequence of how the model server ended a reply: a warning; or, if the reply has no text, a failure. Pure."""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.model.endings import Ending
from tertulia_llm.model.failures import ModelFailed
from tertulia_shared.events import Warn

_WHOLE_SENTENCE: Final = re.compile(r"[.!?\u2026\u061f\u06d4\u0964\u3002\uff01\uff1f\uff61]\W*$")


def ends_whole(text: str) -> bool:
    """True if `text` ends with a complete sentence."""
    return _WHOLE_SENTENCE.search(text) is not None


def warning(ending: Ending, name: str, max_tokens: int) -> Warn | None:
    """The warning for a reply that has text; None if no warning is necessary."""
    match ending:
        case Ending.LENGTH:
            return Warn(
                "reply_cut",
                f"{name}'s reply was cut after its last whole sentence: it reached the limit of {max_tokens} tokens "
                "(TERTULIA_LLM_MAX_TOKENS), or a lower one of the model server.",
            )
        case Ending.FILTERED:
            return Warn("reply_filtered", f"The model server's content filter ended {name}'s reply early.")
        case _:
            return None


def failure(ending: Ending, name: str, max_tokens: int, *, spoke_for_others: bool) -> ModelFailed:
    """The failure for a request that ended without text to show."""
    if spoke_for_others and ending in (Ending.COMPLETE, Ending.LENGTH):
        text = f"The model wrote what others say, and nothing for {name}: choose another model."
        return ModelFailed("llm_unavailable", text, retryable=True)
    match ending:
        case Ending.LENGTH:
            return ModelFailed(
                "llm_no_text",
                f"The model's {max_tokens} tokens were used up without a word of {name}'s reply: raise "
                "TERTULIA_LLM_MAX_TOKENS, or choose another model.",
                retryable=False,
            )
        case Ending.FILTERED:
            return ModelFailed(
                "llm_filtered",
                f"The model server's content filter left nothing of {name}'s reply: say it in other words, or choose "
                "another model.",
                retryable=False,
            )
        case Ending.REFUSED:
            return ModelFailed(
                "llm_refused",
                "The model refused to answer: say it in other words, or choose another model.",
                retryable=False,
            )
        case Ending.TOOL_CALLS:
            return ModelFailed(
                "llm_tool_call",
                "The model wants to call a tool, but Tertulia offers none: turn tools off at the model server, or "
                "choose another model.",
                retryable=False,
            )
        case Ending.COMPLETE:
            return ModelFailed("llm_unavailable", "The model said nothing.", retryable=True)

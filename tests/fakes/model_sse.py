"""Encodes the events of an OpenAI-style stream for the fakes."""

from __future__ import annotations

import json
from collections.abc import Mapping

HEAD: Mapping[str, object] = {
    "id": "chatcmpl-scripted",
    "object": "chat.completion.chunk",
    "created": 1_700_000_000,
    "model": "scripted",
}
DONE = b"data: [DONE]\n\n"
# The comment that OpenRouter sends while a provider is slow.
KEEP_ALIVE = b": OPENROUTER PROCESSING\n\n"


def chunk(delta: Mapping[str, str | None], finish_reason: str | None = None) -> bytes:
    return event({**HEAD, "choices": [{"index": 0, "delta": dict(delta), "finish_reason": finish_reason}]})


def ending(tokens: int, *, finish_reason: str = "stop", with_usage: bool = False, prompt_tokens: int = 1) -> bytes:
    """The events after the last of `tokens` tokens."""
    last = event({**HEAD, "choices": [], "usage": usage(tokens, prompt_tokens)}) if with_usage else b""
    return chunk({}, finish_reason) + last + DONE


def usage(tokens: int, prompt_tokens: int = 1) -> dict[str, int]:
    total = prompt_tokens + tokens
    return {"prompt_tokens": prompt_tokens, "completion_tokens": tokens, "total_tokens": total}


def event(data: Mapping[str, object]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"

"""The list of a server's models, as the page offers it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tertulia_shared.model_settings import is_possible_model

MAX_MODELS: Final = 2_000
_NOT_FOR_CHAT: Final = re.compile(
    r"embed|whisper|\btts\b|dall-?e|moderation|transcribe|realtime|\bsora|davinci|babbage|rerank|gpt-image|\bbge-"
    r"|\bclip\b",
    re.IGNORECASE,
)


def usable_models(names: Iterable[str]) -> list[str]:
    """The names of models that can chat, in the server's order, at most `MAX_MODELS`. All names if none seems to."""
    possible = [name for name in dict.fromkeys(names) if is_possible_model(name)]
    chat = [name for name in possible if not _NOT_FOR_CHAT.search(name)]
    return (chat or possible)[:MAX_MODELS]

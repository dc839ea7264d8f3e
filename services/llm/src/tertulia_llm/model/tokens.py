"""Estimates how many tokens a text has. Pure.

The counts of different tokenizers differ by a factor of two or more. The weights are between those of five tokenizers
(cl100k, o200k, DeepSeek, Claude, Mistral v1), measured on sentences in thirteen languages, on emoji, code and digits.
`TokenScale` corrects the estimate with the counts of the server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

PER_LETTER: Final = 0.24
"""Tokens per ASCII letter or space."""
PER_MARK: Final = 0.65
"""Tokens per ASCII digit or punctuation mark."""
PER_2_BYTES: Final = 0.75
"""Tokens per character of two bytes in UTF-8 (Latin with accents, Greek, Cyrillic, Hebrew, Arabic)."""
PER_3_BYTES: Final = 1.05
"""Tokens per character of three bytes (Chinese, Japanese, Korean, Indic and Thai letters)."""
PER_4_BYTES: Final = 2.5
"""Tokens per character of four bytes (emoji, rare Chinese characters)."""
PER_MESSAGE: Final = 5
"""Tokens that each message has in addition to its content: its role and its delimiters."""
LEAST_COUNTED: Final = 50
"""A prompt with a smaller estimate does not change the scale: its fixed text dominates the count."""
LOWEST_SCALE, HIGHEST_SCALE = 0.6, 6.0

_LETTERS: Final = b" \nABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def estimated_tokens(text: str) -> float:
    """The estimated number of tokens of a text."""
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) == len(text):
        return _ascii_tokens(encoded)
    plain = text.encode("ascii", "ignore")
    four = len(text.encode("utf-16-le", "surrogatepass")) // 2 - len(text)
    others = len(text) - len(plain) - four
    three = len(encoded) - len(plain) - 4 * four - 2 * others
    two = others - three
    return _ascii_tokens(plain) + two * PER_2_BYTES + three * PER_3_BYTES + four * PER_4_BYTES


def estimated_message_tokens(message: Mapping[str, str]) -> float:
    """The estimated number of tokens of a message of a prompt."""
    return PER_MESSAGE + estimated_tokens(message["content"])


def estimated_prompt_tokens(messages: Sequence[Mapping[str, str]]) -> float:
    """The estimated number of tokens of a prompt."""
    return sum(map(estimated_message_tokens, messages))


def most_prompt_tokens(messages: Sequence[Mapping[str, str]]) -> float:
    """An upper bound of the estimate, computed from the lengths alone."""
    return sum(PER_MESSAGE + PER_4_BYTES * len(message["content"]) for message in messages)


@dataclass(slots=True)
class TokenScale:
    """The ratio of the tokens that one model's tokenizer counts to the estimated tokens."""

    factor: float = 1.0

    def learn(self, estimate: float, counted: object) -> None:
        """Update the factor with the server's count for a prompt with this estimate.

        A higher count takes effect at once. A lower count has little weight: some servers leave out cached tokens.
        """
        if not isinstance(counted, int | float) or isinstance(counted, bool) or estimate < LEAST_COUNTED:
            return
        if not counted > 0:  # NaN, or a server that does not count tokens
            return
        found = min(HIGHEST_SCALE, max(LOWEST_SCALE, counted / estimate))
        self.factor = found if found > self.factor else self.factor + (found - self.factor) / 8

    def raise_to_at_least(self, factor: float) -> None:
        """Raise the factor to this value, unless it is higher already."""
        self.factor = min(HIGHEST_SCALE, max(self.factor, factor))


def counted_prompt_tokens(usage: Mapping[str, Any]) -> object:
    """The number of the prompt's tokens in a server's usage object; None if it is missing."""
    return usage.get("prompt_tokens")


def _ascii_tokens(text: bytes) -> float:
    marks = len(text.translate(None, _LETTERS))
    return (len(text) - marks) * PER_LETTER + marks * PER_MARK

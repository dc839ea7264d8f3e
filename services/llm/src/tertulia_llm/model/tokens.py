"""Estimates how many tokens a text has. Pure.

Tokenizers differ by a factor of two and more. The weights lie between those of five of them (cl100k, o200k, DeepSeek,
Claude, Mistral v1), measured on sentences in thirteen languages, on emoji, code and digits. `TokenScale` corrects the
estimate by what the server counts.
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
"""Tokens of a message's frame: its role and the marks around it."""
LEAST_COUNTED: Final = 50
"""Prompts with a smaller estimate do not change the scale: the frame of the prompt dominates."""
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
    """An upper bound of the estimate, found without reading the texts."""
    return sum(PER_MESSAGE + PER_4_BYTES * len(message["content"]) for message in messages)


@dataclass(slots=True)
class TokenScale:
    """What one model's tokenizer counts, in proportion to the estimate."""

    factor: float = 1.0

    def learn(self, estimate: float, counted: object) -> None:
        """Take a number of tokens that the server counted for a prompt with this estimate.

        A higher number counts at once. A lower one counts little: some servers leave out tokens that they have cached.
        """
        if not isinstance(counted, int | float) or isinstance(counted, bool) or estimate < LEAST_COUNTED:
            return
        if not counted > 0:  # NaN, or a server that does not count
            return
        found = min(HIGHEST_SCALE, max(LOWEST_SCALE, counted / estimate))
        self.factor = found if found > self.factor else self.factor + (found - self.factor) / 8

    def raise_to_at_least(self, factor: float) -> None:
        """Use at least this factor."""
        self.factor = min(HIGHEST_SCALE, max(self.factor, factor))


def counted_prompt_tokens(usage: Mapping[str, Any]) -> object:
    """The number of the prompt's tokens in a server's usage figures; None if it is not there."""
    return usage.get("prompt_tokens")


def _ascii_tokens(text: bytes) -> float:
    marks = len(text.translate(None, _LETTERS))
    return (len(text) - marks) * PER_LETTER + marks * PER_MARK

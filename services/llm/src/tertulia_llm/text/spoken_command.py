"""Finds out whether a spoken turn is a command to the table: "say that again", "Luna, say that differently, please",
"scratch that". Pure.

Only a text that consists of such a phrase, names and polite words is a command: a message that is taken for a command
is worse than a command that is taken for a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tertulia_shared.phrases.books import phrase_books
from tertulia_shared.phrases.matching import NamePhrases, match_any, name_phrases
from tertulia_shared.phrases.tokens import tokens_of

Kind: TypeAlias = Literal["again", "differently", "scratch"]
KINDS: Final[tuple[Kind, ...]] = ("again", "differently", "scratch")
MAX_CHARS: Final = 120
"""A longer text is no command."""
_WORDS: Final = "tertulia_llm.text.command_words"


@dataclass(frozen=True, slots=True)
class Command:
    """`again`: the last reply is said once more. `differently`: it is made again. `scratch`: the user's last message
    and what followed it are taken back. `name`: the character whose reply is meant; "" for the last one.
    """

    kind: Kind
    name: str = ""


def spoken_command(text: str, names: Sequence[str]) -> Command | None:
    """The command of a spoken turn; None if it is a message. `names`: the characters that may be named, at most one."""
    if len(text) > MAX_CHARS:
        return None
    tokens, known = tokens_of(text), name_phrases(tuple(names))
    matching: list[Kind] = [kind for kind in KINDS if match_any(phrase_books(_WORDS, kind), tokens, known).is_whole]
    named = [name for name in names if _is_named(name_phrases((name,)), tokens)]
    if len(matching) != 1 or len(named) > 1:
        return None
    return Command(matching[0], named[0] if named else "")


def _is_named(name: NamePhrases, tokens: Sequence[str]) -> bool:
    return any(
        tuple(tokens[start : start + length]) in name.phrases
        for length in range(1, name.longest + 1)
        for start in range(len(tokens) - length + 1)
    )

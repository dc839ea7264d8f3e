"""Recognizes the role of the next turn that is left of its header when a server drops special tokens. Pure.

Llama 3 leaves `assistant` and two line feeds right after a sentence; ChatML leaves a line with nothing but the role.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

SENTENCE_ENDS: Final = (".", "!", "?", "\u2026")
_ROLES: Final = ("user", "assistant", "model", "system")
_LINE: Final = re.compile(rf"(?:{'|'.join(_ROLES)})[ \t]*(?:\n|\Z)")
_LINE_PREFIXES: Final = frozenset(role[:length] for role in _ROLES for length in range(1, len(role) + 1))
_GLUED: Final = "assistant\n"


class RoleWord(Enum):
    """Whether the text goes on with a role."""

    NONE = auto()
    UNDECIDED = auto()
    FOUND = auto()


def role_word(line: str, text: str, at: int, *, is_final: bool) -> RoleWord:
    """Look for a role at this place in a text. `line`: what stands before it on its line."""
    if line.endswith(SENTENCE_ENDS):
        rest = text[at : at + len(_GLUED)]
        is_found = rest == _GLUED or (is_final and f"{rest}\n" == _GLUED)
        may_follow = _GLUED.startswith(rest)
    elif not line:
        found = _LINE.match(text, at)
        is_found = found is not None and (is_final or found.group().endswith("\n"))
        may_follow = found is not None or text[at:] in _LINE_PREFIXES
    else:
        return RoleWord.NONE
    if is_found:
        return RoleWord.FOUND
    return RoleWord.UNDECIDED if may_follow and not is_final else RoleWord.NONE

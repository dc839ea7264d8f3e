"""Says whether a control token is a word that the text is about ("it ends with <eos>, she said"). Pure."""

from __future__ import annotations

import re
from typing import Final

_PUNCTUATION: Final = re.compile(r"[,;:?!)]|\.(?:\s|\Z)")
_WRAPPED: Final = {"*": "*", "_": "_", "(": ")"}
_LOOK_AHEAD: Final = 2


def is_mention(before: str, after: str, *, is_final: bool, opens: bool = False) -> bool | None:
    """Whether the model only mentions a token. `before` and `after`: the text of its line. None: more text is needed.

    A token with a space before it and the rest of a sentence after it is a mention: a model does not end its turn
    within a sentence. `opens`: the token opens reasoning. Reasoning may begin with a small letter, so then only a
    punctuation mark right after the token makes it a mention.
    """
    last = before[-1:]
    if last in _WRAPPED:
        if not after and not is_final:
            return None
        return after.startswith(_WRAPPED[last])
    if last not in (" ", "\t") or not before.strip():
        return False
    if len(after) < _LOOK_AHEAD and not is_final and (not after or after in " ."):
        return None
    return _PUNCTUATION.match(after) is not None or (not opens and continues_sentence(after))


def continues_sentence(text: str) -> bool:
    """Whether text goes on with a small letter after a space."""
    return text[:1] == " " and text[1:2].islower()

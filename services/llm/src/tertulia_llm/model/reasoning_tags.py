"""The names of tags that open and close reasoning, and the spellings that occur in text as well. Pure."""

from __future__ import annotations

import re
from typing import Final

THOUGHT: Final = ("think", "thinking", "thought", "thoughts", "reasoning", "reason")
_REASONING_TAGS: Final = frozenset(
    {
        *THOUGHT,
        *(
            "planning",
            "plan",
            "reflection",
            "reflect",
            "analysis",
            "scratchpad",
            "rationale",
            "deliberation",
            "details",
        ),
        *("inner_monologue", "internal_monologue", "monologue", "inner_thoughts", "internal_thoughts"),
        *("internal_reasoning", "inner_reasoning", "thought_process", "thinking_process", "chain_of_thought", "cot"),
        *("seed:think", "seed:cot_budget_reflect", "mm:think", "longcat_think", "antthinking", "ant:thinking"),
    }
)
_TAG_PREFIXES: Final = frozenset(name[:length] for name in _REASONING_TAGS for length in range(len(name) + 1))
_THOUGHT_WORDS: Final = frozenset(THOUGHT) - {"reason"}
_FIRST_WORDS: Final = frozenset(
    {
        *THOUGHT,
        *("private", "internal", "inner", "hidden", "secret", "silent", "my", "model", "agent", "deep", "self"),
        *("start", "begin", "end", "assistant"),
    }
)
"""The first words of tags such as `<private_thoughts>`."""
_FIRST_WORD_PREFIXES: Final = frozenset(word[:length] for word in _FIRST_WORDS for length in range(len(word) + 1))
_WORD_END: Final = re.compile(r"[_:.]+")
_BRACKETED: Final = frozenset({*_THOUGHT_WORDS, "reflection", "scratchpad"})
_BRACKET: Final = re.compile(r"\[(/?)(" + "|".join(sorted(_BRACKETED)) + r")\]", re.IGNORECASE)
_BRACKET_PREFIXES: Final = frozenset(
    f"[{slash}{word}"[:length] for word in _BRACKETED for slash in ("", "/") for length in range(1, len(word) + 3)
)
_ESCAPED: Final = re.compile(r"(?:&lt;|\uff1c)\s?(/?)\s?([A-Za-z][\w:.-]{0,31})\s?(?:&gt;|\uff1e)")
_ESCAPED_PART: Final = re.compile(
    r"(?:&(?:l(?:t)?)?|(?:&lt;|\uff1c)\s?/?\s?([A-Za-z][\w:.-]{0,31})?\s?(?:&(?:gt?)?)?)\Z"
)


def is_reasoning_tag(name: str) -> bool:
    """Whether a tag of this name, in lower case and with underscores, holds reasoning."""
    words = _WORD_END.split(name)
    return name in _REASONING_TAGS or (words[0] in _FIRST_WORDS and not _THOUGHT_WORDS.isdisjoint(words))


def closes_reasoning(name: str) -> bool:
    """Whether a tag of this name closes, without a slash."""
    return name.startswith("end_") or name.endswith("_end")


def may_become_reasoning_tag(name: str) -> bool:
    """Whether the name of a tag may be the beginning of such a name."""
    first, *more = _WORD_END.split(name, maxsplit=1)
    return name in _TAG_PREFIXES or (first in _FIRST_WORDS if more else first in _FIRST_WORD_PREFIXES)


def doubtful_tag(text: str, at: int) -> tuple[bool, int] | None:
    """A tag in brackets, or with escaped angle brackets, at this place: whether it closes, and its length."""
    found = _BRACKET.match(text, at) or _ESCAPED.match(text, at)
    if found is None:
        return None
    slash, name = found.groups()
    return (bool(slash), len(found.group())) if is_reasoning_tag(name.lower().replace("-", "_")) else None


def may_become_doubtful_tag(rest: str) -> bool:
    """Whether a text may be the beginning of such a tag."""
    if rest.lower() in _BRACKET_PREFIXES:
        return True
    escaped = _ESCAPED_PART.match(rest)
    return escaped is not None and may_become_reasoning_tag((escaped.group(1) or "").lower().replace("-", "_"))

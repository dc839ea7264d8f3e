"""Decides whether a marked span of text is a stage direction, which is shown but not spoken.

The words of the span decide. Each of these is a stage direction, in any of the languages of `stage_words`:

- a span that begins with a verb of the word list, or with its subject and the verb: `(laughs softly)`, `[sighs]`, `(se
  ríe)`, `(Rex grins)`;
- a span whose words all describe a manner, or that begins with such a phrase: `(softly)`, `(en voz baja)`;
- a noun of the word list, with at most two words before it: `(long pause)`.

A span that stands alone (between sentences) is also a stage direction if it begins with an English verb that is not in
the list, as the verb's form and the next word show: `(fluffs up her feathers)`. In square brackets, a span that stands
alone is one if it begins in lower case, with any words: `[door creaks]`. A span with a digit is never one: `[1]`,
`(2024)`. Everything else is spoken: `(really)`, `(I think)`, `_very_`.
"""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.text import stage_words as words_of

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_WIDE_LETTER: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_DIGIT: Final = re.compile(r"\d")
_MAX_WIDE_CHARS: Final = 24
_MAX_NOUN_WORDS: Final = 3
_MAX_BODY_WORDS: Final = 4
_MAX_SUBJECT_WORDS: Final = 2
_MIN_VERB_CHARS: Final = 4


def is_stage_direction(span: str, *, alone: bool, bracketed: bool = False) -> bool:  # noqa: PLR0911 - one return per rule
    """True if the text between two markers is a stage direction.

    `alone`: the span is between sentences. `bracketed`: it is in `[ ]`.
    """
    if _DIGIT.search(span):
        return False
    if _WIDE_LETTER.search(span):
        return _is_wide(span)
    written = _WORD.findall(span)
    if not written:
        return False
    words = [word.casefold().replace("i\u0307", "i") for word in written]
    if _tells_action(words, alone=alone) or _tells_manner(words):
        return True
    if not alone:
        return False
    if len(words) > 1 and written[0][0].isupper() and words[1] in words_of.VERBS:
        return True  # for example "(Rex grins)"
    if words[0] in words_of.BODY and 1 < len(words) <= _MAX_BODY_WORDS:
        return True  # for example "(eyes widen)"
    return _has_form_of_action(words) or (bracketed and span[0].islower())


def begins_stage_direction(span: str) -> bool:
    """True if the text after an opening bracket begins a stage direction whose end is still to come."""
    words = [word.casefold() for word in _WORD.findall(span[:80])]
    return bool(words) and not _DIGIT.search(span) and _tells_action(words, alone=True)


def _is_wide(span: str) -> bool:
    if len(span) > _MAX_WIDE_CHARS or any(part in span for part in words_of.NOT_WIDE):
        return False
    return any(part in span for part in words_of.WIDE)


def _tells_action(words: list[str], *, alone: bool) -> bool:
    """True if the words begin with a verb, or with a verb after at most two subjects or adverbs."""
    for index, word in enumerate(words[: _MAX_SUBJECT_WORDS + 1]):
        if word in words_of.VERBS:
            following = words[index + 1] if index + 1 < len(words) else ""
            plural_noun = word in words_of.THIRD_PERSON and following in words_of.NOT_AFTER
            return not plural_noun and (alone or word not in words_of.AMBIGUOUS)
        if word not in words_of.SUBJECTS and word not in words_of.MANNERS:
            return False
    return False


def _tells_manner(words: list[str]) -> bool:
    if all(word in words_of.MANNERS for word in words):
        return True
    if words[0] in ("with", "in") and (words[-1] in words_of.NOUNS or words[-1] in ("voice", "tone")):
        return True  # for example "(in a soft voice)"
    if words[-1] in words_of.NOUNS and len(words) <= _MAX_NOUN_WORDS:
        return all(word in words_of.ADJECTIVES for word in words[:-1])
    return " ".join(words).startswith(words_of.PHRASES)


def _has_form_of_action(words: list[str]) -> bool:
    first = words[0]
    if len(words) == 1 or first in words_of.NO_VERBS or len(first) < _MIN_VERB_CHARS:
        return False
    is_form = first.endswith("ing") or (first.endswith("s") and not first.endswith("ss"))
    return is_form and (words[1] in words_of.PARTICLES or words[1].endswith("ly"))

"""Decides whether a marked span of text is a stage direction, which is shown but not spoken.

The words of the span decide, in any of the languages of `stage_words` and `stage_verbs`. Between sentences, each of
these is a stage direction:

- a span that begins with a verb of the word lists, or with its subject and the verb: `(laughs softly)`, `[sighs]`,
  `(se ríe)`, `(Rex grins)`, `(The door opens.)`;
- a span whose words all describe a manner, or that begins with such a phrase: `(softly)`, `(en voz baja)`;
- a noun of the word list, with at most two words before it: `(long pause)`;
- a span that begins with an unknown English verb, as its form and the next word show: `(fluffs up her feathers)`;
- in square brackets, a noise in lower case or in capitals: `[door creaks]`, `[MUSIC PLAYING]`.

Within a sentence only a span that begins with a finite verb is one: "Oh (laughs) yes", but not "I love dancing (and
singing)". A remark to the listener is spoken: `(Taking the bus is cheaper.)`. So is a span with a digit: `[1]`.
"""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.text import stage_words as words_of
from tertulia_llm.text.abbreviations import STARTERS
from tertulia_llm.text.stage_verbs import (
    ACTIONS,
    ALONE_ACTIONS,
    AMBIGUOUS,
    FIRST_PERSON,
    PARTICIPLES,
    THIRD_PERSON,
    VERBS,
)

WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
WIDE_LETTER: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_DIGIT: Final = re.compile(r"\d")
_TIMES: Final = re.compile(r"\s*(?:\b[x×]\s?\d{1,2}|:?\s*\b\d{1,3}(?:[.,]\d)?\s?(?:s|secs?|seconds?|ms)\b\.?)$")
_TO_LISTENER: Final = re.compile(
    r"\bI\b|(?:^|[,;]\s*)you\b|\byou['’]|\byou (?:know|can|are|see|should|will|have|want|need|may)\b", re.IGNORECASE
)
_ASIDE: Final = re.compile(r"\bby the way\b|\bof course\b", re.IGNORECASE)
_FIRST_PERSON: Final = re.compile(r"\bI\b")
_SENTENCE_ADVERBS: Final = frozenset({"sadly", "happily", "with", "in", "after"})
_WIDE_EDGES: Final = "。．.！!？?…、，,~～ 　"
_MAX_WIDE_CHARS: Final = 24
_MAX_NOUN_WORDS: Final = 3
_MAX_PHRASE_WORDS: Final = 5
_MAX_BODY_WORDS: Final = 4
_MAX_SUBJECT_WORDS: Final = 2
_MAX_SCENE_WORDS: Final = 4
_MIN_VERB_CHARS: Final = 4


def is_stage_direction(span: str, *, alone: bool, bracketed: bool = False, first: bool = False) -> bool:
    """True if the text between two markers is a stage direction.

    `alone`: the span is between sentences. `bracketed`: it is in `[ ]`. `first`: a sentence begins with it.
    """
    span = _TIMES.sub("", span.strip())  # "[laughs x2]", "[pause: 2s]"
    if _DIGIT.search(span):
        return False
    if WIDE_LETTER.search(span):
        return _is_wide(span.strip(_WIDE_EDGES), alone=alone)
    written = WORD.findall(span)
    words = lower(written)
    if not words:
        return False
    if not alone:
        return _acts_within_sentence(words, any_verb=False) or (
            (first and words[0] not in _SENTENCE_ADVERBS and _tells_manner(words))
            or (bracketed and (_tells_manner(words) or words[0] in words_of.MOODS))
        )
    if is_remark(span, written, words):
        return False
    return (
        _tells_action(words)
        or _tells_manner(words)
        or (len(words) == 1 and words[0] in words_of.MOODS and span[0].islower())
        or _tells_scene(written, words)
        or _has_form_of_action(words)
        or (bracketed and _is_noise(span, words))
    )


def is_action_within_sentence(span: str, *, any_verb: bool) -> bool:
    """True if a span in asterisks within a sentence is a stage direction: "Oh, *laughs* yes".

    `any_verb`: verbs that are frequent in other text count as well: "Hello *waves* how are you".
    """
    if _DIGIT.search(span):
        return False
    if WIDE_LETTER.search(span):
        return _is_wide(span.strip(_WIDE_EDGES), alone=False)
    return _acts_within_sentence(lower(WORD.findall(span)), any_verb=any_verb)


def is_gesture(span: str) -> bool:
    """True for a noun that is a stage direction at the end of a sentence: "OK (wink)."."""
    return span.strip().casefold() in words_of.GESTURES


def begins_stage_direction(span: str) -> bool:
    """True if the text after an opening marker begins a stage direction whose end is still to come."""
    if _DIGIT.search(span):
        return False
    if WIDE_LETTER.search(span[:8]):
        return _is_wide(span.strip(_WIDE_EDGES), alone=True)
    written = WORD.findall(span[:80])
    words = lower(written)
    return bool(words) and not is_remark(span.strip(), written, words) and _tells_action(words)


def lower(written: list[str]) -> list[str]:
    """Return the words in lower case, as the word lists contain them."""
    return [word.casefold().replace("i\u0307", "i").replace("\u2019", "'") for word in written]


def _is_wide(span: str, *, alone: bool) -> bool:
    if len(span) > _MAX_WIDE_CHARS or any(part in span for part in words_of.NOT_WIDE):
        return False
    found = [part for part in words_of.WIDE if part in span]
    if alone or not found:
        return bool(found) or (alone and span in words_of.WIDE_WORDS)
    rests = (span[span.rfind(part) + len(part) :] for part in found)
    return "の" not in span and any(all(char in words_of.WIDE_ENDINGS for char in rest) for rest in rests)


def is_remark(span: str, written: list[str], words: list[str]) -> bool:
    """True for a sentence to the listener: "(Looking forward to it!)", "(Thinking about it, you're right.)"."""
    if len(words) == 1:
        return False
    if _FIRST_PERSON.search(span) or (span[-1] == "?") or words[1] in words_of.SPOKEN_SECOND:
        return True
    if any("you" in word for word in words) and _TO_LISTENER.search(span):
        return True
    is_sentence = written[0][0].isupper() and span[-1] in ".!"
    general = not words_of.HABITS.isdisjoint(words) or not words_of.SECOND_PERSON.isdisjoint(words)
    if is_sentence and (general or _ASIDE.search(span)):
        return True
    if not words[0].endswith("ing"):
        return False
    common = words[0] in AMBIGUOUS or words[0] not in VERBS
    return (is_sentence and common) or not words_of.FINITE.isdisjoint(words[1:])


def _tells_action(words: list[str]) -> bool:
    """True if the words begin with a verb, or with a verb after at most two subjects or adverbs."""
    if " ".join(words) in ALONE_ACTIONS:
        return True
    for index, word in enumerate(words[: _MAX_SUBJECT_WORDS + 1]):
        if " ".join(words[index:]).startswith(ACTIONS):
            return True
        if word in VERBS:
            return not _is_plural_noun(words, index) and not (words[0] == "it" and word in AMBIGUOUS)
        if word in FIRST_PERSON and words[0] == "they":
            return True
        if word not in words_of.SUBJECTS and word not in words_of.MANNERS:
            return False
    return False


def _acts_within_sentence(words: list[str], *, any_verb: bool) -> bool:
    """True if the words begin with a finite verb. `any_verb`: also with one that is frequent in other text."""
    if words and " ".join(words).startswith(ACTIONS):
        return True
    for index, word in enumerate(words[:2]):
        if word in VERBS:
            known = word not in PARTICIPLES and (any_verb or word not in AMBIGUOUS)
            return known and not _is_plural_noun(words, index) and words_of.HABITS.isdisjoint(words)
        if word not in words_of.REFLEXIVES and word not in words_of.MANNERS:
            return False
    return False


def _is_plural_noun(words: list[str], index: int) -> bool:
    following = words[index + 1] if index + 1 < len(words) else ""
    if following == "and":  # "(laughs and all)", but "(laughs and nods)"
        return words[index] in THIRD_PERSON and VERBS.isdisjoint(words[index + 2 :])
    return words[index] in THIRD_PERSON and following in words_of.NOT_AFTER


def _tells_manner(words: list[str]) -> bool:
    if all(word in words_of.MANNERS for word in words):
        return True
    if len(words) > 1 and all(word in words_of.SOUNDS for word in words):
        return True
    if words[0] in ("with", "in", "after") and (words[-1] in words_of.NOUNS or words[-1] in ("voice", "tone")):
        return len(words) <= _MAX_PHRASE_WORDS  # "(in a soft voice)"
    if words[0] in words_of.NOUNS and len(words) == 2 and words[1] in words_of.ADJECTIVES:  # noqa: PLR2004
        return True  # "(pausa larga)"
    if words[-1] in words_of.NOUNS and len(words) <= _MAX_NOUN_WORDS:
        return all(word in words_of.ADJECTIVES for word in words[:-1])
    return " ".join(words).startswith(words_of.PHRASES)


def _tells_scene(written: list[str], words: list[str]) -> bool:
    """True for a person, a part of the body or a thing that acts: "(Rex grins)", "(eyes widen)", "(phone rings)"."""
    named = written[0][0].isupper() and words[0] not in STARTERS
    if len(words) > 1 and named and words[1] in VERBS:
        return True
    if words[0] in words_of.BODY and 1 < len(words) <= _MAX_BODY_WORDS:
        return words_of.FINITE.isdisjoint(words)
    scene = words[1:] if words[0] in ("the", "a") else words
    if not 1 < len(scene) <= _MAX_SCENE_WORDS or scene[0] not in words_of.SCENERY:
        return False
    return scene[1] in words_of.SCENE_VERBS or scene[1].endswith("ing")


def _has_form_of_action(words: list[str]) -> bool:
    first = words[0]
    if len(words) == 1 or first in words_of.NO_VERBS or len(first) < _MIN_VERB_CHARS:
        return False
    is_form = first.endswith("ing") or (first.endswith("s") and not first.endswith("ss"))
    return is_form and (
        words[1] in words_of.PARTICLES or (words[1].endswith("ly") and words[1] not in words_of.NO_ADVERBS)
    )


def _is_noise(span: str, words: list[str]) -> bool:
    """True for "[door creaks]" and "[MUSIC PLAYING]", but not for "[your name]" and "[yes/no]"."""
    if (
        not 1 < len(words) <= _MAX_SCENE_WORDS
        or "/" in span
        or words[0] in words_of.NO_SOUNDS
        or not (span[0].islower() or span.isupper())
    ):
        return False
    return words[1].endswith(("s", "ing")) or words[-1].endswith(("s", "ing"))

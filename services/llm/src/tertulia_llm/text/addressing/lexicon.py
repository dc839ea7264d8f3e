"""The words by which a remark shows whom it addresses, per language. Pure.

All words are compared folded, and split at apostrophes and hyphens: "dis-moi" is the phrase "dis moi".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final, cast

from tertulia_shared.names import fold, words_of

Phrase = tuple[str, ...]
NAME: Final = "X"
"""Stands for the names of characters in the patterns."""
ALL: Final = "E"
"""Stands for a word like "everyone" in the patterns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """The words of one language, or of several."""

    openers: frozenset[Phrase]
    """May stand beside a name in the same clause: greetings, interjections, polite words."""
    remarks: frozenset[Phrase]
    """Openers that only react ("thanks", "okay"): if another character is addressed afterwards, they ask nothing."""
    conjunctions: frozenset[str]
    """Join names: "and"."""
    first: frozenset[str]
    """First person pronouns in the nominative. A name before one is not its subject."""
    second: frozenset[str]
    """Second person singular: pronouns and possessives."""
    plural: frozenset[str]
    """Second person plural: words and verb forms that address the whole table."""
    polite: frozenset[str]
    """Pronouns of other persons that may also address one character: "vous"."""
    questions: frozenset[str]
    auxiliaries: frozenset[str]
    """Verbs that address only together with a pronoun ("can you"). A name after one is its subject."""
    verbs: frozenset[str]
    """Second person verb forms, and imperatives that have no other meaning."""
    imperatives: frozenset[str]
    """Further imperatives. They count only after a name at the start, or at the start before a name at the end."""
    clitics: frozenset[str]
    """Short words that may stand between a name and a verb: "mi" in "Rex, mi racconti"."""
    before: frozenset[str]
    """Words after which a name is a part of the sentence: prepositions, articles, transitive verbs."""
    determiners: frozenset[str]
    ends: frozenset[str]
    """Words that often end a sentence: a name after one is an address, also without a comma."""
    intransitive: frozenset[str]
    """Verbs that need no object: a name after one is an address."""
    except_before: frozenset[Phrase]
    """Exclude the name that follows: "except"."""
    except_after: frozenset[Phrase]
    """Exclude the name that they follow."""
    not_you: frozenset[Phrase]
    everyone: frozenset[Phrase]
    """Address all characters, if they stand where a name would be an address."""
    short_everyone: frozenset[Phrase]
    """Like `everyone`, but only if they stand alone or beside a greeting: "all"."""
    you_all: frozenset[Phrase]
    """Address all characters anywhere."""
    you_two: frozenset[Phrase]
    the_two: frozenset[Phrase]
    """Phrases such as "both". They mean the same as `you_two` if they stand where a name would be an address, or with a
    plural verb.
    """
    others: frozenset[Phrase]
    """Address all characters but the last speaker, where a name would be an address: "the others"."""
    one_of_you: frozenset[Phrase]
    feedback: frozenset[str]
    """A remark of only `feedback` and `fillers` refers to the last reply."""
    fillers: frozenset[str]
    second_verb: tuple[str, ...]
    """Patterns of second person singular verbs. Like the fields below, it has one pattern for each language."""
    plural_verb: tuple[str, ...]
    asks_named: tuple[str, ...]
    """Patterns of sentences that ask the named character without addressing it: "what does X think"."""
    asks_all: tuple[str, ...]
    """The same for all characters: "what does E think". Every match has an E."""
    discussion: tuple[str, ...]
    """Patterns of requests to talk with each other."""

    def is_second_verb(self, word: str) -> bool:
        """True for a verb of the second person singular."""
        return word in self.verbs or matches(self.second_verb, word, whole=True)

    def is_second(self, word: str) -> bool:
        """True for a word that shows that somebody is addressed."""
        return word in self.second or self.is_second_verb(word)

    def is_plural(self, word: str) -> bool:
        """True for a word that shows that several are addressed."""
        return word in self.plural or matches(self.plural_verb, word, whole=True)

    def vocabulary(self) -> frozenset[str]:
        """All words, to recognize the language of a remark."""
        known: set[str] = set()
        for each in fields(self):
            if each.name in _WORDS:
                known.update(cast("frozenset[str]", getattr(self, each.name)))
            elif each.name not in _PATTERNS:
                known.update(word for phrase in cast("frozenset[Phrase]", getattr(self, each.name)) for word in phrase)
        return frozenset(known)


_WORDS: Final = frozenset(
    "conjunctions first second plural polite questions auxiliaries verbs imperatives clitics before determiners ends "
    "intransitive feedback fillers".split()
)
_PATTERNS: Final = frozenset("second_verb plural_verb asks_named asks_all discussion".split())


def lexicon(**texts: str) -> Lexicon:
    """Make a lexicon from texts: words separated by spaces, phrases by commas, patterns by line ends.

    A long pattern may continue on lines that are indented further.
    """
    values: dict[str, frozenset[str] | frozenset[Phrase] | tuple[str, ...]] = {}
    for each in fields(Lexicon):
        text = texts.pop(each.name, "")
        if each.name in _WORDS:
            values[each.name] = frozenset(part for word in text.split() for part in parts(word))
        elif each.name in _PATTERNS:
            joined = "|".join(f"(?:{_folded_pattern(line)})" for line in _lines(text))
            values[each.name] = (joined,) if joined else ()
        else:
            values[each.name] = frozenset(phrase for raw in text.split(",") if (phrase := parts(raw)))
    if texts:
        raise TypeError(f"a lexicon has no {', '.join(texts)}")
    return Lexicon(**values)  # pyright: ignore[reportArgumentType] - the kinds are those of the fields


def _lines(text: str) -> list[str]:
    """The lines of a text. A line that is indented further than the first one continues the line before."""
    lines: list[str] = []
    raw = [line for line in text.splitlines() if line.strip()]
    for line in raw:
        if _indent(line) > _indent(raw[0]):
            lines[-1] += line.strip()
        else:
            lines.append(line.strip())
    return lines


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _folded_pattern(pattern: str) -> str:
    """A pattern with folded words; the marks `NAME` and `ALL` stay."""
    return re.sub(r"[^\W\d_XE]+", lambda found: fold(found.group()), pattern)


def united(lexicons: Iterable[Lexicon]) -> Lexicon:
    """The words of several languages."""
    each = tuple(lexicons)
    values: dict[str, frozenset[str] | tuple[str, ...]] = {}
    for field in fields(Lexicon):
        parts_of_field = [getattr(one, field.name) for one in each]
        values[field.name] = (
            tuple(pattern for one in parts_of_field for pattern in one)
            if field.name in _PATTERNS
            else frozenset().union(*parts_of_field)
        )
    return Lexicon(**values)  # pyright: ignore[reportArgumentType] - the kinds are those of the fields


def parts(text: str) -> Phrase:
    """The folded parts of the words of a text."""
    return tuple(part for word in words_of(text) for part in word.parts)


def matches(patterns: tuple[str, ...], text: str, *, whole: bool = False) -> bool:
    """True if one of the patterns is found in the text, or is the whole text."""
    return any(
        (compiled.fullmatch(text) if whole else compiled.search(text)) is not None
        for compiled in map(_compiled, patterns)
    )


def span_of(patterns: tuple[str, ...], text: str) -> tuple[int, int] | None:
    """The span of the first match, by the first pattern that matches; None if none does."""
    return next((found.span() for compiled in map(_compiled, patterns) if (found := compiled.search(text))), None)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)

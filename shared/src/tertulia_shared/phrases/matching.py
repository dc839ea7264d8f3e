"""Divides a text into known phrases. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tertulia_shared.phrases.tokens import is_spaceless, tokens_of

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """Whether the whole text, or only its beginning, is made of known phrases with at least one key phrase."""

    is_whole: bool
    is_beginning: bool


@dataclass(frozen=True, slots=True)
class NamePhrases:
    """Names, and the single words of names, as phrases. `first`: their first tokens."""

    phrases: frozenset[Tokens]
    longest: int
    first: frozenset[str]


NO_NAMES = NamePhrases(frozenset(), 0, frozenset())


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """The phrases of one language. A text matches if it consists of such phrases only.

    `key`: at least one of these must occur. `around`: these may stand before, between and after. `particles`: words
    that may stand anywhere, also inside a phrase. A key phrase that has a particle itself needs it: German "schon gut"
    asks to be quiet, "gut" does not.
    """

    key: frozenset[Tokens]
    around: frozenset[Tokens]
    particles: frozenset[str]
    longest: int
    first: frozenset[str]
    """The tokens with which a phrase can begin: no other one has to be looked at."""

    @classmethod
    def of(cls, key: Iterable[str], around: Iterable[str] = (), particles: Iterable[str] = ()) -> PhraseBook:
        """Build a book from phrases as people write them."""
        anywhere = frozenset(token for word in particles for token in tokens_of(word))
        keys = frozenset(map(tokens_of, key)) - {()}
        others = frozenset(_without(anywhere, tokens_of(phrase)) for phrase in around) - {()}
        first = anywhere | {phrase[0] for phrase in keys | others}
        return cls(keys, others, anywhere, max(map(len, keys | others), default=0), first)

    def match(self, tokens: Sequence[str], names: NamePhrases = NO_NAMES) -> Match:
        """Divide the text into phrases of this book and names."""
        longest = max(self.longest, names.longest)
        reached, keyed = (
            {0},
            set[int](),
        )  # reachable indexes; those reached with a key phrase
        for start in range(len(tokens)):
            if start not in reached or not (tokens[start] in self.first or tokens[start] in names.first):
                continue
            plain: Tokens = ()  # the tokens from `start` without particles
            for end in range(start + 1, len(tokens) + 1):
                if tokens[end - 1] not in self.particles:
                    plain = (*plain, tokens[end - 1])
                if len(plain) > longest:
                    break
                if plain in self.key or tuple(tokens[start:end]) in self.key:
                    reached.add(end)
                    keyed.add(end)
                elif not plain or plain in self.around or plain in names.phrases:
                    reached.add(end)
                    if start in keyed:
                        keyed.add(end)
        return Match(is_whole=len(tokens) in keyed, is_beginning=bool(keyed))


def match_any(books: Iterable[PhraseBook], tokens: Sequence[str], names: NamePhrases = NO_NAMES) -> Match:
    """Match with each book: all phrases of a text are of the same language."""
    matches = [book.match(tokens, names) for book in books]
    return Match(any(match.is_whole for match in matches), any(match.is_beginning for match in matches))


@lru_cache(maxsize=256)
def name_phrases(names: tuple[str, ...]) -> NamePhrases:
    """The phrases of these names."""
    whole = {tokens_of(name) for name in names} - {()}
    words = {(token,) for name in whole for token in name if not is_spaceless(token)}
    phrases = frozenset(whole | words)
    return NamePhrases(phrases, max(map(len, whole), default=0), frozenset(phrase[0] for phrase in phrases))


def _without(particles: frozenset[str], tokens: Tokens) -> Tokens:
    return tuple(token for token in tokens if token not in particles)

"""The forms of a name that may stand before a line of dialogue. Pure.

"Dr. José Álvarez" is also "José Álvarez", "Dr. Álvarez", "Dr Álvarez", "J. Álvarez", "José", and "Álvarez". All names
here are folded (see `FoldedText`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final

from tertulia_shared.names.folding import ARTICLES, TITLES, can_stand_alone

_MAX_FREE_PARTS: Final = 5
"""In a name with more parts, only neighbouring parts are combined."""
_REMARK: Final = re.compile(r"[(\[{][^)\]}]*[)\]}]")
_MIDDLE_DOT: Final = "・"


@dataclass(frozen=True, slots=True)
class NameForms:
    """All forms of one name."""

    whole: frozenset[str]
    """The whole name, also without its article, full stops, hyphens, or bracketed remark."""
    strong: frozenset[str]
    """Forms that are a label anywhere: those with the first name, with a title, or with several parts of the name."""
    weak: frozenset[str]
    """Single parts that may be common words ("Love" of "Courtney Love")."""


@lru_cache(maxsize=256)
def name_forms(name: str) -> NameForms:
    """Return the forms of a folded name without surrounding spaces."""
    bare = " ".join(_REMARK.sub(" ", name).split()) or name
    whole = {spelling for each in (name, bare) for spelling in _spellings(each)}
    for each in (name, bare):
        article, _, rest = each.partition(" ")
        if article in ARTICLES and rest:
            whole.update(_spellings(rest))
    separator = _MIDDLE_DOT if _MIDDLE_DOT in bare else " "
    strong: set[str] = set()
    weak: set[str] = set()
    for form, is_strong in _selections([part.strip(",") for part in bare.split(separator)]):
        (strong if is_strong else weak).update(_spellings(separator.join(form)))
    return NameForms(frozenset(whole), frozenset(strong), frozenset(weak))


def _spellings(name: str) -> Iterator[str]:
    """The name as written, without full stops and commas, and without hyphens."""
    unpunctuated = " ".join(name.replace(".", " ").replace(",", " ").split())
    for each in (name, unpunctuated):
        if each:
            yield each
            yield each.replace("-", " ")


def _selections(parts: Sequence[str]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The forms made of some parts of a name, in their order, and whether each is strong."""
    words = [part.strip(".") for part in parts]
    stands = [can_stand_alone(word) for word in words]
    first = next((at for at, word in enumerate(words) if word not in TITLES and word not in ARTICLES), len(parts))
    last = len(parts) - 1
    for chosen in _indexes(len(parts)):
        standing = [at for at in chosen if stands[at]]
        if not standing or (chosen[-1] != last and not stands[chosen[-1]]):
            continue
        is_strong = first in chosen or words[chosen[0]] in TITLES or len(standing) > 1
        yield tuple(parts[at] for at in chosen), is_strong
        if standing[-1] != standing[0]:
            given = standing[:-1]
            yield tuple(f"{parts[at][0]}." if at in given else parts[at] for at in chosen), is_strong


def _indexes(count: int) -> Iterator[tuple[int, ...]]:
    if count <= _MAX_FREE_PARTS:
        for size in range(1, count + 1):
            yield from combinations(range(count), size)
        return
    for start, end in combinations(range(count + 1), 2):
        yield tuple(range(start, end))

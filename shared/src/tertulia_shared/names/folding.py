"""Folds text for comparison, and knows which parts of a name can be used alone. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_HYPHENS: Final = re.compile(r"[\u2010\u2011-]")
_KANA_VOICING: Final = "\u3099\u309a"
ARTICLES: Final = frozenset("the a an el la los las le les der die das il lo o os as de het".split())
_PARTICLES: Final = """
the a an of and or in on at to for by with from my our your his her their its this that
de del de la las los el le les l d du da do dos das di della van von der den dem des ten ter zu zum y e i und et
bin ibn al ben san
old big little great young sr jr ii iii iv
"""
TITLES: Final = frozenset(
    """
    m mr mrs ms mx miss mlle mademoiselle hr fr frl sra srta rev lt sgt maj cmdr dott dr doctor prof professor sir
    lady lord dame captain capt king queen prince princess saint st father mother sister brother uncle aunt signor
    signora senor senora don dona herr frau monsieur madame mme
    """.split()
)
_NEVER_ALONE: Final = frozenset(_PARTICLES.split()) | TITLES
"""Parts of a name that cannot be used alone: articles, particles, titles."""
_BASE_LETTERS: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)
"""Letters with a stroke and ligatures, which Unicode does not decompose."""


def fold(text: str) -> str:
    """Return `text` in a form for comparison: case-folded, without accents, with plain apostrophes and hyphens."""
    if text.isascii():
        return text.lower().replace("`", "'")
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(
        char for char in decomposed if unicodedata.category(char) != "Mn" or char in _KANA_VOICING or _keeps(char)
    )
    folded = unicodedata.normalize("NFC", bare.casefold()).translate(_BASE_LETTERS)
    return _HYPHENS.sub("-", folded.replace("\u2019", "'").replace("\u02bc", "'").replace("`", "'"))


@lru_cache(maxsize=8192)
def fold_word(word: str) -> str:
    """`fold`, cached: the words of a conversation repeat."""
    return fold(word)


def can_stand_alone(part: str) -> bool:
    """True if this part of a folded name can be used alone."""
    return len(part) > 1 and not part.isdigit() and part not in _NEVER_ALONE


def _keeps(mark: str) -> bool:
    """True for a mark that must stay: in Indic and South-East Asian scripts, marks are vowels, not accents."""
    return "\u0900" <= mark <= "\u17ff"

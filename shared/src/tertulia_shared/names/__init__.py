"""Finds the names of characters in a text, typed or recognized from speech. Pure.

A `NameFinder` is made once for the names of a conversation. It finds each place where a text has a name, also in the
spellings of recognizers ("Jean Luc", "Lukasz"), with endings of other cases ("Рекса", "Luno"), and by its sound.
Whether a character that is found is addressed is decided elsewhere.
"""

from tertulia_shared.names.finder import NameFinder
from tertulia_shared.names.folding import fold
from tertulia_shared.names.mention import Case, Mention
from tertulia_shared.names.tokens import Word, normalized, words_of

__all__ = ["Case", "Mention", "NameFinder", "Word", "fold", "normalized", "words_of"]

"""The lexicons of the languages that are written with spaces."""

from typing import Final

from tertulia_llm.text.addressing.lexicon import Lexicon
from tertulia_llm.text.addressing.lexicons.de import GERMAN
from tertulia_llm.text.addressing.lexicons.en import ENGLISH
from tertulia_llm.text.addressing.lexicons.es import SPANISH
from tertulia_llm.text.addressing.lexicons.fr import FRENCH
from tertulia_llm.text.addressing.lexicons.it import ITALIAN
from tertulia_llm.text.addressing.lexicons.nl import DUTCH
from tertulia_llm.text.addressing.lexicons.pl import POLISH
from tertulia_llm.text.addressing.lexicons.pt import PORTUGUESE
from tertulia_llm.text.addressing.lexicons.ru import RUSSIAN
from tertulia_llm.text.addressing.lexicons.tr import TURKISH

LEXICONS: Final[dict[str, Lexicon]] = {
    "de": GERMAN,
    "en": ENGLISH,
    "es": SPANISH,
    "fr": FRENCH,
    "it": ITALIAN,
    "nl": DUTCH,
    "pl": POLISH,
    "pt": PORTUGUESE,
    "ru": RUSSIAN,
    "tr": TURKISH,
}

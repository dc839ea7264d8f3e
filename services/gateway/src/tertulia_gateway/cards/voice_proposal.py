"""Proposes a voice for a character card: one in the card's language, of the gender that its words name. Pure.

The proposal is a guess from common words, which the user can change before and after the import.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tertulia_shared.cards.card import Card

Gender: TypeAlias = Literal["woman", "man", ""]

MAX_CHARS: Final = 6_000
"""Characters of the card that are examined."""
_SHORT_CHARS: Final = 100
"""If the card's speech is shorter, its description is examined, too."""
_ENOUGH: Final = 3
"""A language needs this many of its common words, otherwise English is assumed."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_SCRIPTS: Final = (
    ("ja", re.compile("[\u3040-\u30ff]{2}")),
    ("ko", re.compile("[\uac00-\ud7a3]{2}")),
    ("zh", re.compile("[\u3400-\u9fff]{2}")),
    ("ru", re.compile("[\u0400-\u04ff]{3}")),
    ("hi", re.compile("[\u0900-\u097f]{3}")),
    ("ar", re.compile("[\u0600-\u06ff]{3}")),
    ("el", re.compile("[\u0370-\u03ff]{3}")),
)
_COMMON: Final = {
    "en": "the and you is of to that it was for are with have this not but",
    "de": "der die das und ist nicht ich du es ein eine mit auf für von den dem zu sich auch",
    "es": "el los las que y es una un por con para del no se está pero como muy",
    "fr": "le les des et est une un que pas je tu il vous nous dans pour avec sur mais",
    "it": "il gli che è di un una per con non sono del della ma come più",
    "pt": "os as que é um uma não com para do da em por mas como mais você",
    "nl": "de het een en is van niet ik je dat met op voor zijn maar ook",
    "pl": "i w nie to jest się na z że do jak ale co tak",
    "tr": "bir ve bu ne için çok ben sen de da var ama gibi",
}
_WOMAN: Final = frozenset(
    (
        "she her hers herself female woman girl lady mother sister daughter queen princess goddess witch maid "
        "waitress wife girlfriend actress frau mädchen ihre mutter schwester tochter königin prinzessin göttin hexe "
        "weiblich freundin ella mujer chica madre hermana hija reina princesa femenino femenina novia elle femme "
        "fille mère sœur fille reine lei donna ragazza sorella regina ela mulher menina moça vrouw meisje zij kobieta "
        "dziewczyna ona она женщина девушка kadın kız"
    ).split()
)
_MAN: Final = frozenset(
    (
        "he him his himself male man boy guy gentleman father brother son king prince god wizard butler husband "
        "boyfriend actor mann junge vater bruder sohn könig prinz männlich freund seine er él hombre chico padre "
        "hermano hijo rey príncipe masculino novio homme garçon père frère fils roi lui uomo ragazzo fratello ele "
        "homem menino moço jongen hij mężczyzna chłopak он мужчина парень erkek adam"
    ).split()
)
_OF_VOICE: Final = {"woman": ("woman", "female", "girl"), "man": ("man", "male", "boy")}


@dataclass(frozen=True, slots=True)
class KnownVoice:
    """What the proposal needs of a voice."""

    id: str
    language: str
    description: str
    available: bool


def proposed_voice(card: Card, voices: Sequence[KnownVoice], taken: Collection[str]) -> str:
    """The id of the voice that fits best; "" if there are no voices. `taken`: the voices of active characters.

    A voice that is running comes before one that fits; then language, gender, and a voice that nobody has.
    """
    language, gender = language_of(card), gender_of(card)
    own = card.extension.get("voice") if card.extension else None

    def rank(voice: KnownVoice) -> tuple[bool, bool, bool, bool, bool]:
        return (
            voice.available,
            voice.id == own,
            voice.language.partition("-")[0].lower() in (language, "und"),
            bool(gender) and gender_of_voice(voice.description) == gender,
            voice.id not in taken,
        )

    return max(voices, key=rank).id if voices else ""


def language_of(card: Card) -> str:
    """The language in which the character talks: a two-letter tag. Its greeting says it best."""
    spoken = f"{card.first_mes} {card.mes_example}"
    if len(spoken) < _SHORT_CHARS:
        spoken = f"{spoken} {card.description} {card.personality}"
    return language_in(spoken) or "en"


def language_in(text: str) -> str:
    """The language of the first `MAX_CHARS` of a text: a two-letter tag; "" if it cannot be told."""
    text = text[:MAX_CHARS]
    for language, script in _SCRIPTS:
        if len(script.findall(text)) * 8 >= len(_WORD.findall(text)) > 0:
            return language
    words = Counter(word.casefold() for word in _WORD.findall(text))
    counts = {language: sum(words[word] for word in common.split()) for language, common in _COMMON.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= _ENOUGH else ""


def gender_of(card: Card) -> Gender:
    """The gender that the card's tags name, or else most of the words in its description; "" if they say neither."""
    tags = {word.casefold() for tag in card.tags for word in _WORD.findall(tag)}
    if bool(tags & _WOMAN) != bool(tags & _MAN):
        return "woman" if tags & _WOMAN else "man"
    text = f"{card.description} {card.personality} {card.first_mes}"[:MAX_CHARS]
    words = Counter(word.casefold() for word in _WORD.findall(text))
    women, men = sum(words[word] for word in _WOMAN), sum(words[word] for word in _MAN)
    if women == men:
        return ""
    return "woman" if women > men else "man"


def gender_of_voice(description: str) -> Gender:
    """The gender in a voice's description, such as "American woman, bright"; "" if it names none."""
    words = {word.casefold() for word in _WORD.findall(description)}
    for gender, names in _OF_VOICE.items():
        if words & set(names):
            return "woman" if gender == "woman" else "man"
    return ""

"""Decides in which language the numbers of a reply are read, from its voice and its text.

If a voice speaks only one language, that language is used. For any other voice (a cloned voice of a multilingual model,
or a voice whose language is unknown), the text decides as soon as its script or its most common words show the
language. Until then the language of the last messages is used, then the voice's language, or English if it is
unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_MAX_CHARS: Final = 400
"""Maximum length of the text that is examined: a reply rarely changes its language."""
_MIN_WORDS: Final = 2
"""A language is recognized if the text has at least this many of its common words, and this many more than of any
other.
"""
_WORD: Final = re.compile(r"[^\W\d_]+")
_KANA: Final = re.compile(r"[\u3040-\u30ff]")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_SPANISH_MARK: Final = re.compile("[¿¡]")
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]{2}")
_OTHER_SCRIPT: Final = re.compile(r"[\u0370-\u03ff\u0530-\u1fff\uac00-\ud7a3]{2}")
_OTHER: Final = "zxx"
"""The tag for a script without a lexicon ("zxx" means: no linguistic content)."""

_COMMON: Final = {
    "en": "the and you is of to that it in was for are with have this not but what my we they be your do",
    "de": "der die das und ist nicht ich du es ein eine mit auf für von den dem zu sich auch wir sie war aber wie im "
    "das dass hat habe kostet bin sind kann "
    "nur noch ja nein heute wird wenn oder bei hier",
    "es": "el los las que y es una un por con para del lo no se está pero como muy más yo te mi hay ser al su cuesta "
    "tengo tiene "
    "son eso esta hola gracias bien también",
    "fr": "le les des et est une un que pas je tu il vous nous dans pour avec sur mais ce cette au du suis elle ça "
    "ai coûte sont oui "
    "bonjour merci très aussi",
    "it": "il gli che è di un una per con non sono del della ma come più mi ti lo anche questo ho hai si nel costa "
    "sono alle ciao grazie molto",
    "pt": "o os as que é um uma não com para do da em por mas como mais eu você está se no na são foi custa tenho isso "
    "obrigado muito também das dos às",
    "nl": "de het een en is van niet ik je dat met op voor zijn maar ook aan er te wij ze heb wat naar bij kost "
    "heeft wel geen dit hij "
    "nog",
    "pl": "i w nie to jest się na z że do jak ale co tak ja ty mnie mi są był już za od po kosztuje mam masz tylko "
    "jeszcze tego dla",
    "ru": "и в не на что я это он с как но ты мы все так",
    "tr": "bir ve bu ne için çok ben sen de da var mı ama gibi daha o değil mi kadar şey olarak ile yok evet hayır "
    "saat tane",
}
_CLEAR: Final = frozenset(
    "das nicht ist und auf für auch wir ich habe kostet nur noch heute wird oder sich muy cuesta tengo tiene hola "
    "gracias "
    "también está vous nous dans avec coûte bonjour merci très aussi cette ça della anche questo grazie gli você não "
    "uma "
    "obrigado isso custa também são het niet heeft naar ook jest się kosztuje tylko jeszcze nie bir çok için hayır "
    "evet "
    "değil şey ama the and you it that have this what they your".split()
)
"""Words that show their language alone: hardly any text in another language has them."""
_LANGUAGES_OF: Final = {
    word: tuple(code for code, words in _COMMON.items() if word in words.split())
    for words in _COMMON.values()
    for word in words.split()
}


@dataclass(frozen=True, slots=True)
class VoiceLanguage:
    """The language of a voice. `tag`: a BCP 47 tag, "" or "und" if unknown. `only`: True if the voice speaks no other
    language.
    """

    tag: str = ""
    only: bool = False


class ReplyLanguage:
    """The language of one reply. Each added sentence may change it."""

    __slots__ = ("_examined", "_found", "_text", "_voice")

    def __init__(self, voice: VoiceLanguage) -> None:
        self._voice = voice
        self._text = ""
        self._examined = 0
        self._found = ""

    def add(self, sentence: str) -> None:
        """Add the reply's next sentence."""
        if len(self._text) < _MAX_CHARS:
            self._text += f"{sentence} "

    @property
    def tag(self) -> str:
        """The language in which to read numbers; "" if it is unknown."""
        if self._voice.only and self._voice.tag not in ("", "und"):
            return self._voice.tag
        if self._examined < len(self._text):
            self._examined = len(self._text)
            self._found = language_of(self._text)
        if not self._found or self._voice.tag.partition("-")[0].lower() == self._found:
            return self._voice.tag
        return self._found


def language_of(text: str) -> str:
    """The language that the text shows; "" if the text shows none clearly."""
    script = "" if text.isascii() else _language_of_script(text)
    return script or _language_of_words(text)


def _language_of_script(text: str) -> str:
    scripts = ((_KANA, "ja"), (_HAN, "zh"), (_CYRILLIC, "ru"), (_OTHER_SCRIPT, _OTHER))
    return next((language for script, language in scripts if script.search(text)), "")


def _language_of_words(text: str) -> str:
    common = [word for word in _WORD.findall(text[:_MAX_CHARS].lower()) if word in _LANGUAGES_OF]
    counts = Counter(code for word in common for code in _LANGUAGES_OF[word])
    if _SPANISH_MARK.search(text) and "en" not in counts:
        return "es"
    if not counts:
        return ""
    ranked = counts.most_common(2)
    language, hits = ranked[0]
    if hits < _MIN_WORDS:
        return language if len(ranked) == 1 and not _CLEAR.isdisjoint(common) else ""
    lead = hits - (ranked[1][1] if len(ranked) > 1 else 0)
    return language if lead >= min(_MIN_WORDS, hits - 1) else ""


def in_conversation(voice: VoiceLanguage, recent: Iterable[str]) -> VoiceLanguage:
    """The voice's language, or that of the recent messages (the newest first) if the voice speaks several."""
    if voice.only and voice.tag not in ("", "und"):
        return voice
    for text in recent:
        found = language_of(text)
        if found:
            return voice if voice.tag.partition("-")[0].lower() == found else VoiceLanguage(found)
    return voice

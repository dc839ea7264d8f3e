"""A question and a reply in each language, for `test_spoken_languages`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SpokenLanguage:
    """One language. `asker`: the voice that asks. `name`, `voice`: the character that is asked, and its voice.

    Each reply has three sentences, and a full stop that ends none. `reply_heard` is the reply with words instead of
    abbreviations.
    """

    code: str
    asker: str
    name: str
    voice: str
    question: str
    reply: str
    reply_heard: str


LANGUAGES: Final = (
    SpokenLanguage(
        "en", "bm_fable", "Emma", "ada",
        "Emma, how do you find the North Star in the sky at night?",
        "That is easy. Mr. Brown looks for the Great Bear first. Can you see it too?",
        "That is easy. Mr. Brown looks for the Great Bear first. Can you see it too?",
    ),
    SpokenLanguage(
        "de", "emil", "Greta", "greta",
        "Hallo Greta, wie findet man nachts den Polarstern am Himmel?",
        "Das ist nicht schwer. Dr. Weber sucht zuerst den großen Wagen. Willst du ihn auch sehen?",
        "Das ist nicht schwer. Doktor Weber sucht zuerst den großen Wagen. Willst du ihn auch sehen?",
    ),
    SpokenLanguage(
        "es", "em_alex", "Lucía", "lucia",
        "Hola, Lucía, ¿cómo se encuentra la estrella polar por la noche?",
        "¡Es muy fácil! El Sr. García busca primero la Osa Mayor. ¿La ves tú también?",
        "¡Es muy fácil! El señor García busca primero la Osa Mayor. ¿La ves tú también?",
    ),
    SpokenLanguage(
        "fr", "amelie", "Amélie", "amelie",
        "Bonjour Amélie, que penses-tu du temps qu'il fait aujourd'hui ?",
        "Il fait très beau ! M. Dupont travaille dans son jardin. Tu veux sortir avec moi ?",
        "Il fait très beau ! Monsieur Dupont travaille dans son jardin. Tu veux sortir avec moi ?",
    ),
    SpokenLanguage(
        "it", "im_nicola", "Chiara", "if_sara",
        "Senti, Chiara, come si trova la stella polare di notte?",
        "È molto facile! Il sig. Rossi cerca prima l'Orsa Maggiore. La vedi anche tu?",
        "È molto facile! Il signor Rossi cerca prima l'Orsa Maggiore. La vedi anche tu?",
    ),
    SpokenLanguage(
        "pt", "pm_alex", "Helena", "pf_dora",
        "Helena, como se encontra a estrela polar no céu à noite?",
        "É muito fácil! O Sr. Silva procura primeiro a Ursa Maior. Você também consegue ver?",
        "É muito fácil! O senhor Silva procura primeiro a Ursa Maior. Você também consegue ver?",
    ),
    SpokenLanguage(
        "hi", "hm_omega", "Meera", "hf_alpha",
        "मीरा, रात के आकाश में ध्रुव तारा कैसे मिलता है?",
        "यह बहुत आसान है। डॉ. शर्मा पहले उत्तर की ओर देखते हैं। क्या तुम भी देख रहे हो?",
        "यह बहुत आसान है। डॉक्टर शर्मा पहले उत्तर की ओर देखते हैं। क्या तुम भी देख रहे हो?",
    ),
)  # fmt: skip

"""The alphabet of Kokoro-82M: the signs for which the model has a token, and espeak-ng's phonemes in these signs.

The model was trained on the phonemes of the library misaki. They are IPA, with one capital letter for each English
diphthong and one sign for each affricate. The numbers of the tokens are those in the model's `config.json`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

MAX_TOKENS: Final = 510
"""The most tokens that the model takes at once, without the two that mark the ends."""

TIE: Final = "^"
"""The sign between the parts of an affricate or a diphthong, as `phonemes` asks espeak-ng for it."""

_NUMBERED: Final = (
    (1, ";:,.!?"), (9, '—…"()“” \u0303ʣʥʦʨᵝ\uab67AI'), (31, "O"), (33, "Q"), (35, "ST"), (39, "W"), (41, "Yᵊabcdef"),
    (50, "hijklmnopqrstuvwxyzɑɐɒæ"), (75, "βɔɕç"), (80, "ɖðʤə"), (85, "ɚɛɜ"), (90, "ɟ"), (92, "ɡ"), (99, "ɥ"),
    (101, "ɨɪʝ"), (110, "ɯɰŋɳɲɴø"), (118, "ɸθœ"), (123, "ɹ"), (125, "ɾɻ"), (128, "ʁɽʂʃʈʧ"), (135, "ʊʋ"), (138, "ʌɣɤ"),
    (142, "χʎ"), (147, "ʒʔ"), (156, "ˈˌː"), (162, "ʰ"), (164, "ʲ"), (169, "↓"), (171, "→↗↘"), (177, "ᵻ"),
)  # fmt: skip
"""Runs of signs, each with the number of its first token."""

TOKENS: Final[Mapping[str, int]] = {
    sign: first + index for first, signs in _NUMBERED for index, sign in enumerate(signs)
}

_DIPHTHONGS: Final = {"a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "ɔ^ɪ": "Y"}
_AFFRICATES: Final = {"d^ʒ": "ʤ", "t^ʃ": "ʧ"}
_ENGLISH: Final = {
    **_DIPHTHONGS,
    **_AFFRICATES,
    "ʔˌn\u0329": "tᵊn", "ʔn\u0329": "tᵊn", "ʔn": "tᵊn", "ʔ": "t",  # a glottal stop: "button", "fountain"
    "ə^l": "ᵊl", "ɚ": "əɹ", "r": "ɹ", "ɐ": "ə", "e": "A",
    "x": "k", "ç": "k", "ɬ": "l", "ʲ": "", "\u0303": "",  # sounds that only foreign names have
}  # fmt: skip
_AMERICAN: Final = {
    **_ENGLISH,
    "o^ʊ": "O", "ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə", "ɾ": "T", "ː": "", "o": "ɔ",
}  # fmt: skip
_BRITISH: Final = {**_ENGLISH, "e^ə": "ɛː", "iə": "ɪə", "ə^ʊ": "Q", "o": "ɔ"}
_OTHER: Final = {
    **_DIPHTHONGS,
    **_AFFRICATES,
    "o^ʊ": "O", "ə^ʊ": "Q", "d^z": "ʣ", "s^s": "S", "t^s": "ʦ", "-": "",
}  # fmt: skip
_GERMAN: Final = {
    **_OTHER,
    "ɔ^ø": "Y", "p^f": "pf", "ɾ": "r", "ɜ": "aɾ", "ə": "ɛ", "ʏ": "y", "œ": "ø",
}  # fmt: skip
"""The model has learned no German: these are the signs whose sounds a recognizer understands best as German ones."""

_RULES: Final = {"gmw/de": _GERMAN, "gmw/en-US": _AMERICAN, "gmw/en": _BRITISH}
_SYLLABIC: Final = re.compile("(\\S)\u0329")


def spelled(ipa: str, language: str) -> str:
    """espeak-ng's IPA of this language (with ties) in the model's alphabet. Signs without a token are dropped."""
    rules = _RULES.get(language, _OTHER)
    pattern = "|".join(map(re.escape, sorted(rules, key=len, reverse=True)))
    text = re.sub(pattern, lambda found: rules[found[0]], ipa)
    text = _SYLLABIC.sub("ᵊ\\1", text)
    return "".join(sign for sign in text if sign in TOKENS)


def tokens(phonemes: str) -> list[int]:
    """The tokens of a text in the model's alphabet."""
    return [TOKENS[sign] for sign in phonemes]


def within_limit(phonemes: str, limit: int = MAX_TOKENS) -> list[str]:
    """Split a text in the model's alphabet into parts of at most `limit` signs: after a punctuation mark if possible,
    else between words, else anywhere.
    """
    parts: list[str] = []
    rest = phonemes.strip()
    while len(rest) > limit:
        window = rest[:limit]
        marks = [found.end() for found in re.finditer(r"[;:,.!?—…](?= )", window)]
        space = window.rfind(" ")
        cut = marks[-1] if marks and marks[-1] >= limit // 4 else space if space > 0 else limit
        parts.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [*parts, rest] if rest else parts

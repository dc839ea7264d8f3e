"""Reads halves before a noun ("1/2 taza" is "media taza"), and numbers with a unit between digits ("1m80")."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tertulia_llm.text.verbalization import numerals
from tertulia_llm.text.verbalization.lexicon import Lexicon

_HALF: Final = re.compile(
    r"(?<![\w/.,:+*=×÷^-])(?:(?P<whole>\d{1,3})[ ]?)?(?:(?<!\d)1/2|½)(?![/\d²³])[ \u00a0]?(?P<noun>[^\W\d_]+)"
)
_HALVES: Final = {
    "es": ("medio ", "media ", "{n} y medio ", "{n} y media "),
    "it": ("mezzo ", "mezza ", "{n} e mezzo ", "{n} e mezza "),
    "pt": ("meio ", "meia ", "{n} e meio ", "{n} e meia "),
    "fr": ("un demi-", "une demi-", "{n} et demi ", "{n} et demie "),
    "de": ("ein halbes ", "eine halbe ", "{n}einhalb ", "{n}einhalb "),
}
"""By language: half of a masculine (German: neuter) and of a feminine noun, and after a whole number."""
_NOUNS: Final = {
    "fr": (
        """
        verre verres litre litres oignon oignons citron citrons kilo kilos poivron sachet concombre bol avocat pain jour
        """,
        """
        tasse tasses heure heures cuillère cuillères cuillerée cuillerées gousse journée livre bouteille botte baguette
        pomme douzaine tranche boîte banane orange carotte page portion finale
        """,
    ),
    "de": (
        "Glas Kilo Pfund Jahr Brot Dutzend Prozent Hähnchen Bund Kilogramm Gramm Stück",
        """
        Stunde Stunden Tasse Tassen Flasche Zwiebel Packung Portion Seite Zitrone Dose Gurke Paprika Banane Tüte Minute
        Minuten Million Tonne Tonnen
        """,
    ),
}
"""By language: the nouns whose gender is known. Spanish, Italian and Portuguese show it by their endings."""
_NO_NOUNS: Final = frozenset(
    "de del di da do y e o a en em in es é è para per por con com que che en su sua una uma".split()
)
_FEMININE_ENDINGS: Final = {"es": ("a", "as"), "it": ("a", "e"), "pt": ("a", "as", "ora", "ão")}
_MASCULINE: Final = frozenset(
    "día días mapa dia dias litri bicchieri bicchiere limone mese peperone melão limão pão".split()
)
_LINKS: Final = {"es": "de ", "fr": "de ", "it": "di ", "pt": "de "}
_METRES: Final = re.compile(r"(?<![\w.,])(\d{1,2})[ ]?m[ ]?(\d{2})(?!\w|[.,]\d)")


@cache
def _genders(language: str) -> tuple[frozenset[str], frozenset[str]]:
    masculine, feminine = _NOUNS[language]
    return frozenset(masculine.split()), frozenset(feminine.split())


def read_halves(text: str, lexicon: Lexicon) -> str:
    """Replace "1/2" and "½" before a noun by words in its gender; where the gender is unknown they stay."""
    if "/" in text or "½" in text or "¼" in text or "¾" in text:
        text = _fraction_of_unit(lexicon).sub(lambda found: _of_unit(found, lexicon), text)
    if lexicon.code in _HALVES and ("1/2" in text or "½" in text):
        text = _HALF.sub(lambda found: _half(found, lexicon), text)
    return text


def read_split_metres(text: str, lexicon: Lexicon) -> str:
    """Replace "1m80" by words."""

    def read(found: re.Match[str]) -> str:
        metres = numerals.counted(numerals.Number(int(found[1])), lexicon.units["m"], lexicon)
        return f"{metres} {numerals.cardinal(int(found[2]), lexicon)}"

    return _METRES.sub(read, text)


@cache
def _fraction_of_unit(lexicon: Lexicon) -> re.Pattern[str]:
    units = "|".join(re.escape(unit) for unit in sorted(lexicon.units, key=len, reverse=True) if unit.isalpha())
    return re.compile(
        rf"(?<![\w/.,:+*=×÷^-])(?P<whole>\d{{1,3}} ?)?(?<!\d)(?P<part>[½¼¾]|"
        rf"\d/\d)(?P<space>[ \u00a0]?)(?P<unit>{units})(?![\w/²³.])"
    )


def _of_unit(found: re.Match[str], lexicon: Lexicon) -> str:
    """A fraction, still in digits, of a unit in words. Halves are read with the unit in `_half`."""
    if lexicon.code in _HALVES and found["part"] in ("1/2", "½"):
        return found.group()
    is_many = bool(found["whole"]) and lexicon.numerals.cardinal
    unit = lexicon.units[found["unit"]]
    named = unit[min(1, len(unit) - 1)] if is_many or lexicon.code in ("ru", "pl") else unit[0]
    return f"{found['whole'] or ''}{found['part']} {_LINKS.get(lexicon.code, '') if not is_many else ''}{named}"


def _half(found: re.Match[str], lexicon: Lexicon) -> str:
    noun = found["noun"]
    if noun in _NO_NOUNS:
        return found.group()
    unit = lexicon.units.get(noun) if noun not in _NO_NOUNS else None
    said = noun if unit is None else unit[-1 if found["whole"] else 0]
    feminine = _is_feminine(said, lexicon.code)
    if feminine is None:
        return found.group()
    masculine_half, feminine_half, masculine_more, feminine_more = _HALVES[lexicon.code]
    if not found["whole"]:
        return f"{feminine_half if feminine else masculine_half}{said}"
    number = numerals.cardinal(int(found["whole"]), lexicon, feminine=feminine and lexicon.code != "de", noun=True)
    return f"{(feminine_more if feminine else masculine_more).format(n=number)}{said}"


def _is_feminine(noun: str, language: str) -> bool | None:
    if language in _NOUNS:
        masculine, feminine = _genders(language)
        return False if noun in masculine else True if noun in feminine else None
    return noun not in _MASCULINE and noun.endswith(_FEMININE_ENDINGS[language])

"""Ordinal numbers of Russian and Polish in the form that their ending or the noun after them shows."""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.text.verbalization import numerals
from tertulia_llm.text.verbalization.lexicon import Lexicon
from tertulia_llm.text.verbalization.roman import SMALL_ROMAN, roman_value

_RUSSIAN: Final = re.compile(r"(?<![\w.,-])(\d{1,4})-(ый|ий|ой|й|ая|я|ое|е|го|ого|му|ому|м|ом|ым|х|ых|ю|ую|ые)(?!\w)")
_HARD: Final = {
    "я": "ая", "ю": "ую", "о": "ого", "у": "ому", "м": "ом", "х": "ых",
}  # fmt: skip
_SOFT: Final = {"я": "ья", "ю": "ью", "о": "ьего", "у": "ьему", "м": "ьем", "х": "ьих"}
_CENTURY_HARD: Final = {"век": "", "века": "ого", "веке": "ом", "веку": "ому", "веком": "ым"}
_CENTURY_SOFT: Final = {"век": "", "века": "ьего", "веке": "ьем", "веку": "ьему", "веком": "ьим"}
_BEFORE_LOCATIVE: Final = re.compile(r"(?<!\w)(?:[WwOo]|[Ww]e|[Pp]o)(?:[ ]\w+)? $")
_POLISH_WAR: Final = {"wojna": "a", "wojny": "ej", "wojnie": "ej", "wojnę": "ą", "wojną": "ą"}
_POLISH_RULER_MALE: Final = (
    "Jan Paweł|Zygmunt|Władysław|Kazimierz|Stanisław|August|Jan|Paweł|Karol|Mikołaj|Aleksander|Henryk|Ludwik|Fryderyk|"
    "Bolesław|Mieszko|Benedykt|Pius|Napoleon|Piotr|Filip|Jerzy|Edward|Wilhelm|Franciszek|Ramzes"
)
_POLISH_RULER_MALE_GENITIVE: Final = (
    "Jana Pawła|Zygmunta|Władysława|Kazimierza|Stanisława|Augusta|Jana|Pawła|Karola|Mikołaja|Henryka|Ludwika|Fryderyka|"
    "Bolesława|Benedykta|Piusa|Napoleona|Piotra|Filipa|Edwarda|Wilhelma|Franciszka|Ramzesa"
)
_POLISH_RULER_FEMALE: Final = "Elżbieta|Katarzyna|Maria"
_NOMINATIVE: Final = {"drugiego": "drugi", "trzeciego": "trzeci"}
_POLISH: Final = re.compile(
    rf"(?<!\w)(?P<roman>{SMALL_ROMAN}) (?:(?P<century>wiek|wieku)(?!\w)|(?P<war>wojn(?:a|y|ie|ę|ą))(?!\w))"
    rf"|(?<!\w)(?:(?P<male>{_POLISH_RULER_MALE})|(?P<genitive>{_POLISH_RULER_MALE_GENITIVE})|(?P<female>{_POLISH_RULER_FEMALE}))"
    rf" (?P<ruler>{SMALL_ROMAN})(?!\w)"
)


def read_russian_ordinals(text: str, lexicon: Lexicon) -> str:
    """Replace numbers with an ending: "1-й" is "первый", "80-е" "восьмидесятые"."""
    return _RUSSIAN.sub(lambda found: _russian(int(found[1]), found[2], lexicon), text)


def russian_century(number: int, noun: str, lexicon: Lexicon) -> str:
    """The ordinal in the case of the noun "век", or "" for another form of it."""
    nominative = numerals.ordinal(number, lexicon)
    is_soft = nominative.endswith("ий")
    ending = (_CENTURY_SOFT if is_soft else _CENTURY_HARD).get(noun)
    if ending is None:
        return ""
    return f"{nominative[:-2]}{ending}" if ending else nominative


def read_polish_ordinals(text: str, lexicon: Lexicon) -> str:
    """Replace Roman numerals of centuries, the world wars and rulers."""
    return _POLISH.sub(lambda found: _polish(found, lexicon), text)


def _russian(number: int, suffix: str, lexicon: Lexicon) -> str:
    nominative = numerals.ordinal(number, lexicon).removeprefix("одна ")
    if suffix in ("ый", "ий", "ой", "й"):
        return nominative
    is_soft = nominative.endswith("ий")
    last = suffix[-1]
    if last == "е":
        plural = suffix == "ые" or (number % 10 == 0 and number >= 20 and suffix == "е")  # noqa: PLR2004 - a decade
        ending = ("ьи" if is_soft else "ые") if plural else ("ье" if is_soft else "ое")
    else:
        ending = "ым" if suffix == "ым" else (_SOFT if is_soft else _HARD)[last]
    return f"{nominative[:-2]}{ending}"


def _polish(found: re.Match[str], lexicon: Lexicon) -> str:
    number = roman_value(found["roman"] or found["ruler"])
    if number > len(lexicon.day_numbers):
        return found.group()
    genitive = lexicon.day_numbers[number - 1]
    if found["century"]:
        if found["century"] == "wiek":
            return f"{_nominative(genitive)} wiek"
        locative = _BEFORE_LOCATIVE.search(found.string[: found.start()]) is not None
        return f"{genitive.replace('iego', 'im').replace('ego', 'ym') if locative else genitive} wieku"
    if found["war"]:
        return f"{_with_feminine(genitive, _POLISH_WAR[found['war']])} {found['war']}"
    if found["genitive"]:
        return f"{found['genitive']} {genitive}"
    said = _with_feminine(genitive, "a") if found["female"] else _nominative(genitive)
    return f"{found['male'] or found['female']} {said}"


def _nominative(genitive: str) -> str:
    return " ".join(_NOMINATIVE.get(word, f"{word[:-3]}y") for word in genitive.split())


def _with_feminine(genitive: str, ending: str) -> str:
    return " ".join(_stem(word, ending) for word in genitive.split())


def _stem(word: str, ending: str) -> str:
    stem = word.removesuffix("ego")
    if stem == "drugi" and ending in ("a", "ą"):
        stem = "drug"
    return f"{stem}{ending}"

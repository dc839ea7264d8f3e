"""Converts ordinal numbers and Roman numerals to words: "1st" is "first", "Louis XIV" is "Louis the fourteenth"."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tertulia_llm.text.verbalization import german, numerals, slavic
from tertulia_llm.text.verbalization.lexicon import Lexicon
from tertulia_llm.text.verbalization.roman import ROMAN, SMALL_ROMAN, roman_value

_LAST_STOP: Final = r"(?![\w'’.]|\.\w)|(?=\.[\"”’»)]*$)"
_NUMBERED: Final = re.compile(rf"(?<=[^\W\d_] )(?<![\w.])({ROMAN})(?:{_LAST_STOP})(?![ ]*[+=*/-])")
_ENDS_PHRASE: Final = re.compile(
    r"[ ]?[,;:.!?)\"”]|[ ]?[–—]|$|[ ](?:was|is|of|and|to|or|died|ruled|reigned|became)\b|['’]s\b"
)
"""What follows the numeral I in English; before other words it is the pronoun."""
_INITIAL: Final = re.compile(r"\.[ ](?=[A-Z])")
_WORD_BEFORE: Final = re.compile(r"([^\W\d_]+)\.? $")
_NO_NUMERAL_AFTER: Final = frozenset(
    """
    the a an my your his her its our their this that these those in on by via with for and or but no if when is are
    was use see get put start give need size der die das den dem ein eine einen mein meine dein sein ihr unser kein im
    el la los las un una mi tu su le les une mon ma ton son il lo gli i uno mio tuo suo o os as um uma meu seu de het
    een mijn jouw haar ons
    """.split()
)
_KNOWN_NOUNS_ONLY: Final = frozenset({"pl", "ru", "tr"})
"""In these languages a numeral may be the ordinal of the noun after it."""
_NO_NUMERALS: Final = frozenset(
    {"MD", "CD", "DC", "DM", "MM", "CC", "CV", "MC", "MI", "DVI", "MIX", "XL", "DI", "CI", "LI"}
)
_COMMON_BEFORE: Final = frozenset(
    """
    war chapter part act phase type volume book level class stage section article appendix scene step rocky episode
    series mark league region world bowl psalm sonnet canto olympiad apollo title
    kapitel teil weltkrieg band akt stufe typ capítulo parte tomo acto fase guerra tipo
    chapitre partie acte guerre tome capitolo atto volume hoofdstuk deel rozdział część tom том глава часть fantasy
    bölüm cilt kısım
    """.split()
)
"""Words after which a Roman numeral is read as a cardinal: "Chapter IV"."""
_FRENCH_ROMAN: Final = re.compile(rf"(?<![\w.-])({SMALL_ROMAN})(er|ère|re|e|ème)(?=[ \u00a0][^\W\d_])")
_FEMININE_SUFFIXES: Final = frozenset({"ª", ".ª", "a", "ra", "da", "ta", "va", "re", "ère", "nde"})
_QUEENS: Final = frozenset(
    """
    Isabel Catalina María Juana Cristina Leonor Élisabeth Catherine Marie Christine Marguerite Elisabetta Caterina Maria
    Margherita Catarina Екатерина Елизавета Анна Мария
    """.split()
)
_DEGREE_ORDINAL: Final = re.compile(
    r"(?i:(?<!\w)(?P<article>(?:il|lo|l['’]|del|dell['’]|al|nel|dal|sul|el|o|do|no|ao|un|um) ?)|^)(?P<number>[1-9]\d?)°"
    r"(?=[ ](?!(?:[CFKaeoy]|al|alla|allo|in|di|con|por|en|de|do|da|no|na|ao|nel|nella|fuori|oggi|sotto|sopra|bajo|"
    r"sobre|hoy|hoje|tra|fra|entre|com|per|para|all|ou|u|ma|mas|pero|più|más|mais|hacia|verso|norte|sur|nord|sud|sul)\b)"
    r"[^\W\d_])"
)
_SPANISH_BEFORE_NOUN: Final = re.compile(r"[ ](?!(?:de|del|y|en|a|o|que|por|con|es|fue)\b)[^\W\d_]")
_TURKISH_ROMAN: Final = re.compile(
    rf"(?<!\w)({SMALL_ROMAN})\. (?=(?:yüzyıl|yy|Dünya|bölüm|kısım|cilt|Mehmed|Mehmet|Murad|Murat|Selim|Abdülhamid|"
    r"Abdülhamit|Ahmed|Ahmet|Mustafa|Osman|Bayezid|Süleyman|Mahmud|Mahmut|Elizabeth|Napolyon|Ramses|Henry|Louis|Charles)\w*)"
)
_TURKISH_ORDINAL: Final = re.compile(r"(?<![\w.,])(\d{1,3})\. (?=[^\W\d_])")


@cache
def _suffixed(lexicon: Lexicon) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,])(\d{{1,4}})(?:{lexicon.ordinal_suffixes})(?!\w)")


@cache
def _roman_ordinals(lexicon: Lexicon) -> re.Pattern[str]:
    rulers = "|".join(sorted(lexicon.rulers, key=len, reverse=True))
    suffix = r"(?P<dot>\.(?=[ ]|$))?" if lexicon.code == "de" else ""
    end = "(?:er|ère|re)?" if lexicon.code == "fr" else ""
    return re.compile(rf"(?<!\w)(?P<name>{rulers}) (?P<roman>{SMALL_ROMAN}){end}(?!\w){suffix}")


@cache
def _centuries(lexicon: Lexicon) -> re.Pattern[str]:
    suffix = "(?:e|ème|er)?" if lexicon.code == "fr" else ""
    after = rf"(?<!\w)(?P<roman>{SMALL_ROMAN}){suffix}\.?[ \u00a0](?P<after>(?:{lexicon.century})\w*)"
    return re.compile(rf"{after}|(?<!\w)(?P<before>(?i:{lexicon.century})) (?P<roman2>{SMALL_ROMAN})(?!\w)")


def mark_ordinals(text: str) -> str:
    """Write the sign of ordinals for a degree sign before an Italian, Spanish or Portuguese noun: "il 1° maggio"."""
    return _DEGREE_ORDINAL.sub(lambda found: f"{found['article'] or ''}{found['number']}º", text)


def read_ordinals(text: str, lexicon: Lexicon) -> str:
    """Replace ordinal numbers in `text` by words, if the language writes ordinals with a mark."""
    if lexicon.ordinal_suffixes:
        text = _suffixed(lexicon).sub(lambda found: _ordinal(found, lexicon), text)
    if lexicon.code == "de":
        text = german.read_ordinals(text, lexicon)
    if lexicon.code == "ru" and "-" in text:
        text = slavic.read_russian_ordinals(text, lexicon)
    if lexicon.code == "tr":
        text = _TURKISH_ORDINAL.sub(lambda found: f"{numerals.ordinal(int(found[1]), lexicon)} ", text)
    return text


def read_roman(text: str, lexicon: Lexicon) -> str:
    """Replace the Roman numerals of rulers, centuries, chapters and the like by words."""
    if lexicon.century:
        text = _centuries(lexicon).sub(lambda found: _century(found, lexicon), text)
    if lexicon.rulers:
        text = _roman_ordinals(lexicon).sub(lambda found: _ruler(found, lexicon), text)
    if lexicon.code == "pl":
        text = slavic.read_polish_ordinals(text, lexicon)
    if lexicon.code == "tr":
        text = _TURKISH_ROMAN.sub(lambda found: f"{numerals.ordinal(roman_value(found[1]), lexicon)} ", text)
    if lexicon.code == "fr":
        text = _FRENCH_ROMAN.sub(lambda found: _suffixed_ordinal(roman_value(found[1]), found[2], "", lexicon), text)
    if not lexicon.numerals.cardinal:
        return text
    whole = text
    return _NUMBERED.sub(lambda found: _numbered(whole, found, lexicon), whole)


def _is_letter(found: re.Match[str], written: str, end: int, lexicon: Lexicon) -> bool:
    """True for the English pronoun I, and for an initial ("John V. Smith"; German writes "Georg V." of a king)."""
    if len(written) > 1:
        return False
    if lexicon.code == "en" and written == "I" and not _ENDS_PHRASE.match(found.string, end):
        return True
    return lexicon.code != "de" and _INITIAL.match(found.string, end) is not None


def _may_have_number(before: str) -> bool:
    """True for a capitalised noun: "Rocky II", not "The IV drip" nor "USB II"."""
    return before[:1].isupper() and not before.isupper() and before.lower() not in _NO_NUMERAL_AFTER


def _ordinal(found: re.Match[str], lexicon: Lexicon) -> str:
    suffix = found.group()[len(found[1]) :]
    after = found.string[found.end() :]
    return _suffixed_ordinal(int(found[1]), suffix, after, lexicon) or found.group()


def _suffixed_ordinal(number: int, suffix: str, after: str, lexicon: Lexicon) -> str:
    said = numerals.ordinal(number, lexicon)
    if suffix in _FEMININE_SUFFIXES:
        return _feminine(said, lexicon)
    if lexicon.code == "es" and said.endswith(("primero", "tercero")):
        return said[:-1] if suffix == "er" or _SPANISH_BEFORE_NOUN.match(after) else said
    return "second" if suffix == "nd" and lexicon.code == "fr" else said


def _feminine(said: str, lexicon: Lexicon) -> str:
    if lexicon.code in ("es", "it", "pt"):
        return re.sub(r"o\b", "a", said)
    if lexicon.code == "fr":
        return {"premier": "première", "deuxième": "seconde"}.get(said, said)
    if lexicon.code == "ru":
        return f"{said[:-2]}ая" if said.endswith(("ый", "ой")) else f"{said[:-2]}ья"
    return said


def _ruler(found: re.Match[str], lexicon: Lexicon) -> str:
    if _is_letter(found, found["roman"], found.end("roman"), lexicon):
        return found.group()
    value = roman_value(found["roman"])
    ordinal = numerals.ordinal(value, lexicon) if value <= lexicon.monarch_ordinals_to else ""
    if value == 1 and lexicon.code == "fr":
        ordinal = lexicon.first_day
    if found["name"] in _QUEENS:
        ordinal = _feminine(ordinal, lexicon)
    cardinal = numerals.cardinal(value, lexicon)
    said = lexicon.monarch.format(name=found["name"], ordinal=ordinal or cardinal, cardinal=cardinal)
    if lexicon.code == "de":
        said = said[: -len(ordinal)] + ordinal.capitalize()
        said += "." if found["dot"] and found.end() == len(found.string) else ""
    return said


def _century(found: re.Match[str], lexicon: Lexicon) -> str:
    value = roman_value(found["roman"] or found["roman2"])
    is_ordinal = found["after"] or value <= lexicon.monarch_ordinals_to
    if lexicon.code == "ru":
        said = slavic.russian_century(value, found["after"] or "", lexicon)
        return f"{said} {found['after']}" if said else found.group()
    said = numerals.ordinal(value, lexicon) if is_ordinal else ""
    said = said or numerals.cardinal(value, lexicon)
    return f"{said} {found['after']}" if found["after"] else f"{found['before']} {said}"


def _numbered(text: str, found: re.Match[str], lexicon: Lexicon) -> str:
    word = _WORD_BEFORE.search(text[: found.start()])
    before = word.group(1) if word else ""
    written = found.group(1)
    if written in "LCDM" or written in _NO_NUMERALS or _is_letter(found, written, found.end(), lexicon):
        return written
    if before.lower() in _COMMON_BEFORE:
        counts = before[:1].isupper() or written != "I"
    else:
        counts = (
            len(written) > 1
            and lexicon.code not in _KNOWN_NOUNS_ONLY
            and set(written) <= set("IVX")
            and _may_have_number(before)
        )
    if not counts:
        return written
    return numerals.cardinal(roman_value(written), lexicon)

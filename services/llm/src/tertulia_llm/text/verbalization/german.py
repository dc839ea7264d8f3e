"""German ordinal numbers: "mein 3. Versuch" is "mein dritter Versuch", "auf der 5. Seite" "auf der fünften Seite"."""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.text.verbalization import numerals
from tertulia_llm.text.verbalization.lexicon import Lexicon

_ORDINAL: Final = re.compile(
    r"\b(?P<before>[Dd](?:er|ie|as|em|en|es)|[Aa]m|[Ii]m|[Zz]u[mr]|[Vv]om|[Bb]eim|[Jj]ede[nmrs]?|"
    r"(?:[MDSmds]|[Kk])?[Ee]ine?[nmrs]?|[Mm]eine?[nmrs]?|[Ii]hr(?:e[nmrs]?)?|[Uu]nser(?:e[nmrs]?)?|"
    r"[Ee]ue?r(?:e[nmrs]?)?) "
    r"(?P<number>\d{1,3})\. (?P<noun>[^\W\d_]+)"
)
_WEAK_E: Final = re.compile(r"(?:die|das|jede|jedes|(?:[mds]|k)?eine|ihre|unsere|eu(?:e)?re)$")
_WITHOUT_ENDING: Final = frozenset("ein mein dein sein kein ihr unser euer".split())
_PREPOSITION: Final = re.compile(
    r"\b(?:auf|in|an|bei|mit|von|zu|nach|aus|seit|vor|hinter|neben|über|unter|zwischen|während|wegen|trotz|ab|bis|laut|"
    r"gegenüber|außer|statt|ende|anfang|mitte|beginn)\s*$",
    re.IGNORECASE,
)
_FEMININE: Final = re.compile(
    r"[A-ZÄÖÜ]\w*(?:e|ung|heit|keit|ion|tät|schaft|ei|ik)$|(?:Staffel|Liga|Etage|Hand|Nacht|Wahl|Person)$"
)
_MASCULINE_IN_E: Final = frozenset(
    "Name Junge Kunde Gedanke Kollege Löwe Hase Affe Neffe Buchstabe Zeuge Russe".split()
)
_NEUTER: Final = re.compile(
    r"(?:Auto|Kind|Buch|Haus|Mal|Jahr|Spiel|Lied|Bild|Tor|Semester|Kapitel|Treffen|Album|Handy|Baby|Date|Zimmer|Stück|Glas|"
    r"Bier|Rennen|Konzert|Fahrrad|Pferd|Studium|Leben|Opfer|Team|Match|Interview|[a-zäöü](?:chen|lein|ment|jahr|spiel|buch|kind))$"
)
_MASCULINE: Final = re.compile(
    r"(?:Versuch|Tag|Sohn|Film|Platz|Freund|Job|Hund|Roman|Termin|Monat|Mann|Urlaub|Marathon|Schritt|Besuch|Kuss|Sieg|Titel|"
    r"Punkt|Kaffee|Song|Arbeitstag|Flug|Beruf|Ehemann|Bruder|Gast|[a-zäöü](?:tag|sohn|film|platz|freund|versuch))$"
)


def read_ordinals(text: str, lexicon: Lexicon) -> str:
    """Replace ordinal numbers after an article by words; they stay where the noun's gender is needed and unknown."""
    return _ORDINAL.sub(lambda found: _read(found, lexicon), text)


def _read(found: re.Match[str], lexicon: Lexicon) -> str:
    ending = _ending(found["before"].lower(), found["noun"], found.string[: found.start()])
    if ending is None:
        return found.group()
    return f"{found['before']} {numerals.ordinal(int(found['number']), lexicon)}{ending} {found['noun']}"


def _ending(before: str, noun: str, preceding: str) -> str | None:
    """What follows "erste", or None if it is unknown."""
    if before in _WITHOUT_ENDING:
        return "s" if _NEUTER.search(noun) else "r" if _MASCULINE.search(noun) else None
    if _WEAK_E.match(before):
        return ""
    if before in ("der", "jeder"):
        feminine = _FEMININE.search(noun) is not None and noun not in _MASCULINE_IN_E
        return "n" if feminine or _PREPOSITION.search(preceding) else ""
    return "n"

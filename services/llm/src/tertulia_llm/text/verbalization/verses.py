"""Reads verses of the Bible: "Psalm 23:1-4" is "Psalm twenty-three, one to four"."""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.text.verbalization import numerals
from tertulia_llm.text.verbalization.lexicon import Lexicon

_BOOKS: Final = (
    "Psalms?|Ps|Genesis|Gen|Exodus|Leviticus|Deuteronomy|Joshua|Judges|Isaiah|Jeremiah|Ezekiel|Proverbs|Ecclesiastes|"
    "Matthew|Matt|Mark|Luke|John|Acts|Romans|Corinthians|Galatians|Ephesians|Philippians|Colossians|Thessalonians|"
    "Timothy|Titus|Hebrews|James|Jude|Revelation|Mt|Mk|Lk|Joh|Matthäus|Markus|Lukas|Johannes|Römer|Korinther|Offenbarung|"
    "Sprüche|Jesaja|Salmos?|Mateo|Marcos|Lucas|Juan|Romanos|Corintios|Isaías|Proverbios|Apocalipsis|Psaumes?|Matthieu|"
    "Marc|Luc|Jean|Romains|Corinthiens|Genèse|Apocalypse|Salmo|Matteo|Marco|Luca|Giovanni|Romani|Corinzi|Genesi|Mateus|"
    "João|Gênesis|Matteüs|Marcus|Johannes|Romeinen|Psalmen|Psalm[u]?|Mateusza|Marka|Łukasza|Jana|Псалом|Иоанна|Матфея|"
    "Луки|Марка|Бытие"
)
_VERSE: Final = re.compile(
    rf"(?<!\w)(?P<book>{_BOOKS})\.? (?P<chapter>\d{{1,3}})(?P<mark>[:,])[ ]?(?P<verse>\d{{1,3}})"
    r"(?:[ ]?[–-][ ]?(?P<last>\d{1,3}))?(?![\w:/]|[.,]\d|[ ]?[€%$]|[ ](?:Euro|Meter|Kilometer|Kilo|Prozent|Sekunden|"
    r"Punkte|Mio)\b|[ ]?[AaPp]\.?[Mm]\b)"
)
_AFTER_WORD: Final = re.compile(r"[^\W\d]\.? \d{1,3}[:,][ ]?\d")
_SHORT: Final = {"de": {"Mt": "Matthäus", "Mk": "Markus", "Lk": "Lukas", "Joh": "Johannes", "Ps": "Psalm"}}


def read_verses(text: str, lexicon: Lexicon) -> str:
    """Replace the chapter and the verses after the name of a book by words."""
    if not _AFTER_WORD.search(text):
        return text
    return _VERSE.sub(lambda found: _read(found, lexicon), text)


def _read(found: re.Match[str], lexicon: Lexicon) -> str:
    if found["mark"] == "," and (
        lexicon.decimal_mark != "," or found[0][found.start("mark") - found.start() + 1] == " "
    ):
        return found.group()
    book = _SHORT.get(lexicon.code, {}).get(found["book"], found["book"])
    chapter, verse = (numerals.cardinal(int(found[part]), lexicon) for part in ("chapter", "verse"))
    link = " " if lexicon.code == "en" and not found["last"] else ", "
    last = f" {lexicon.to} {numerals.cardinal(int(found['last']), lexicon)}" if found["last"] else ""
    return f"{book} {chapter}{link}{verse}{last}"

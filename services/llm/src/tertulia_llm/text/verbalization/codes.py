"""Converts addresses, phone numbers, versions, hashtags and abbreviations to words."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tertulia_llm.text.verbalization import numerals
from tertulia_llm.text.verbalization.lexicon import Lexicon

_ENDINGS: Final = (
    "com|org|net|edu|gov|io|ai|dev|app|info|eu|de|at|ch|es|fr|it|pt|br|nl|be|pl|ru|tr|jp|cn|uk|us|ca|au|in|me|tv|gg|xyz"
)
_EMAIL: Final = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63})+)(?!\w)")
_HOST: Final = re.compile(rf"(?<![\w.@/-])((?:[a-z0-9-]{{1,63}}\.)+(?:{_ENDINGS}))(?![\w@]|\.\w)", re.IGNORECASE)
_IP: Final = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?![\w.]*\d)")
_VERSION: Final = re.compile(r"(?<!\w)[vV](?:er)?\.?[ ]?(\d{1,4}(?:\.\d{1,5})*)(?![\w.]*\d)")
_DOTTED_VERSION: Final = re.compile(r"(?<![\w.,])(\d{1,4}(?:\.\d{1,5}){2,3})(?![\w]|\.\d)")
_PHONE: Final = re.compile(
    r"(?<![\w.,/+-])(?:"
    r"\+\d{1,3}(?:[ \u00a0().-]{0,2}\d{2,5}){2,5}"
    r"|\(\d{3}\)[ ]?\d{3}[ -]\d{4}"
    r"|(?:1-)?\d{3}[-.]\d{3}[-.]\d{4}"
    r"|0\d{2,4}[ /-]\d{3,9}(?:[ -]\d{1,6}){0,3}"
    r"|\d{3}-\d{4}"
    r")(?![\w/-]|[.,]\d)"
)
_HASHTAG: Final = re.compile(r"(?<![\w&#])#([^\W\d_]\w*)")
_HASH_NUMBER: Final = re.compile(r"(?<![\w&#])#[ ]?(?=\d)")
_CAMEL: Final = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z])")
_AMPERSAND: Final = re.compile(r"[ ]?&[ ]?")
_BETWEEN_WORDS: Final = re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])")
_HANDLE: Final = re.compile(r"(?<![\w@])@(?=[A-Za-z]\w)")


@cache
def _number_abbreviations(lexicon: Lexicon) -> re.Pattern[str]:
    names = "|".join(re.escape(name) for name in lexicon.number_abbreviations)
    return re.compile(rf"(?<!\w)(?:{names})[ \u00a0]?(?=\d)")


@cache
def _abbreviations(lexicon: Lexicon) -> re.Pattern[str]:
    def spaced(name: str) -> str:
        return r"[ \u00a0]?".join(re.escape(part) for part in name.split(" "))

    names = "|".join(map(spaced, sorted(lexicon.abbreviations, key=len, reverse=True)))
    return re.compile(rf"\b(?<![.'’])(?:{names})(?!\w)")


def read_abbreviations(text: str, lexicon: Lexicon) -> str:
    """Replace abbreviations by words. If its full stop also ends the sentence, the full stop stays."""
    if not lexicon.abbreviations:
        return text

    def read(found: re.Match[str]) -> str:
        written = found.group()
        said = _said_abbreviation(written.replace("\u00a0", " "), lexicon)
        ends = written.endswith(".") and not text[found.end() :].strip("\"'”’»)")
        return f"{said}." if ends else said

    return _abbreviations(lexicon).sub(read, text)


def _said_abbreviation(written: str, lexicon: Lexicon) -> str:
    said = lexicon.abbreviations.get(written)
    if said is None:
        squeezed = written.replace(" ", "")
        said = next(words for name, words in lexicon.abbreviations.items() if name.replace(" ", "") == squeezed)
    return said


def read_addresses(text: str, lexicon: Lexicon) -> str:
    """Replace e-mail addresses, host names and IP addresses by words."""
    if "@" in text:
        text = _EMAIL.sub(
            lambda found: f"{_address(found[1], lexicon)} {lexicon.at} {_address(found[2], lexicon)}", text
        )
        text = _HANDLE.sub(f"{lexicon.at} ", text)
    text = _IP.sub(lambda found: _dotted(found[1], lexicon, lexicon.dot), text)
    return _HOST.sub(lambda found: _address(found[1], lexicon), text)


def read_codes(text: str, lexicon: Lexicon) -> str:
    """Replace phone numbers, versions and "No. 5" by words."""
    text = _PHONE.sub(lambda found: _phone(found.group(), lexicon), text)
    text = _VERSION.sub(lambda found: f"{lexicon.version} {_dotted(found[1], lexicon, lexicon.point)}", text)
    text = _DOTTED_VERSION.sub(lambda found: _dotted(found[1], lexicon, lexicon.point), text)
    if "#" in text:
        text = _HASH_NUMBER.sub(f"{lexicon.number} ", text)
    return _number_abbreviations(lexicon).sub(f"{lexicon.number} ", text)


def read_joins(text: str, lexicon: Lexicon) -> str:
    """Replace hashtags, "&", and the slash between words."""
    if "#" in text:
        text = _HASHTAG.sub(lambda found: f"{lexicon.hashtag} {_CAMEL.sub(' ', found[1]).replace('_', ' ')}", text)
    if "&" in text:
        text = _AMPERSAND.sub(f" {lexicon.ampersand} ", text)
    return _BETWEEN_WORDS.sub(" ", text) if "/" in text else text


def _address(written: str, lexicon: Lexicon) -> str:
    names = {".": lexicon.dot, "-": lexicon.hyphen, "_": lexicon.underscore, "+": lexicon.signs["+"]}
    return re.sub(r"[._+-]", lambda mark: f" {names[mark.group()]} ", written)


def _dotted(written: str, lexicon: Lexicon, dot: str) -> str:
    return f" {dot} ".join(numerals.cardinal(int(part), lexicon) for part in written.split("."))


def _phone(written: str, lexicon: Lexicon) -> str:
    plus = f"{lexicon.signs['+']} " if written.startswith("+") else ""
    groups = re.findall(r"\d+", written)
    return plus + ", ".join(numerals.digits(group, lexicon) for group in groups)

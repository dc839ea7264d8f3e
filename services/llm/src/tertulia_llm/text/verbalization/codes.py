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
_LARGEST_BYTE: Final = 255
_IP: Final = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?![\w.]*\d)")
_VERSION: Final = re.compile(r"(?<!\w)[vV](?:er)?\.?[ ]?(\d{1,4}(?:\.\d{1,5})*)(?![\w.]*\d)")
_DOTTED_VERSION: Final = re.compile(
    r"(?<![\w.,])(?!\d{1,3}(?:\.\d{3})+(?!\w|\.\d))(\d{1,4}(?:\.\d{1,5}){2,3})(?!\w|\.\d)"
)
_YEARS: Final = r"(?:1\d|20)\d\d-(?:1\d|20)\d\d(?!\d)"
_ROUND: Final = r"\d*0-\d*0(?!\d)"
_PHONE: Final = re.compile(
    r"(?<![\w.,/+-])(?<!\d[ \u00a0])(?:"
    r"\+\d{1,3}(?:[ \u00a0().-]{0,2}\d{2,5}){2,5}"
    r"|\(\d{3}\)[ ]?\d{3}[ -]\d{4}"
    r"|(?:1-)?\d{3}[-.]\d{3}[-.]\d{4}"
    r"|0\d{2,4}[ /-]\d{3,9}(?:[ -]\d{1,6}){0,3}"
    r"|0\d-\d{6,9}|0\d(?:([ .-])\d{2})(?:\1\d{2}){3}"
    rf"|(?!{_YEARS}|{_ROUND})\d{{3,5}}-\d{{4}}"
    r")(?![\w/-]|[.,]\d)"
)
_GROUPS: Final = re.compile(r"\d\d[ \u00a0.-]\d\d")
_AFTER_PHONE: Final = re.compile(
    r"(?i:\b(?:t[eé]l(?:[eé](?:f|ph)\w+)?|phone|mobile|whatsapp|m[oó]vil|celular|portable|cellulare|telemóvel|gsm|"
    r"numer telefonu|тел|телефон\w*)\b)(?: [^\W\d]{2,8})?[.:]?[ ]"
    r"(?P<number>\d{2,4}(?:[ \u00a0.-]\d{2,4}){1,5})(?![\w/-]|[.,]\d)"
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
def _multipliers(lexicon: Lexicon) -> re.Pattern[str]:
    names = "|".join(lexicon.multiplier_forms)
    return re.compile(rf"(?<![\w.,–-])(?P<number>{numerals.NUMBER})(?P<space>[ \u00a0])(?P<name>{names})(?!\w)")


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
        is_unit = written in lexicon.units or written.rstrip(".") in lexicon.units
        if is_unit and _NUMBER_BEFORE.search(text[: found.start()]):
            return written
        if written == "Dr." and lexicon.code == "en" and _is_street(text, found):
            return "Drive." if found.end() == len(text) else "Drive"
        said = _said_abbreviation(written.replace("\u00a0", " "), lexicon)
        ends = written.endswith(".") and not text[found.end() :].strip("\"'”’»)")
        return f"{said}." if ends else said

    text = _abbreviations(lexicon).sub(read, text)
    return (
        _multipliers(lexicon).sub(lambda found: _multiplier(found, lexicon), text) if lexicon.multiplier_forms else text
    )


def _multiplier(found: re.Match[str], lexicon: Lexicon) -> str:
    """A multiplier in the form that its number asks for: "1 Million", "2 миллиона"."""
    number = numerals.parse(found["number"], lexicon)
    form = numerals.form_of(number, lexicon.multiplier_forms[found["name"]], lexicon)
    is_one = lexicon.code == "de" and number == numerals.Number(1)
    if is_one and _CURRENCY_AFTER.match(found.string, found.end()):
        return f"1 {form}"  # `money` reads it
    return f"{'eine' if is_one else found['number']}{found['space']}{form}"


_CURRENCY_AFTER: Final = re.compile(r"[ \u00a0]?(?:[€$£¥₽₺₹₿]|[A-Z]{3}\b)")
_NUMBER_BEFORE: Final = re.compile(r"\d[ \u00a0]?\Z")
_STREET: Final = re.compile(r"(?<!^)\b[A-Z][a-z]+ $")
_CAPITAL_AFTER: Final = re.compile(r" [A-Z]")


def _is_street(text: str, abbreviation: re.Match[str]) -> bool:
    """True for "Elm Dr.", but not before a name: "Peter met Dr. Smith"."""
    is_after_name = _STREET.search(text[: abbreviation.start()]) is not None
    return is_after_name and not _CAPITAL_AFTER.match(text, abbreviation.end())


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
    text = _IP.sub(lambda found: _ip(found[1], lexicon), text)
    return _HOST.sub(lambda found: _address(found[1], lexicon), text)


def read_codes(text: str, lexicon: Lexicon) -> str:
    """Replace phone numbers, versions and "No. 5" by words."""
    if _GROUPS.search(text):
        text = _AFTER_PHONE.sub(
            lambda found: found.group()[: -len(found["number"])] + _phone(found["number"], lexicon), text
        )
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


def _ip(written: str, lexicon: Lexicon) -> str:
    parts = written.split(".")
    is_address = all(int(part) <= _LARGEST_BYTE and str(int(part)) == part for part in parts)
    return _dotted(written, lexicon, lexicon.dot) if is_address else written


def _dotted(written: str, lexicon: Lexicon, dot: str) -> str:
    return f" {dot} ".join(numerals.cardinal(int(part), lexicon) for part in written.split("."))


def _phone(written: str, lexicon: Lexicon) -> str:
    plus = f"{lexicon.signs['+']} " if written.startswith("+") else ""
    groups = re.findall(r"\d+", written)
    return plus + ", ".join(numerals.digits(group, lexicon) for group in groups)

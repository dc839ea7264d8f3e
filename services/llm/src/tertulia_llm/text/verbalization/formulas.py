"""Converts fractions, ranges and formulas to words: "5*3=15" is "five times three equals fifteen"."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tertulia_llm.text.verbalization import measures, numerals
from tertulia_llm.text.verbalization.lexicon import Lexicon
from tertulia_llm.text.verbalization.numerals import NUMBER, Number, parse, spell

_VULGAR: Final = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5),
    "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
}  # fmt: skip
_VULGAR_FRACTION: Final = re.compile(rf"(?:(\d+)[ ]?)?([{''.join(_VULGAR)}])")
_FRACTION: Final = re.compile(
    r"(?<![\w/.,:+*=×÷^-])(?:(\d{1,3})[ ])?(\d{1,3})/(\d{1,3})(?![\w/^²³]|[.,]\d|[ ]?[=+*×÷])"
)
_RANGE: Final = re.compile(
    rf"(?<![\w.,+*=/^-])(?!0\d)({NUMBER})(?:[ ]?[–—][ ]?|[-~～〜])(?!0\d)({NUMBER})(?![\w/]|[ ]?[-–=+*×÷^])"
)
_POWERS: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ"
_FROM_POWERS: Final = str.maketrans(_POWERS, "0123456789+-n")
_NO_WORD: Final = rf"(?![^\W{_POWERS}])"
_ATOM: Final = (
    rf"(?:(?:{NUMBER})(?:[A-Za-z]|[a-dx-z]{{2}})?{_NO_WORD}|[A-Za-z]{{2,3}}(?=[{_POWERS}])"
    rf"|[A-Za-z](?:\([A-Za-z]\))?{_NO_WORD}|[α-ωΑ-Ω∞])"
)
_FUNCTION: Final = rf"(?:(?:sin|cos|tan|log|ln|exp)[{_POWERS}]*[ ]?(?=[(\w\u0370-\u03ff])\(*)?"
_OPERAND: Final = rf"√?\(*{_FUNCTION}(?:[-−√]+\(*)?{_ATOM}[{_POWERS}]*!?%?\)*[{_POWERS}]*"
_OPERATOR: Final = r"(?:<=|>=|!=|==|\*\*|[*×·⋅+÷/=<>≤≥≠≈±^−∈-])"
_FORMULA: Final = re.compile(rf"(?<![\w.,$€£#@&*/-]){_OPERAND}(?:[ ]?{_OPERATOR}[ ]?{_OPERAND})+(?![\w/*])")
_YEARS: Final = re.compile(r"[12]\d{3}\D{1,3}[12]\d{3}")
_CASES_IN_RANGES: Final = frozenset({"ru", "pl"})
"""In these languages the case of a year after "to" is not that of a spelled number: the engine reads the digits."""
_TIMES_X: Final = re.compile(r"(?<=\d)[ ]?[x×][ ]?(?=\d)")
_BY: Final = re.compile(rf"(?<![\w.,+*/^-]){NUMBER}(?:[ ]?x[ ]?{NUMBER})+(?![\w.]|[ ]?[+*/x×-])")
_SPLIT: Final = re.compile(rf"({_OPERATOR}|[()]+|[√%]|[{_POWERS}]+|(?:sin|cos|tan|log|ln|exp)(?=[^A-Za-z]))")
_SAME: Final = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "*": "×", "·": "×", "⋅": "×", "**": "^", "/": "÷", "−": "-"}
_STRONG: Final = frozenset("*×·⋅+÷=≤≥≠≈±^<>∈")
_DECIMAL: Final = re.compile(rf"(?<![\w.,:/]){NUMBER}(?![\w:/])")
_SCIENTIFIC: Final = re.compile(r"(?<![\w.,])(\d+(?:[.,]\d+)?)[eE]([+-]?\d{1,3})(?!\w)")
_NEGATIVE: Final = re.compile(rf"(?<![\w.,)-])[-−]({NUMBER})(?![\w/])")
_POWER: Final = re.compile(rf"(?<=[\w)])[{_POWERS}]+")
_BEFORE_NUMBER: Final = re.compile(rf"([~≈±√])[ ]?(?:({NUMBER})(?!\w)|(?=[(\w]))")
_PLUS_AFTER: Final = re.compile(r"(?<![\w.,])(\d{1,4})\+(?![\w+=])")
_PLUS_BEFORE: Final = re.compile(r"(?<![\w+])\+(?=\d)")
_EQUALS: Final = re.compile(r"(?<=[\w)]) ?=+ ?(?=[\w(-])")
_ARROWS: Final = "→⇒↔⇔"
_AS_ARROW: Final = str.maketrans(dict.fromkeys("⇒↔⇔", "→"))
_LOOSE_ARROW: Final = re.compile(r"(?<![\w)\"'»”\u200b ])→|(?<![\w)\"'»”\u200b]) →|→(?![ ]?\u200b?[\w(\"'«“√∞±+-])")
"""An arrow that does not stand between two things: an ornament."""
_SPACE_BEFORE_COMMA: Final = re.compile(r" +(?=[,;.!?](?:\s|$))")
_MAX_ZEROS: Final = 12
_PARTS_OF: Final = {"zh": "分之", "ja": "分の"}
_STARS: Final = re.compile(
    r"[ ](?:stars?|points?|Sternen?|Punkten?|estrellas?|étoiles?|stelle|estrelas?|sterren|gwiazd\w+|зв[её]зд\w*|"
    r"yıldız)\b"
)
_FUNCTIONS: Final = {
    "sin": {
        "en": "sine", "de": "Sinus", "es": "seno", "fr": "sinus", "it": "seno", "pt": "seno", "pl": "sinus",
        "ru": "синус",
    },
    "cos": {
        "en": "cosine", "de": "Kosinus", "es": "coseno", "fr": "cosinus", "it": "coseno", "pt": "cosseno",
        "pl": "cosinus", "ru": "косинус",
    },
    "tan": {
        "en": "tangent", "de": "Tangens", "es": "tangente", "fr": "tangente", "it": "tangente", "pt": "tangente",
    },
    "log": {}, "ln": {"en": "natural log"}, "exp": {},
}  # fmt: skip
_RATINGS: Final = frozenset({5, 10, 100})
_SQUARED: Final = {"²", "³"}


@cache
def _signs(lexicon: Lexicon) -> re.Pattern[str]:
    greek = "".join(sign for sign in lexicon.signs if "α" <= sign.lower() <= "ω")
    others = "".join(sign for sign in "≤≥≠≈∞√±→∑∫∂∈×÷§" if sign in lexicon.signs)
    return re.compile(rf"(?<![\u0370-\u03ff])[{greek}](?![\u0370-\u03ff])|[{others}]")


def read_fractions(text: str, lexicon: Lexicon) -> str:
    """Replace fractions and ranges of numbers by words."""
    text = _VULGAR_FRACTION.sub(lambda found: _mixed(found[1], *_VULGAR[found[2]], lexicon), text)
    if "/" in text:
        text = _FRACTION.sub(lambda found: _fraction(found, lexicon), text)
    return text


def read_ranges(text: str, lexicon: Lexicon) -> str:
    """Replace ranges of numbers by words: "10–20" is "ten to twenty"."""

    def read(found: re.Match[str]) -> str:
        if lexicon.code in _CASES_IN_RANGES and _YEARS.fullmatch(found.group()):
            return found.group()
        first, second = (spell(parse(found[part], lexicon), lexicon) for part in (1, 2))
        return f"{first} {second}" if first == second else f"{first} {lexicon.to} {second}"  # not a range: "50-50"

    return _RANGE.sub(read, text)


def read_formulas(text: str, lexicon: Lexicon) -> str:
    """Replace formulas by words. A formula must have an unambiguous operator: "3-2" alone is not a formula."""
    if "x" in text or "×" in text:
        if "=" not in text:
            text = _BY.sub(lambda found: _by(found.group(), lexicon), text)
        text = _TIMES_X.sub("×", text)
    return _FORMULA.sub(lambda found: _formula(found.group(), lexicon), text)


def read_signs(text: str, lexicon: Lexicon) -> str:
    """Replace mathematical signs outside formulas, and the numbers next to them, by words."""
    text = _SCIENTIFIC.sub(lambda found: _scientific(found, lexicon), text)
    text = _PLUS_AFTER.sub(lambda found: f"{found[1]} {lexicon.signs['+']}", text)
    text = _PLUS_BEFORE.sub(f"{lexicon.signs['+']} ", text)
    minus = lexicon.negative or lexicon.signs["-"]
    text = _NEGATIVE.sub(lambda found: f"{minus} {spell(parse(found[1], lexicon), lexicon)}", text)
    text = _BEFORE_NUMBER.sub(lambda found: f"{lexicon.signs[found[1]]} {_spelled(found[2], lexicon)}", text)
    text = _POWER.sub(lambda found: f" {_power(found.group(), lexicon)}", text)
    if any(arrow in text for arrow in _ARROWS):
        text = _SPACE_BEFORE_COMMA.sub("", _LOOSE_ARROW.sub(" ", text.translate(_AS_ARROW)))
    if "=" in text:
        text = _EQUALS.sub(f" {lexicon.signs['=']} ", text)
    said = _signs(lexicon).sub(lambda found: f" {lexicon.signs[found.group()]} ", text)
    return said if said == text else _SPACE_BEFORE_COMMA.sub("", said)


def read_decimals(text: str, lexicon: Lexicon) -> str:
    """Replace numbers that have separators by words; plain whole numbers stay."""

    def read(found: re.Match[str]) -> str:
        return found.group() if found.group().isdigit() else spell(parse(found.group(), lexicon), lexicon)

    return _DECIMAL.sub(read, text)


def _spelled(written: str | None, lexicon: Lexicon) -> str:
    return spell(parse(written, lexicon), lexicon) if written else ""


def _fraction(found: re.Match[str], lexicon: Lexicon) -> str:
    above, below = int(found[2]), int(found[3])
    if not lexicon.numerals.cardinal and (above, below) not in lexicon.fractions and not found[1]:
        return f"{below}{_PARTS_OF[lexicon.code]}{above}"
    if above <= below and _STARS.match(found.string, found.end()):
        return f"{_spelled(found[2], lexicon)} {lexicon.out_of} {_spelled(found[3], lexicon)}"
    if (above, below) in lexicon.fractions and not (found[1] and above >= below):
        return _mixed(found[1], above, below, lexicon)
    said = [numerals.cardinal(number, lexicon) for number in (above, below)]
    link = lexicon.out_of if below in _RATINGS and above <= below else lexicon.over
    whole = f"{found[1]} " if found[1] else ""
    return f"{whole}{said[0]} {link} {said[1]}"


def _mixed(whole: str | None, above: int, below: int, lexicon: Lexicon) -> str:
    fraction = lexicon.fractions[above, below] if (above, below) in lexicon.fractions else _over(above, below, lexicon)
    if not whole:
        return fraction
    number = numerals.cardinal(int(whole), lexicon)
    if (above, below) == (1, 2):
        return lexicon.and_half.format(n=number)
    return f"{number} {lexicon.ampersand} {fraction}"


def _over(above: int, below: int, lexicon: Lexicon) -> str:
    return f"{numerals.cardinal(above, lexicon)} {lexicon.over} {numerals.cardinal(below, lexicon)}"


def _formula(written: str, lexicon: Lexicon) -> str:
    if not any(char in _STRONG for char in written) and not re.search(r"\d [-−] \d", written):
        return written
    if re.search(r"[ ]<\d|[A-Za-z]\+$", written):  # for example "I <3 you"
        return written
    said: list[str] = []
    closed = False  # a bracket before this piece: what follows is about all of it
    for part in _SPLIT.split(written):
        piece = part.strip()
        if not piece:
            continue
        if set(piece) <= set("()"):
            closed = piece.endswith(")")
            continue
        sign = _SAME.get(piece, piece)
        if closed and said and (sign in "×÷^" or set(piece) <= set(_POWERS)):
            said[-1] += ","
        closed = False
        said.append(_piece(piece, lexicon))
    return " ".join(said)


def _piece(piece: str, lexicon: Lexicon) -> str:
    sign = _SAME.get(piece, piece)
    if set(piece) <= set(_POWERS):
        return _power(piece, lexicon)
    if sign in lexicon.signs:
        return lexicon.signs[sign]
    if piece in _FUNCTIONS:
        return _FUNCTIONS[piece].get(lexicon.code, piece)
    if piece == "%":
        return lexicon.units.get("%", ("%",))[-1]
    if re.fullmatch(NUMBER, piece):
        return spell(parse(piece, lexicon), lexicon)
    return re.sub(r"(?<=\d)(?=[A-Za-z])|(?<=\d[a-z])(?=[a-z])", " ", piece)


def _by(written: str, lexicon: Lexicon) -> str:
    parts = re.split(r"[ ]?x[ ]?", written)
    return f" {measures.by(lexicon)} ".join(spell(parse(part, lexicon), lexicon) for part in parts)


def _power(written: str, lexicon: Lexicon) -> str:
    if written in _SQUARED and written in lexicon.signs:
        return lexicon.signs[written]
    plain = written.translate(_FROM_POWERS)
    sign = f"{lexicon.signs['-']} " if plain.startswith("-") else ""
    exponent = plain.lstrip("+-")
    said = numerals.cardinal(int(exponent), lexicon) if exponent.isdigit() else exponent
    return f"{lexicon.signs['^']} {sign}{said}"


def _scientific(found: re.Match[str], lexicon: Lexicon) -> str:
    number, exponent = parse(found[1], lexicon), int(found[2])
    zeros = exponent - len(number.decimals)
    if zeros >= 0 and exponent <= _MAX_ZEROS:
        return spell(Number(int(f"{number.whole}{number.decimals}") * 10**zeros), lexicon)
    minus = f"{lexicon.signs['-']} " if exponent < 0 else ""
    ten, power = numerals.cardinal(10, lexicon), numerals.cardinal(abs(exponent), lexicon)
    return f"{spell(number, lexicon)} {lexicon.signs['×']} {ten} {lexicon.signs['^']} {minus}{power}"

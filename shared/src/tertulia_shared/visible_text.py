"""Checks names and titles for characters that a reader cannot see, or that change how the text around them looks.

Two names that differ only in such characters look the same; a bidi override even reorders a whole line. These are
refused: control and format characters, line separators, fillers, private use, noncharacters, and combining marks and
variation selectors without a base. The same code points are allowed where a script or an emoji needs them:

- zero width joiners inside an emoji sequence; joiners and non-joiners between letters of a cursive script (Persian),
  and beside a virama (Indic scripts);
- variation selectors directly after an emoji, a Han ideograph or a Mongolian letter;
- tag characters in the three flags that Unicode recommends (England, Scotland, Wales).

Pure. The data is that of `unicodedata`; a code point that it does not know yet is allowed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from tertulia_shared.text import clean_text, joined_pairs

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_VIRAMA_CLASS: Final = 9
_TAG_FLAG: Final = re.compile(
    "\U0001f3f4\U000e0067\U000e0062(?:"
    "\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
_VISIBLE_FORMATS: Final = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd]")
"""Format characters with a glyph: number signs and other marks of Arabic, Syriac and Kaithi."""
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0\ufff0-\ufff8\ufffc\ufdd0-\ufdef\U0001d159\U000e0000-\U000e0fff]"
)
"""Code points without a glyph, such as fillers, whose Unicode category also has visible characters. The last range has
variation selectors, too, but `_fault` checks selectors first.
"""
_NONCHARACTER_BITS: Final = 0xFFFE
_EMOJI_SELECTORS: Final = "\ufe0e\ufe0f"
_MONGOLIAN_SELECTORS: Final = "\u180b\u180c\u180d\u180f"
_KEYCAPS: Final = "0123456789#*"
_EMOJI_PUNCTUATION: Final = "\u203c\u2049\u2139\u3030"
_EMOJI_BLOCKS: Final = re.compile("[\U0001f000-\U0001faff]")
_MARKS: Final = ("Mn", "Mc", "Me")
_LINE_ENDS: Final = "\n\r\x0b\x0c\u2028\u2029"
_REFUSED_CATEGORIES: Final = {
    "Cc": "a control character",
    "Cf": "an invisible format character",
    "Co": "a private character, which looks different or blank elsewhere",
    "Cs": "half of a surrogate pair",
}
_CONTROL_NAMES: Final = {"\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\x00": "NULL", "\x7f": "DELETE"}


def invisible_fault(text: str) -> str:
    """Describe the first character that a name or a title must not contain, with the reason; "" if there is none."""
    if text.isascii() and text.isprintable():
        return ""
    for char, why in _examined(joined_pairs(text)):
        if why:
            name = unicodedata.name(char, "") or _CONTROL_NAMES.get(char, "")
            return f"contains U+{ord(char):04X}{f' {name}' if name else ''}, {why}; remove it"
    return ""


def without_invisible(text: str) -> str:
    """The text without the characters that `invisible_fault` refuses, for texts that must be accepted. Idempotent."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char for char, why in _examined(joined_pairs(text)) if not why)


def _examined(text: str) -> Iterator[tuple[str, str]]:
    """Yield each character with the reason to refuse it ("": allowed). The context before it has allowed ones only."""
    in_flags = {at for flag in _TAG_FLAG.finditer(text) for at in range(flag.start() + 1, flag.end())}
    kept = ""
    for at, char in enumerate(text):
        plain = (char.isascii() and char.isprintable()) or at in in_flags
        why = "" if plain else _fault(kept, char, text[at + 1 : at + 2])
        yield char, why
        if not why:
            kept += char


def _fault(before: str, char: str, after: str) -> str:
    category = unicodedata.category(char)
    if _is_selector(char):
        return "" if _takes_selector(before[-1:], char) else "a variation selector without its character"
    if char in (_ZWNJ, _ZWJ):
        return "" if _joins(before, char, after) else "an invisible joiner that has no effect here"
    if category in _MARKS and (not before or before[-1].isspace()):
        return "a combining mark without a letter"
    return _fault_anywhere(char, category)


def _fault_anywhere(char: str, category: str) -> str:
    """The reason to refuse the character in any context; "" if there is none."""
    if _BLANK.match(char):
        return "an invisible character"
    if char in _LINE_ENDS:
        return "a line end"
    if category == "Cn" and ord(char) & _NONCHARACTER_BITS == _NONCHARACTER_BITS:
        return "a noncharacter"
    if _VISIBLE_FORMATS.match(char) or (category == "Cc" and clean_text(char)):  # `clean_line` makes it visible
        return ""
    return _REFUSED_CATEGORIES.get(category, "")


def _is_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef" or char in _MONGOLIAN_SELECTORS


def _takes_selector(base: str, selector: str) -> bool:
    name = unicodedata.name(base, "") if base else ""
    if selector in _MONGOLIAN_SELECTORS:
        return name.startswith("MONGOLIAN LETTER")
    return name.startswith("CJK ") or (selector in _EMOJI_SELECTORS and _is_emoji(base))


def _is_emoji(char: str) -> bool:
    """True if the character can be an emoji. A few other symbols pass, too: a selector after them does no harm."""
    if char == "" or _BLANK.match(char):
        return False
    if char.isascii():
        return char in _KEYCAPS
    return (
        char in _EMOJI_PUNCTUATION
        or _EMOJI_BLOCKS.match(char) is not None
        or unicodedata.category(char) in ("So", "Sm")
    )


def _joins(before: str, joiner: str, after: str) -> bool:
    """True if the (non-)joiner has an effect, in one of the contexts that the module's docstring lists."""
    if before and unicodedata.combining(before[-1]) == _VIRAMA_CLASS:
        return True
    if not before or not after:
        return False
    if unicodedata.combining(after) == _VIRAMA_CLASS:
        return True
    if joiner == _ZWJ and _is_emoji(after) and not after.isascii():
        return _is_emoji(before.removesuffix("\ufe0f")[-1:])
    while before and unicodedata.category(before[-1]) == "Mn":
        before = before[:-1]
    return _is_cursive(before[-1:]) and _is_cursive(after)


def _is_cursive(char: str) -> bool:
    if not char.isalpha():
        return False
    return unicodedata.bidirectional(char) == "AL" or unicodedata.name(char, "").startswith(("MONGOLIAN", "NKO "))

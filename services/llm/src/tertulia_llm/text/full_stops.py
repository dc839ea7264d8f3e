"""Decides whether a single full stop ends its sentence. Pure functions on the text so far.

The result of each is True (the sentence ends), False (the sentence continues), or None (more text is needed).
"""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.text.abbreviations import (
    BEFORE_AMOUNT,
    BEFORE_NUMBER,
    BEFORE_ORDINAL,
    MAYBE_LAST,
    MAYBE_LAST_WITH_CAPITAL,
    NAME_PARTICLES,
    NEVER_LAST,
    NEVER_LAST_AFTER,
    ORDINAL_NOUNS,
    STARTERS,
    UNITS,
)

_OPENING: Final = "\"'“‘«„‚»([{*_~`-—–#>¿¡"
_LONGEST_ORDINAL_DIGITS: Final = 3
_LONGEST_TITLE_CHARS: Final = 3
_NEXT_WORD: Final = re.compile(r"[^\W\d_]{1,24}")
_LIST_NUMBER: Final = re.compile(r"[\s>*+•-]*\d{1,3}")
_DOTTED: Final = re.compile(r"[^\W\d_]{1,2}(?:\.-?[^\W\d_]{1,2})+")
_LETTER: Final = re.compile(r"[^\W\d_]")
_ELIDED: Final = frozenset({"l", "d", "un", "dell", "all", "nell", "dall", "sull", "qu", "s"})
_INITIAL: Final = re.compile(r"[^\W\d_\u2e80-\uffff]")
_ENDING_LETTERS: Final = frozenset({"I", "\u042f"})
"""Single letters that are a pronoun, which may end a sentence, rather than an initial: English "I", Russian "Ya"."""
_NO_VOWEL: Final = re.compile(r"[bcdfghjklmnpqrstvwxz]{2,4}")
_INTERJECTION: Final = re.compile(r"(.)\1|p?ss?h?t|br+|gr+|zz+|m?hm+|pf+t?")
_ROMAN: Final = re.compile(r"[IVXLCDM]{2,}")
_DAY_DOT: Final = re.compile(r"\d{1,2}\.")
_NUMBER: Final = re.compile(r"(?:\d{1,3}\.[–/-]){0,4}(\d+)")
"""A number, or the last number of a pair: "vom 1.–3. Mai"."""
_GENITIVE: Final = re.compile(r"[^\W\d_a-zà-ÿ][^\W\d_]+s")
_AMOUNT_SIGNS: Final = "€$£¥₹₽₺+§#"
_DAY_OR_MONTH: Final = re.compile(r"\d{1,2}(?!\d)")


def full_stop_ends(buffer: str, start: int, at: int, following: int, *, final: bool) -> bool | None:
    """Whether the full stop at `at` ends the sentence; None if more text is needed. The sentence begins at `start`; the
    text after the full stop begins at `following`.
    """
    word_at = _word_start(buffer, start, at)
    written = buffer[word_at:at].lstrip(_OPENING)
    next_char = buffer[following]
    if not written:
        return not next_char.islower()  # the last full stop of ". . ."
    if _LIST_NUMBER.fullmatch(buffer, start, at):
        return False
    before = buffer[start:word_at].rstrip()
    previous = before[_word_start(before, 0, len(before)) :].lstrip(_OPENING)
    if number := _NUMBER.fullmatch(written):
        return _number_ends(buffer, number.group(1), previous, before, following, final=final)
    return _word_ends(buffer, start, at, following, written=written, before=before, previous=previous, final=final)


def _word_ends(
    buffer: str, start: int, at: int, following: int, *, written: str, before: str, previous: str, final: bool
) -> bool | None:
    """Decide on the full stop after the word `written`; `previous` is the word before it."""
    next_char = buffer[following]
    word = _without_elision(_lower(written))
    if word in NEVER_LAST or _lower(previous).rstrip(".") in NEVER_LAST_AFTER.get(word, ()):
        return False
    is_unit = word in UNITS and previous[-1:].isdigit()
    if next_char.isdigit() and word in BEFORE_NUMBER and (before or word != "ok") and not is_unit:
        return False
    if next_char.isupper():
        return _ends_before_capital(buffer, written, word, previous, following, final=final)
    if next_char.islower():
        return not (_begins_with_capital(buffer, start, at) or _may_be_abbreviation(word) or "/" in word)
    abbreviated = _may_be_abbreviation(word) or word in BEFORE_AMOUNT or _is_capitalized_abbreviation(written)
    return _ends_before_sign(buffer, following, final=final) if abbreviated and not is_unit else True


def next_word(buffer: str, at: int, *, final: bool) -> str | None:
    """Return the word at `at` in lower case; "" if there is no word, or an abbreviation; None if the word may be
    incomplete.
    """
    found = _NEXT_WORD.match(buffer, at)
    if found is None:
        return ""
    if found.end() == len(buffer):
        return _lower(found.group()) if final else None
    word = _lower(found.group())
    is_abbreviation = buffer[found.end()] == "." and (len(word) == 1 or word in BEFORE_NUMBER or word in NEVER_LAST)
    return "" if is_abbreviation else word


def ends_with_abbreviation(text: str) -> bool:
    """True if `text` ends with the full stop of an abbreviation or of initials that precede a name: "Dr.", "J. R."."""
    written, previous = _last_words(text.rstrip())
    if not written.endswith("."):
        return False
    written = written[:-1]
    letters = written.replace("-", "").split(".")
    if all(len(letter) == 1 and letter.isupper() for letter in letters):
        return written not in _ENDING_LETTERS
    word = _without_elision(_lower(written))
    return word == "v" or word in NEVER_LAST or _lower(previous).rstrip(".") in NEVER_LAST_AFTER.get(word, ())


def _last_words(text: str) -> tuple[str, str]:
    """The last word of `text` and the word before it, without opening marks."""
    *_, previous, last = ["", "", *text.split()]
    return last.lstrip(_OPENING), previous.lstrip(_OPENING)


def _ends_before_sign(buffer: str, following: int, *, final: bool) -> bool | None:
    """Decide on an abbreviation before a digit, a sign or a bracket: "5 Mio. €", "et al. (2020)"."""
    if buffer[following] not in "([":
        return not (buffer[following].isdigit() or buffer[following] in _AMOUNT_SIGNS)
    if following + 1 == len(buffer):
        return True if final else None
    return not buffer[following + 1].isdigit()


def _ends_before_capital(  # noqa: PLR0911 - one return per rule
    buffer: str, written: str, word: str, previous: str, following: int, *, final: bool
) -> bool | None:
    roman = _ROMAN.fullmatch(written) is not None
    cited = word in BEFORE_NUMBER and buffer[following] in "IVXLCDM"
    elided_title = len(word) <= _LONGEST_TITLE_CHARS and len(word) < len(written)  # for example "l'on. Rossi"
    abbreviated = (
        elided_title
        or (_may_be_abbreviation(word) and not (word in UNITS and previous[-1:].isdigit()))
        or _is_capitalized_abbreviation(written)
        or _unknown_abbreviation(written, previous)
    )
    if not (roman or cited or abbreviated):
        return True
    following_word = next_word(buffer, following, final=final)
    if following_word is None:
        return None
    if roman:
        return following_word not in ORDINAL_NOUNS
    if cited and _ROMAN.fullmatch(following_word.upper()):
        return False  # for example "sec. XIX", "cap. IV"
    if not abbreviated:
        return True
    if len(written) == 1 and (
        following_word in NAME_PARTICLES or (word == "m" and following_word and not previous[-1:].isdigit())
    ):
        return not written.isupper()
    return following_word in STARTERS


def _number_ends(buffer: str, number: str, previous: str, before: str, following: int, *, final: bool) -> bool | None:  # noqa: PLR0911 - one return per rule
    """Decide on the full stop after a number: the number may be an ordinal, a day, or the number of a list item."""
    next_char = buffer[following]
    if len(number) > _LONGEST_ORDINAL_DIGITS:
        return True
    if next_char.islower():
        return False  # for example "die 3. größte Stadt", "w 2. rzędzie"
    if next_char.isdigit():
        return False if _DAY_DOT.fullmatch(previous) else _is_no_date(buffer, following, final=final)
    if before[-1:] in ":;" or f" {int(number) - 1}. " in before:
        return False  # the number of a list item within the sentence: "We need: 1. Milk and 2. Bread"
    possessed = _GENITIVE.fullmatch(previous) is not None  # for example "Beethovens 9. Sinfonie"
    previous = _lower(previous)
    follows_article = possessed or (previous in BEFORE_ORDINAL and not before.endswith("I am"))
    if not next_char.isupper():
        return not follows_article
    following_word = next_word(buffer, following, final=final)
    if following_word is None:
        return None
    if following_word in ORDINAL_NOUNS:
        return False
    return not (follows_article or int(number) == 1) or following_word in STARTERS


def _is_no_date(buffer: str, at: int, *, final: bool) -> bool | None:
    """False if the number at `at` is the month of a date such as "3. 10. 2024"; None if more text is needed."""
    month = _DAY_OR_MONTH.match(buffer, at)
    if month is None:
        return True
    if month.end() == len(buffer):
        return True if final else None
    return buffer[month.end()] != "."


def _begins_with_capital(buffer: str, start: int, at: int) -> bool:
    """True if this sentence begins with a capital: its writer then does not begin the next sentence in lower case."""
    first = _LETTER.search(buffer, start, at)
    return first is not None and first.group().isupper()


def _without_elision(word: str) -> str:
    """Return the word without an elided article: "art" for "l'art"."""
    article, _, rest = word.rpartition("'")
    return rest if article in _ELIDED and len(rest) > 1 else word


def _may_be_abbreviation(word: str) -> bool:
    if word.endswith("str") and len(word) > len("str"):
        return True  # German: the street in "Goethestr. 12"
    return word in MAYBE_LAST or _INITIAL.fullmatch(word) is not None or _DOTTED.fullmatch(word) is not None


def _is_capitalized_abbreviation(written: str) -> bool:
    return written[0].isupper() and _lower(written) in MAYBE_LAST_WITH_CAPITAL


def _unknown_abbreviation(written: str, previous: str) -> bool:
    """True for a short word without vowels, except for a unit after a number, a word in capitals, and sounds like
    "hmm".
    """
    return (
        _NO_VOWEL.fullmatch(written.lower()) is not None
        and not written.isupper()
        and not previous[-1:].isdigit()
        and _INTERJECTION.search(written.lower()) is None
    )


def _word_start(buffer: str, start: int, at: int) -> int:
    find = buffer.rfind
    before = max(
        find(" ", start, at), find("\n", start, at), find("\t", start, at), find("\u00a0", start, at),
        find("\u202f", start, at),
    )  # fmt: skip
    return before + 1 or start


def _lower(word: str) -> str:
    return word.lower().replace("i\u0307", "i").replace("\u2019", "'")

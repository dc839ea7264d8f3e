"""Keys of names by their sound, for transcripts: "Saige" sounds like "Sage", "Рекс" and "レックス" like "Rex". Pure.

The rules are a small set of spellings that differ while the sound is the same. They are not a pronunciation of any
language: equal keys only say that two words may be one name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from tertulia_shared.names.folding import fold

_CYRILLIC: Final = dict(
    zip(
        "абвгдежзиклмнопрстуфхцчшщъыьэюяіїєґ",
        "a b v g d e zh z i k l m n o p r s t u f h ts ch sh sh _ i _ e iu ia i i e g".split(),
        strict=True,
    )
)
_KANA_ROWS: Final = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ", "h": "ハヒフヘホ",
    "m": "マミムメモ", "r": "ラリルレロ", "g": "ガギグゲゴ", "z": "ザジズゼゾ", "d": "ダヂヅデド", "b": "バビブベボ",
    "p": "パピプペポ",
}  # fmt: skip
_KANA: Final = {
    **{
        kana: consonant + vowel
        for consonant, row in _KANA_ROWS.items()
        for kana, vowel in zip(row, "aiueo", strict=True)
    },
    "ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヲ": "o", "ン": "n", "ヴ": "bu", "シ": "shi", "チ": "chi",
    "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji", "ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ャ": "ya",
    "ュ": "yu", "ョ": "yo", "ッ": "", "ー": "",
}  # fmt: skip
_RESPELLED: Final = {
    "sean": "shon", "shaun": "shon", "shawn": "shon", "siobhan": "shivon", "niamh": "niv", "saoirse": "sirsha",
    "caoimhe": "kiva", "neil": "nil", "keith": "kit", "aoife": "ifa", "yves": "iv", "hugh": "hu", "leigh": "li",
    "george": "jorj", "jorge": "horhe", "joaquin": "vakin", "juan": "van", "guy": "gai", "louis": "luis",
    "lewis": "luis", "stephen": "stiven", "steven": "stiven", "steffen": "stefen", "katherine": "katrin",
    "catherine": "katrin", "kathryn": "katrin", "cathrin": "katrin", "zach": "zak", "michael": "maikel",
    "rachel": "rechel", "ralph": "ralf",
}  # fmt: skip
_RULES: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"(.)\1+", r"\1\1"), (r"^wr", "r"), (r"^kn", "n"), (r"^ps", "s"), (r"^x", "z"), (r"age$", "ej"),
        (r"ace$", "es"), (r"sch", "S"), (r"tch", "C"), (r"ch(?=[rlt])", "k"), (r"ch", "C"), (r"sh", "S"),
        (r"ph", "f"), (r"(?<=[aeiou])gh", ""), (r"ck", "k"), (r"qu", "k"), (r"x", "ks"), (r"dg(?=[eiy])", "j"),
        (r"dj|dzh", "j"), (r"g(?=[eiy])(?!eo?r?$)", "j"), (r"ge$", "j"), (r"c(?=[eiy])", "s"), (r"c|q", "k"),
        (r"z", "s"), (r"th", "t"), (r"(?<=.)h", ""), (r"a([bcdfgjklmnprstvw])e$", r"e\1"), (r"oo|ou|ue|ew|eu", "u"),
        (r"eo", "e"), (r"oey?$|oi$", "oi"), (r"ea|ee|ie(?!$)", "i"), (r"ai|ay|ei|ey(?!$)", "e"), (r"oa|ow", "o"),
        (r"au|aw", "o"), (r"(?<=[a-zS])(?<![aeiou])e$", ""), (r"(?:er|ar|or|re|ah)$", "a"), (r"(?:ey|ie|y)$", "i"),
        (r"y", "i"), (r"(.)\1+", r"\1"),
    )
)  # fmt: skip
_VOWELS: Final = re.compile(r"[aeiou]")
_MIN_KEY: Final = 3
_MIN_SKELETON: Final = 2


@lru_cache(maxsize=4096)
def sound_key(folded: str) -> str:
    """The sound of a folded word in Latin letters; "" if it is too short to be distinguished from other words."""
    if not folded.isascii():
        return ""
    sound = _RESPELLED.get(folded, folded)
    for pattern, replacement in _RULES:
        sound = pattern.sub(replacement, sound)
    return sound if len(sound) >= _MIN_KEY else ""


@lru_cache(maxsize=4096)
def cyrillic_in_latin(folded: str) -> str:
    """A folded Cyrillic word in Latin letters; "" for other scripts."""
    letters = [_CYRILLIC.get(char) for char in folded]
    return "".join(letter for letter in letters if letter and letter != "_") if all(letters) else ""


@lru_cache(maxsize=4096)
def skeleton(word: str) -> str:
    """The consonants of a Latin or katakana word, as far as Japanese distinguishes them.

    "" if there are too few, or if the word is in another script.
    """
    if word and all(char in _KANA for char in word):
        word = "".join(_KANA[char] for char in word)
    elif not word.isascii():
        return ""
    sound = fold(word).translate(str.maketrans({"l": "r", "v": "b", "'": None, "-": None}))
    for pattern, replacement in _RULES[:-1]:
        sound = pattern.sub(replacement, sound)
    sound = _VOWELS.sub("", re.sub(r"(?<=n|m|r)i(?=[aou])", "", sound)).replace("j", "z").replace("C", "z")
    sound = re.sub(r"(.)\1+", r"\1", sound)
    return sound if len(sound) >= _MIN_SKELETON else ""

"""Invisible characters in names and titles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_shared.visible_text import invisible_fault, without_invisible

ANY_TEXT = st.text(st.characters(exclude_categories=()) | st.sampled_from("\u200c\u200d\ufe0f\U000e0067\u0301a🏴ک"))


@pytest.mark.parametrize(
    "char",
    [
        *"\u200b\u200e\u200f\u061c\u2060\u2061\ufeff\u180e\u00ad",  # zero width, marks of direction, soft hyphen
        *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # bidi embeddings, overrides, isolates
        *"\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800\ufffc\U0001d159",  # fillers and blanks
        *"\U000e0001\U000e0041\U000e007f",  # tags
        *"\ue000\uf8ff\U000f0000\U0010fffd",  # private use
        *"\ufff9\ufffb\U0001d173",  # annotation and music controls
        *"\ufdd0\uffff\U0001fffe",  # noncharacters
        *"\x00\x07\x1b\x7f\x81",  # controls
        *"\n\r\x0b\x0c\u2028\u2029",  # line ends
        *"\ufe00\ufe0f\ufe0e\U000e0100\u180b",  # variation selectors after a letter
        *"\u200c\u200d",  # joiners between Latin letters
        "\ud83d",
    ],
    ids=lambda char: f"U+{ord(char):04X}",
)
def test_invisible_character_in_a_name_is_refused_by_its_code_point(char: str) -> None:
    for name in (f"Lu{char}na", f"Luna{char}", f"{char}Luna"):
        assert f"U+{ord(char):04X}" in invisible_fault(name)
        assert without_invisible(name) == "Luna"


@pytest.mark.parametrize("name", ["\u0301Luna", "Luna \u0301", "\u20dd", "\u0903ka", "Luna \u0301\u0302b"])
def test_combining_mark_without_a_letter_is_refused(name: str) -> None:
    assert "a combining mark without a letter" in invisible_fault(name)
    assert not invisible_fault(without_invisible(name))


@pytest.mark.parametrize(
    "name",
    [
        "Luna", "Jean-Luc", "Søren", "Zoë", "Zoe\u0308", "Nguye\u0302\u0303n", "O’Brien", "Dr. No 2",
        "Luna\u00a0B.", "tab\tname",
        "محمد", "مُحَمَّد", "دَاوُد", "דָּוִד", "שׁוֹשַׁנָּה", "می\u200cخواهم", "علی\u200cرضا", "مُ\u200cمَ",
        "क\u094d\u200dष", "ශ\u0dca\u200dරී", "র\u200d\u09cdয", "കല\u0d4d\u200d", "नी\u094d\u200cल",
        "渡\U000e0100邉", "葛\ufe00飾", "さくら", "が", "か\u3099",
        "한글", "ᠮᠣᠩ\u180bᠭᠣᠯ", "ไทย", "မြန်မာ", "བོད",
        "👩\u200d🚀 Astra", "❤\ufe0f\u200d🔥", "🏳\ufe0f\u200d🌈",
        "👨🏽\u200d🦰", "👩\u200d❤\ufe0f\u200d👨", "🙂\u200d↔\ufe0f",
        "☎\ufe0e", "1\ufe0f\u20e3", "©\ufe0f", "‼\ufe0f", "🇩🇪", "🐻\u200d❄\ufe0f", "🫨", "\U0001fae9",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Scotty", "\ud83d\ude00", "O\x92Brien",
    ],
)  # fmt: skip
def test_names_of_any_script_and_emoji_are_allowed(name: str) -> None:
    assert invisible_fault(name) == ""
    assert without_invisible(name) == name.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


@pytest.mark.parametrize(
    "name",
    [
        "👩\u200d", "\u200d🚀", "👩\u200d\u200d🚀", "a\u200d🚀", "علی\u200c", "\u200cعلی", "علی\u200ca",
        "👩\ufe0f\ufe0f",
        "🏴\U000e0067\U000e0062", "🏴\U000e0068\U000e0069\U000e007f", "1\u200d2", "कष\u200d", "\u200c\u094d",
    ],
)  # fmt: skip
def test_unicode_joiners_variation_selectors_and_tag_characters_without_effect_are_refused(name: str) -> None:
    assert invisible_fault(name).startswith("contains U+")


def test_error_about_an_invisible_character_names_it_and_the_remedy() -> None:
    assert invisible_fault("Lu\u202ena") == (
        "contains U+202E RIGHT-TO-LEFT OVERRIDE, an invisible format character; remove it"
    )


@given(ANY_TEXT)
def test_text_from_which_invisible_characters_were_removed_is_accepted(text: str) -> None:
    repaired = without_invisible(text)
    assert invisible_fault(repaired) == ""
    assert without_invisible(repaired) == repaired


@given(st.text(st.characters(categories=["L", "N"]), min_size=1))
def test_letters_and_digits_are_never_refused(text: str) -> None:
    blank = "\u115f\u1160\u3164\uffa0"
    assert without_invisible(text) == "".join(char for char in text if char not in blank)

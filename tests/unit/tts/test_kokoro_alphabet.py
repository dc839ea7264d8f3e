from __future__ import annotations

import pytest

from tertulia_tts.engines.kokoro.alphabet import MAX_TOKENS, TOKENS, spelled, tokens, within_limit

AMERICAN, BRITISH, GERMAN, SPANISH = "gmw/en-US", "gmw/en", "gmw/de", "roa/es"


def test_every_sign_has_a_token_of_its_own() -> None:
    assert len(TOKENS) == len(set(TOKENS.values())) == 114
    assert tokens("ˈa ᵻ") == [156, 43, 16, 177]


@pytest.mark.parametrize(
    ("ipa", "language", "expected"),
    [
        ("bˈɛɾɚ", AMERICAN, "bˈɛTəɹ"),
        ("bˈʌʔn\u0329", AMERICAN, "bˈʌtᵊn"),
        ("nˈɜːs", AMERICAN, "nˈɜɹs"),
        ("ɡˈo^ʊ", AMERICAN, "ɡˈO"),
        ("ɡˈə^ʊ", BRITISH, "ɡˈQ"),
        ("skwˈe^ə", BRITISH, "skwˈɛː"),
        ("nˈɜːs", BRITISH, "nˈɜːs"),
        ("mˈut^ʃo", SPANISH, "mˈuʧo"),
        ("lˈe^ɪ", SPANISH, "lˈA"),
        ("hˈɔ^øtə", GERMAN, "hˈYtɛ"),
        ("fˈʏnf", GERMAN, "fˈynf"),
        ("vˈɛtɜ", GERMAN, "vˈɛtaɾ"),
    ],
)
def test_phonemes_are_spelled_as_the_model_knows_them(ipa: str, language: str, expected: str) -> None:
    assert spelled(ipa, language) == expected


def test_signs_without_a_token_are_dropped() -> None:
    assert spelled("a1^2a", SPANISH) == "aa"


def test_text_within_the_limit_is_not_split() -> None:
    assert within_limit("ab cd.") == ["ab cd."]
    assert within_limit("  ") == []


def test_long_text_is_split_after_a_punctuation_mark() -> None:
    assert within_limit("abc, def ghi jkl", 12) == ["abc,", "def ghi jkl"]


def test_long_text_without_punctuation_is_split_between_words() -> None:
    assert within_limit("abc def ghi", 9) == ["abc def", "ghi"]


def test_long_word_is_split_anywhere() -> None:
    parts = within_limit("a" * 1_200)
    assert [len(part) for part in parts] == [MAX_TOKENS, MAX_TOKENS, 180]

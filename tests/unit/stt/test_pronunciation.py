from __future__ import annotations

import pytest

from tertulia_stt.engines.pocketsphinx.pronunciation import by_letters, pronunciations, spoken_words

DICTIONARY = {
    "luna": "L UW N AH",
    "read": "R EH D",
    "read(2)": "R IY D",
    "star": "S T AA R",
    "buck": "B AH K",
    "sta": "S T AH",
    "rbuck": "R B AH K",
}


def test_names_are_split_into_words_of_plain_letters() -> None:
    assert spoken_words(["Luna", "Mary-Ann O'Neil", "José"]) == {
        "luna": "Luna",
        "mary": "Mary",
        "ann": "Ann",
        "o'neil": "O'Neil",
        "jose": "José",
    }


@pytest.mark.parametrize("word", ["", "42", "…", "美玲", "Юля", "_"])
def test_words_without_latin_letters_are_left_out(word: str) -> None:
    assert spoken_words([word]) == {}


def test_pronunciation_is_the_dictionary_entry_if_there_is_one() -> None:
    assert pronunciations("read", DICTIONARY.get) == ["R EH D", "R IY D"]


def test_compound_name_is_pronounced_as_two_dictionary_words() -> None:
    assert pronunciations("starbuck", DICTIONARY.get) == ["S T AA R B AH K"]


def test_unknown_name_is_pronounced_by_letter_rules() -> None:
    assert pronunciations("zyx", DICTIONARY.get) == ["Z IY K S"]


@pytest.mark.parametrize(
    ("word", "phones"),
    [("ada", "AE D AH"), ("phoebe", "F OW EH B"), ("otto", "OW T OW"), ("o'shea", "OW SH IY"), ("jane", "JH AE N")],
)
def test_letter_rules_convert_a_word_to_phones(word: str, phones: str) -> None:
    assert by_letters(word) == phones

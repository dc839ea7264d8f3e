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


def test_single_words_are_found_in_names_of_any_shape() -> None:
    assert spoken_words(["Luna", "Mary-Ann O'Neil", "José"]) == {
        "luna": "Luna",
        "mary": "Mary",
        "ann": "Ann",
        "o'neil": "O'Neil",
        "jose": "José",
    }


@pytest.mark.parametrize("word", ["", "42", "…", "美玲", "Юля", "_"])
def test_words_in_other_scripts_are_dropped(word: str) -> None:
    assert spoken_words([word]) == {}


def test_dictionary_entries_are_used_first() -> None:
    assert pronunciations("read", DICTIONARY.get) == ["R EH D", "R IY D"]


def test_compounds_are_split_near_the_middle() -> None:
    assert pronunciations("starbuck", DICTIONARY.get) == ["S T AA R B AH K"]


def test_unknown_names_are_spelt_by_letter_rules() -> None:
    assert pronunciations("zyx", DICTIONARY.get) == ["Z IY K S"]


@pytest.mark.parametrize(
    ("word", "phones"),
    [("ada", "AE D AH"), ("phoebe", "F OW EH B"), ("otto", "OW T OW"), ("o'shea", "OW SH IY"), ("jane", "JH AE N")],
)
def test_letters_to_phones(word: str, phones: str) -> None:
    assert by_letters(word) == phones

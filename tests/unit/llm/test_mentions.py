from __future__ import annotations

import pytest

from tertulia_llm.text.mentions import by_name, named_in

CAST = ["luna Vega", "Bob", "José Ruiz", "Mary-Jane O'Neil", "The Doctor", "Old King Cole"]


def named(text: str, cast: list[str]) -> list[str]:
    return named_in(text, cast, name=str) or by_name(cast, name=str)


@pytest.mark.parametrize(
    ("text", "answering"),
    [
        ("Hi Luna!", ["luna Vega"]),
        ("BOB, tell luna.", ["Bob", "luna Vega"]),
        ("Ms Vega and Bob and Luna", ["luna Vega", "Bob"]),
        ("Luna's and Bob’s hats", ["luna Vega", "Bob"]),
        ("Jose?", ["José Ruiz"]),
        ("Jose\u0301?", ["José Ruiz"]),
        ("José’d know", ["José Ruiz"]),
        ("mary-jane!", ["Mary-Jane O'Neil"]),
        ("Mary\u2011Jane!", ["Mary-Jane O'Neil"]),
        ("O\u2019Neil's idea", ["Mary-Jane O'Neil"]),
        ("So, the doctor said", ["The Doctor"]),
        ("Where is Cole?", ["Old King Cole"]),
        ("**Bob**, _Luna_", ["Bob", "luna Vega"]),
        ("(bob)", ["Bob"]),
        ("Bob—Luna", ["Bob", "luna Vega"]),
    ],
)
def test_named_characters_are_ordered_by_first_mention(text: str, answering: list[str]) -> None:
    assert named(text, CAST) == answering


@pytest.mark.parametrize(
    "text",
    [
        "Hello all",
        "",
        "lunar bobsled",
        "Bobby",
        "I saw a doctor",
        "the old king",
        "Mary and Jane-Ann",
        "Bob-cat",
        "Neil",
        "???",
    ],
)
def test_text_without_a_name_is_answered_by_all_characters_ordered_by_name(text: str) -> None:
    assert named(text, CAST) == ["Bob", "José Ruiz", "luna Vega", "Mary-Jane O'Neil", "Old King Cole", "The Doctor"]


@pytest.mark.parametrize(
    ("text", "answering"),
    [
        ("Ana, hello", ["Ana Gil", "Ana Ruiz"]),
        ("Ana Ruiz, hello", ["Ana Ruiz"]),
        ("Gil?", ["Ana Gil"]),
        ("Ana Ruiz. Ana, I mean you!", ["Ana Ruiz"]),
        ("Ana, I mean Ana Gil!", ["Ana Gil"]),
        ("Ana Gil and Ana Ruiz", ["Ana Gil", "Ana Ruiz"]),
        ("Bo and Ana", ["Bo", "Ana Gil", "Ana Ruiz"]),
    ],
)
def test_full_name_in_a_text_decides_whom_a_shared_part_of_it_means(text: str, answering: list[str]) -> None:
    assert named(text, ["Ana Ruiz", "Ana Gil", "Bo"]) == answering


def test_longest_matching_part_of_a_name_decides() -> None:
    assert named("Maria Luisa!", ["Maria Luisa Gomez", "Maria Perez"]) == ["Maria Luisa Gomez"]
    assert named("Ana!", ["Ana", "Ana Ruiz"]) == ["Ana"]


@pytest.mark.parametrize(
    ("text", "answering"),
    [
        ("ルナさん、元気？", ["ルナ"]),
        ("小明，你好", ["王・小明"]),
        ("王・小明とルナ", ["王・小明", "ルナ"]),
        ("지우야, 안녕", ["지우"]),
        ("カキは？", ["カキ"]),
        ("ガキは？", ["カキ", "ルナ", "王・小明", "지우"]),  # another word than カキ, so not the name
    ],
)
def test_names_in_scripts_without_spaces_are_found_anywhere_in_the_text(text: str, answering: list[str]) -> None:
    assert named(text, ["지우", "ルナ", "王・小明", "カキ"]) == answering


def test_single_letters_and_titles_count_only_in_a_whole_name() -> None:
    cast = ["Q", "Dr. J. Watson", "de la Cruz"]
    assert named("Plan J of the dr. de la x", cast) == ["de la Cruz", "Dr. J. Watson", "Q"]
    assert named("q?", cast) == ["Q"]
    assert named("watson and Cruz", cast) == ["Dr. J. Watson", "de la Cruz"]


def test_named_characters_may_be_objects_of_any_type() -> None:
    cast = [{"id": 1, "name": "Luna"}, {"id": 2, "name": "Bob"}]
    assert named_in("Bob!", cast, name=lambda character: str(character["name"])) == [cast[1]]
    assert named_in("Bob!", [], name=str) == []


@pytest.mark.parametrize(
    ("text", "answering"),
    [("Lukasz?", ["Łukasz"]), ("Łukasz?", ["Łukasz"]), ("bjorn", ["Bjørn"]), ("HAL!", ["HAL 9000"]),
     ("I saw 9000 of them, Bjørn", ["Bjørn"]),
     ("hal 9000", ["HAL 9000"]), ("Agent 47 or 47", ["47"])],
)  # fmt: skip
def test_letters_with_a_stroke_are_folded_and_a_number_alone_names_nobody(text: str, answering: list[str]) -> None:
    assert named(text, ["Łukasz", "Bjørn", "HAL 9000", "47"]) == answering

from __future__ import annotations

import pytest

from tertulia_shared.names import Case, NameFinder, normalized

CAST = ("luna Vega", "Bob", "José Ruiz", "Mary-Jane O'Neil", "The Doctor", "Old King Cole")


def found(text: str, cast: tuple[str, ...], *, by_sound: bool = False) -> list[str]:
    """The names that are found, without those that stand in a case that is no address."""
    mentions = NameFinder(cast).find(text, by_sound=by_sound)
    return [cast[index] for mention in mentions for index in mention.names]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hi Luna!", ["luna Vega"]),
        ("BOB, tell luna.", ["Bob", "luna Vega"]),
        ("Ms Vega and Bob", ["luna Vega", "Bob"]),
        ("Luna's and Bob’s hats", ["luna Vega", "Bob"]),
        ("Jose?", ["José Ruiz"]),
        ("Jose\u0301?", ["José Ruiz"]),
        ("José’d know", ["José Ruiz"]),
        ("mary-jane! mary jane! Mary\u2011Jane!", ["Mary-Jane O'Neil"] * 3),
        ("O\u2019Neil's idea, o neil", ["Mary-Jane O'Neil"] * 2),
        ("So, the doctor said", ["The Doctor"]),
        ("Doctor! I saw a dr.", ["The Doctor"] * 2),
        ("Where is Cole?", ["Old King Cole"]),
        ("**Bob**, _Luna_, (bob), Bob—Luna", ["Bob", "luna Vega", "Bob", "Bob", "luna Vega"]),
        ("d'Bob", ["Bob"]),
    ],
)
def test_names_are_found_in_their_spellings(text: str, names: list[str]) -> None:
    assert found(text, CAST) == names


@pytest.mark.parametrize(
    "text", ["", "???", "lunar bobsled", "Bobby", "the old king", "Mary and Jane-Ann", "Bob-cat", "Neil"]
)
def test_parts_of_other_words_are_no_names(text: str) -> None:
    assert found(text, CAST) == []


def test_full_name_in_the_text_decides_whom_a_first_name_alone_means() -> None:
    cast = ("Ana Ruiz", "Ana Gil", "Bo")
    assert found("Ana, hello", cast) == ["Ana Ruiz", "Ana Gil"]
    assert found("Gil?", cast) == ["Ana Gil"]
    assert found("Ana Ruiz. Ana, I mean you!", cast) == ["Ana Ruiz", "Ana Ruiz"]
    assert found("Ana!", ("Ana", "Ana Ruiz")) == ["Ana"]
    assert found("Maria Luisa!", ("Maria Luisa Gomez", "Maria Perez")) == ["Maria Luisa Gomez"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ルナさん、元気？", ["ルナ"]),
        ("小明，你好", ["王・小明"]),
        ("王・小明とルナ", ["王・小明", "ルナ"]),
        ("지우야, 안녕", ["지우"]),
        ("ガキは？ルナールも", []),
        ("賢治くん", ["宮沢賢治"]),
        ("月さん、こんにちは", ["月"]),
    ],
)
def test_names_in_scripts_without_spaces_are_found_anywhere(text: str, names: list[str]) -> None:
    assert found(text, ("지우", "ルナ", "王・小明", "カキ", "宮沢賢治", "月")) == names


def test_single_letters_and_titles_count_only_in_a_whole_name() -> None:
    cast = ("Q", "Dr. J. Watson", "de la Cruz")
    assert found("Plan J of de la x", cast) == []
    assert found("q? watson and Cruz", cast) == ["Q", "Dr. J. Watson", "de la Cruz"]


@pytest.mark.parametrize(
    ("text", "names"),
    [("Lukasz? Łukasz?", ["Łukasz"] * 2), ("bjorn, Bjoern", ["Bjørn"] * 2), ("HAL! hal 9000", ["HAL 9000"] * 2),
     ("I saw 9000 of them", []), ("Agent 47", ["47"]), ("Strauss, Strauß", ["Strauß"] * 2),
     ("juergen, Jürgen, jurgen", ["Jürgen"] * 3)],
)  # fmt: skip
def test_accents_are_ignored_and_a_number_that_is_a_part_of_a_name_is_no_mention(text: str, names: list[str]) -> None:
    assert found(text, ("Łukasz", "Bjørn", "HAL 9000", "47", "Strauß", "Jürgen")) == names


@pytest.mark.parametrize(
    ("text", "name", "case"),
    [
        ("Luna", "Luna", Case.PLAIN),
        ("Luno", "Luna", Case.VOCATIVE),
        ("Lunę", "Luna", Case.OTHER),
        ("Rexie", "Rex", Case.VOCATIVE),
        ("Reksa", "Rex", Case.OTHER),
        ("Marku", "Marek", Case.VOCATIVE),
        ("Luna's", "Luna", Case.OTHER),
        ("Luna'ya", "Luna", Case.OTHER),
        ("Lunacığım", "Luna", Case.VOCATIVE),
        ("Rexille", "Rex", Case.OTHER),
        ("Рекса", "Рекс", Case.OTHER),
        ("Луну", "Луна", Case.OTHER),
        ("Рексу", "Rex", Case.OTHER),
        ("Луна", "Luna", Case.PLAIN),
        ("qu'Anna", "Anna", Case.OTHER),
    ],
)
def test_case_of_a_name_is_known_by_its_ending(text: str, name: str, case: Case) -> None:
    assert [mention.case for mention in NameFinder([name]).find(text)] == [case]


@pytest.mark.parametrize(
    ("heard", "name"),
    [("wrecks", "Rex"), ("looner", "Luna"), ("saige", "Sage"), ("cathrin", "Katherine"), ("jon", "John"),
     ("sofia", "Sophia"), ("shawn", "Sean"), ("zoey", "Zoë"), ("lou na", "Luna"), ("erik", "Eric")],
)  # fmt: skip
def test_misheard_name_is_found_by_its_sound_only_in_speech(heard: str, name: str) -> None:
    assert found(heard, (name, "Bob"), by_sound=True) == [name]
    assert found(heard, (name, "Bob")) == []


def test_word_that_sounds_like_several_names_is_no_mention() -> None:
    assert found("wrecks", ("Rex", "Recks"), by_sound=True) == []


@pytest.mark.parametrize("word", ["look", "well", "lunar", "see", "rocks"])
def test_common_word_is_not_taken_for_a_name_by_its_sound(word: str) -> None:
    assert found(word, ("Luke", "Wel", "Luna", "Sea", "Rex"), by_sound=True) == []


def test_katakana_and_cyrillic_names_match_latin_ones() -> None:
    cast = ("Luna", "Rex", "Sage")
    assert found("レックスさん、ルナちゃん、セージ", cast) == ["Rex", "Luna", "Sage"]
    assert found("Рекс и Луна", cast) == ["Rex", "Luna"]


def test_mention_covers_the_title_and_the_honorific() -> None:
    text = normalized("Hello Mr. Holmes, ルナさん!")
    holmes, luna = NameFinder(["Sherlock Holmes", "ルナ"]).find(text)
    assert (text[holmes.start : holmes.end], text[luna.start : luna.end]) == ("Mr. Holmes", "ルナさん")


def test_mention_that_may_be_a_common_word_is_marked() -> None:
    finder = NameFinder(["Will", "Luka", "The Doctor", "Sage Smith"])
    marks = [mention.is_word for mention in finder.find("will Luka a doctor Sage Smith sage")]
    assert marks == [True, False, True, False, True]

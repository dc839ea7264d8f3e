"""The decision who answers: tables of labelled remarks, and the rules of the modes."""

from __future__ import annotations

from collections import Counter

import pytest

from tertulia_llm.text.addressing import Remark, Seat, asks_for_discussion, decide
from tertulia_shared.answering import Mode
from tests.unit.llm.addressing_table import Labelled, read_table, wrong

REMARKS = read_table("remarks.txt")
HELD_OUT, HELD_OUT_2, HELD_OUT_3 = (read_table(name) for name in ("held_out.txt", "held_out_2.txt", "held_out_3.txt"))
LANGUAGES = {"de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "tr", "zh"}
CAST = tuple(Seat(name.lower(), name) for name in ("Luna", "Rex", "Sage"))
RAIN = "It is raining."


def answers(text: str, cast: tuple[Seat, ...] = CAST, **given: object) -> list[tuple[str, str]]:
    remark = Remark(text, cast, **given)  # pyright: ignore[reportArgumentType] - as each test gives them
    return [(answerer.seat.name, answerer.reason) for answerer in decide(remark)]


def names(text: str, cast: tuple[Seat, ...] = CAST, **given: object) -> list[str]:
    return [name for name, _ in answers(text, cast, **given)]


@pytest.mark.parametrize(
    ("table", "share"),
    [(REMARKS, 0.95), (HELD_OUT, 0.90), (HELD_OUT_2, 0.95), (HELD_OUT_3, 0.90)],
    ids=["remarks", "held_out", "held_out_2", "held_out_3"],
)
def test_labelled_remarks_are_answered_by_the_characters_of_their_labels(table: list[Labelled], share: float) -> None:
    misses = wrong(table)
    assert len(misses) <= len(table) * (1 - share), "\n".join(misses)


def test_tables_have_remarks_in_all_languages() -> None:
    assert len(REMARKS) >= 200
    for table in (REMARKS, HELD_OUT, HELD_OUT_2, HELD_OUT_3):
        assert {remark.language for remark in table} == LANGUAGES


def test_decision_depends_only_on_the_remark_and_the_seed() -> None:
    first = [answers(RAIN, seed=str(seed)) for seed in range(50)]
    assert first == [answers(RAIN, seed=str(seed)) for seed in range(50)]
    assert len({str(each) for each in first}) > 3


def test_last_speaker_answers_an_unaddressed_remark_first_and_sometimes_another_one_too() -> None:
    given = [answers(RAIN, seed=str(seed), speakers=("sage", "rex")) for seed in range(200)]
    assert {each[0] for each in given} == {("Rex", "chosen")}
    counts = Counter(len(each) for each in given)
    assert set(counts) == {1, 2}
    assert min(counts.values()) > 20


def test_talkative_and_long_silent_characters_are_chosen_more_often() -> None:
    cast = (Seat("a", "Ana", 90), Seat("b", "Bo", 10), Seat("c", "Cy", 50))
    talkative = Counter(name for seed in range(300) for name in names(RAIN, cast, seed=str(seed)))
    assert talkative["Ana"] > talkative["Cy"] > talkative["Bo"] > 0
    spoke = ("luna", "sage", "sage", "rex", "sage", "rex")
    silent = Counter(names(RAIN, seed=str(seed), speakers=spoke)[1:][0] for seed in range(300) if
                     len(names(RAIN, seed=str(seed), speakers=spoke)) > 1)  # fmt: skip
    assert silent["Luna"] > silent["Sage"] > 0


def test_character_without_talkativeness_answers_only_if_addressed() -> None:
    cast = (Seat("luna", "Luna", 0), Seat("rex", "Rex"))
    assert all(names(RAIN, cast, seed=str(seed), speakers=("luna",)) == ["Rex"] for seed in range(50))
    assert names("Hello everyone!", cast) == ["Luna", "Rex"]
    assert names("Luna, how are you?", cast) == ["Luna"]
    assert names(RAIN, cast[:1]) == []


def test_character_that_is_mentioned_joins_more_often() -> None:
    about_sage = [names("What did Sage mean?", seed=str(seed), speakers=("luna",)) for seed in range(200)]
    counts = Counter(each[1] for each in about_sage if len(each) > 1)
    assert {each[0] for each in about_sage} == {"Luna"}
    assert counts["Sage"] > 3 * counts["Rex"]


@pytest.mark.parametrize(
    ("mode", "remark", "expected"),
    [
        ("everyone", RAIN, [("Luna", "everyone"), ("Rex", "everyone"), ("Sage", "everyone")]),
        ("everyone", "Why?", [("Luna", "everyone"), ("Rex", "everyone"), ("Sage", "everyone")]),
        ("everyone", "Not you, Rex.", [("Luna", "everyone"), ("Sage", "everyone")]),
        ("everyone", "Rex, why?", [("Rex", "named")]),
        ("named", RAIN, []),
        ("named", "Why?", []),
        ("named", "What do you all think?", [("Luna", "everyone"), ("Rex", "everyone"), ("Sage", "everyone")]),
        ("named", "Sage, why?", [("Sage", "named")]),
        ("in_turn", RAIN, [("Sage", "in_turn")]),
        ("in_turn", "Luna, why?", [("Luna", "named")]),
        ("in_turn", "Not you, Sage.", [("Luna", "in_turn")]),
        ("fitting", "Why?", [("Rex", "follow_up")]),
    ],
)
def test_mode_decides_who_answers_a_remark_that_is_addressed_to_no_one(
    mode: Mode, remark: str, expected: list[tuple[str, str]]
) -> None:
    assert answers(remark, mode=mode, speakers=("luna", "rex")) == expected


def test_muted_character_answers_only_if_it_is_named() -> None:
    assert names("Hello everyone!", muted={"rex"}) == ["Luna", "Sage"]
    assert names(RAIN, mode="in_turn", speakers=("luna",), muted={"rex"}) == ["Sage"]
    assert names("Rex, how are you?", muted={"rex"}) == ["Rex"]
    assert "Rex" not in names("Why?", speakers=("rex",), muted={"rex"})
    assert names(RAIN, mode="everyone", muted={"luna", "rex", "sage"}) == []


def test_the_others_are_all_but_the_last_speaker() -> None:
    assert names("And the others?", speakers=("luna", "rex")) == ["Luna", "Sage"]
    assert names("And the others?", speakers=("rex", "luna")) == ["Rex", "Sage"]
    assert names("Rex, what do the others think?", speakers=("rex",)) == ["Rex"]
    assert names("The others were late yesterday.", speakers=("rex",))[0] == "Rex"


def test_you_two_means_the_two_that_spoke_last() -> None:
    assert names("What do you two think?", speakers=("luna", "sage", "rex", "sage")) == ["Rex", "Sage"]
    assert names("What do you two think?", CAST[:2]) == ["Luna", "Rex"]


def test_characters_that_the_user_chose_answer_whatever_the_text_says() -> None:
    assert answers("Luna, why?", to="sage,rex") == [("Sage", "asked"), ("Rex", "asked")]
    assert answers("Luna, why?", to="nobody") == []
    assert answers("Luna, why?", to="gone") == []


def test_follow_up_without_a_last_speaker_is_a_remark_to_no_one() -> None:
    assert {reason for _, reason in answers("Why?", seed="1")} == {"chosen"}
    assert {reason for _, reason in answers("Why?", seed="1", speakers=("gone",))} == {"chosen"}


@pytest.mark.parametrize("text", ["", "…", "???", "12", "😀", "a" * 100_000, "Luna " * 20_000, "(((", "ルナ" * 5000])
def test_at_least_one_character_answers_any_text_however_long_or_odd(text: str) -> None:
    assert len(answers(text, seed="1")) in {1, 2}


def test_decision_is_empty_if_there_are_no_characters() -> None:
    assert answers("Hello", ()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Discuss that, you two.", ["Luna", "Rex", "Sage"]),
        ("Luna and Rex, discuss that please.", ["Luna", "Rex"]),
        ("Talk among yourselves.", ["Luna", "Rex", "Sage"]),
        ("Why don't you discuss it among yourselves, but not Sage?", ["Luna", "Rex"]),
        ("Let Luna and Sage discuss it.", ["Luna", "Sage"]),
        ("Diskutiert das mal, ihr zwei.", ["Luna", "Rex", "Sage"]),
        ("Redet mal miteinander, Luna und Sage.", ["Luna", "Sage"]),
        ("Discutidlo entre vosotros.", ["Luna", "Rex", "Sage"]),
        ("Luna y Rex, discútanlo entre ustedes.", ["Luna", "Rex"]),
        ("Discutez-en entre vous.", ["Luna", "Rex", "Sage"]),
        ("Parlatene tra voi.", ["Luna", "Rex", "Sage"]),
        ("Conversem entre vocês.", ["Luna", "Rex", "Sage"]),
        ("Praat er samen over, jullie twee.", ["Luna", "Rex", "Sage"]),
        ("Porozmawiajcie o tym między sobą.", ["Luna", "Rex", "Sage"]),
        ("Kendi aranızda tartışın.", ["Luna", "Rex", "Sage"]),
        ("Обсудите это между собой.", ["Luna", "Rex", "Sage"]),
        ("二人で話し合って。", ["Luna", "Rex", "Sage"]),
        ("你们讨论一下吧。", ["Luna", "Rex", "Sage"]),
        ("Let's discuss the plan, Luna.", None),
        ("What did you two discuss?", None),
        ("Rex, talk about the moon.", None),
        ("Ich will mit euch diskutieren.", None),
        ("我们讨论一下吧。", None),
    ],
)
def test_request_to_talk_with_each_other_is_recognized(text: str, expected: list[str] | None) -> None:
    found = asks_for_discussion(text, CAST)
    assert (None if found is None else [seat.name for seat in found]) == expected

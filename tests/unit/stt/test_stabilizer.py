from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tertulia_stt.stabilizer import Stabilizer, StabilizerResult, sentence_case


def look(stabilizer: Stabilizer, text: str) -> StabilizerResult:
    return stabilizer.see(text.split())


def test_unchanged_hypothesis_gives_no_update() -> None:
    stabilizer = Stabilizer()
    assert look(stabilizer, "") == StabilizerResult(None, None)
    assert look(stabilizer, "the") == StabilizerResult(("the",), None)
    assert look(stabilizer, "the") == StabilizerResult(None, None)
    assert look(stabilizer, "") == StabilizerResult(None, None)
    assert look(stabilizer, "the") == StabilizerResult(None, None)


def test_prefix_that_three_hypotheses_share_is_stable() -> None:
    stabilizer = Stabilizer()
    look(stabilizer, "the see")
    look(stabilizer, "the sea is")
    assert look(stabilizer, "the sea was").stabilized == ("the",)
    assert look(stabilizer, "the sea was calm").stabilized == ("the", "sea")


def test_revised_prefix_does_not_change_the_stable_text() -> None:
    stabilizer = Stabilizer()
    for _ in range(3):
        look(stabilizer, "she aged")
    for _ in range(3):
        assert look(stabilizer, "sage what is").stabilized is None
    assert look(stabilizer, "she aged well").stabilized is None


@given(st.lists(st.lists(st.sampled_from(["a", "b"]), max_size=4)))
def test_stable_text_only_grows(looks: list[list[str]]) -> None:
    stabilizer = Stabilizer()
    stable: tuple[str, ...] = ()
    for words in looks:
        now = stabilizer.see(words).stabilized
        if now is not None:
            assert len(now) > len(stable)
            assert tuple(now[: len(stable)]) == stable
            stable = tuple(now)


def test_sentence_case_capitalizes_the_first_letter_and_the_word_i() -> None:
    assert sentence_case(["when", "i", "say", "i'm", "in", "Rex", "listens"]) == "When I say I'm in Rex listens"
    assert sentence_case([]) == ""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tertulia_stt.stabilizer import Stabilizer, StabilizerResult, sentence_case


def see(stabilizer: Stabilizer, text: str) -> StabilizerResult:
    return stabilizer.see(text.split())


def test_unchanged_hypothesis_causes_no_update() -> None:
    stabilizer = Stabilizer()
    assert see(stabilizer, "") == StabilizerResult(None, None)
    assert see(stabilizer, "the") == StabilizerResult(("the",), None)
    assert see(stabilizer, "the") == StabilizerResult(None, None)
    assert see(stabilizer, "") == StabilizerResult(None, None)
    assert see(stabilizer, "the") == StabilizerResult(None, None)


def test_prefix_that_three_hypotheses_share_becomes_stable() -> None:
    stabilizer = Stabilizer()
    see(stabilizer, "the see")
    see(stabilizer, "the sea is")
    assert see(stabilizer, "the sea was").stabilized == ("the",)
    assert see(stabilizer, "the sea was calm").stabilized == ("the", "sea")


def test_stable_text_does_not_change_if_a_hypothesis_changes_its_words() -> None:
    stabilizer = Stabilizer()
    for _ in range(3):
        see(stabilizer, "she aged")
    for _ in range(3):
        assert see(stabilizer, "sage what is").stabilized is None
    assert see(stabilizer, "she aged well").stabilized is None


@given(st.lists(st.lists(st.sampled_from(["a", "b"]), max_size=4)))
def test_stable_text_only_becomes_longer(hypotheses: list[list[str]]) -> None:
    stabilizer = Stabilizer()
    stable: tuple[str, ...] = ()
    for words in hypotheses:
        now = stabilizer.see(words).stabilized
        if now is not None:
            assert len(now) > len(stable)
            assert tuple(now[: len(stable)]) == stable
            stable = tuple(now)


def test_sentence_case_capitalizes_the_first_letter_and_the_word_i() -> None:
    assert sentence_case(["when", "i", "say", "i'm", "in", "Rex", "listens"]) == "When I say I'm in Rex listens"
    assert sentence_case([]) == ""


def test_hypothesis_that_is_still_being_received_is_shown_but_makes_nothing_stable() -> None:
    partials = Stabilizer(agreement=2)
    assert partials.see(["tell"], is_complete=False).update == ("tell",)
    assert partials.see(["tell", "me"], is_complete=False).stabilized is None
    assert partials.see(["tell", "me"]).stabilized is None
    assert partials.see(["tell", "me", "a"]).stabilized == ("tell", "me")

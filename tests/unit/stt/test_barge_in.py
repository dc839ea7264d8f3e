from __future__ import annotations

from collections.abc import Sequence

import pytest

from tertulia_stt.barge_in import BargeInDecision, Bounds, Heard, decide, echo_share, words_of
from tertulia_stt.engine import SAMPLE_RATE

BOUNDS = Bounds(min_ms=400, echo_share=0.6)
BEING_SAID = ("The old lighthouse stands at the edge of the bay.", "Nobody has lived there for years.")


def decision(text: str, *, ms: int = 1000, is_final: bool = False, said: Sequence[str] = BEING_SAID) -> BargeInDecision:
    return decide(Heard(ms * SAMPLE_RATE // 1000, text, is_final), said, BOUNDS)


@pytest.mark.parametrize("text", ["tell me more about", "Stop!", "wait", "No.", "but why"])
def test_stop_word_or_two_words_that_are_no_echo_interrupt_at_once(text: str) -> None:
    assert decision(text) is BargeInDecision.BREAK_IN


@pytest.mark.parametrize("text", ["", "...", "Mhm", "yeah, right", "Oh, wow!", "I see"])
def test_backchannel_words_are_undecided_while_partial_and_ignored_when_final(text: str) -> None:
    assert decision(text) is BargeInDecision.WAIT
    assert decision(text, is_final=True) is BargeInDecision.IGNORE


def test_single_word_other_than_a_stop_word_interrupts_only_as_final_text() -> None:
    assert decision("Rex") is BargeInDecision.WAIT
    assert decision("Rex", is_final=True) is BargeInDecision.BREAK_IN


def test_speech_shorter_than_the_minimum_length_does_not_interrupt() -> None:
    assert decision("tell me more", ms=399) is BargeInDecision.WAIT
    assert decision("tell me more", ms=400) is BargeInDecision.BREAK_IN
    assert decision("tell me", ms=300, is_final=True) is BargeInDecision.IGNORE


@pytest.mark.parametrize(
    "text", ["stands at the edge of the bay", "old lighthouse stands", "nobody has lived", "house stands at the edge"]
)
def test_words_that_the_character_is_saying_are_ignored_as_an_echo(text: str) -> None:
    assert decision(text) is BargeInDecision.WAIT
    assert decision(text, is_final=True) is BargeInDecision.IGNORE


def test_words_that_are_far_apart_in_the_characters_text_are_not_an_echo() -> None:
    assert echo_share(words_of("years old edge"), BEING_SAID) == 0
    assert decision("years old edge has") is BargeInDecision.BREAK_IN


def test_text_is_an_echo_if_enough_of_its_words_are_the_characters_words() -> None:
    assert decision("at the edge of banana") is BargeInDecision.WAIT
    assert decision("at the banana I would like now") is BargeInDecision.BREAK_IN


def test_echo_share_is_zero_if_the_user_or_the_character_says_nothing() -> None:
    assert echo_share(["stop"], ()) == 0.0
    assert echo_share([], BEING_SAID) == 0.0
    assert decision("old lighthouse stands", said=()) is BargeInDecision.BREAK_IN


def test_single_word_is_an_echo_if_the_character_says_it() -> None:
    assert echo_share(["bay"], BEING_SAID) == 1.0
    assert echo_share(["pier"], BEING_SAID) == 0.0


def test_words_of_returns_lower_case_words_without_punctuation() -> None:
    assert words_of("Don\u2019t STOP, Rex!") == ["don't", "stop", "rex"]

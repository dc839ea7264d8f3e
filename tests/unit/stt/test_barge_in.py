from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tertulia_shared.phrases.tokens import tokens_of
from tertulia_stt.barge_in import BargeInDecision, Bounds, Heard, SoundSource, Spoken, decide, echo_share
from tertulia_stt.engine import SAMPLE_RATE
from tertulia_stt.speech_sound import Sound, SoundKind

BOUNDS = Bounds(min_ms=400, echo_share=0.6)
WORDS, MURMUR, NOISE = (Sound(kind, voiced_ms=500) for kind in SoundKind)
BEING_SAID = ("The old lighthouse stands at the edge of the bay.", "Nobody has lived there for years.")


NAMES = ("Luna", "Rex", "The Doctor")


def decision(
    text: str,
    *,
    ms: int = 1000,
    is_final: bool = False,
    said: Sequence[str] = BEING_SAID,
    source: SoundSource = SoundSource.UNKNOWN,
    **more: Any,
) -> BargeInDecision:
    heard = Heard(ms * SAMPLE_RATE // 1000, text, is_final, source, **more)
    return decide(heard, Spoken(said, NAMES), BOUNDS)


@pytest.mark.parametrize("text", ["tell me more about", "Stop!", "wait", "No.", "but why"])
def test_stop_word_or_two_words_that_are_no_echo_interrupt_at_once(text: str) -> None:
    assert decision(text) is BargeInDecision.BREAK_IN


@pytest.mark.parametrize("text", ["", "...", "Mhm", "yeah, right", "Oh, wow!", "I see"])
def test_backchannel_words_are_undecided_while_partial_and_ignored_when_final(text: str) -> None:
    assert decision(text) is BargeInDecision.WAIT
    assert decision(text, is_final=True) is BargeInDecision.IGNORE


def test_single_word_that_is_no_stop_word_or_name_interrupts_only_as_final_text() -> None:
    assert decision("Bananas") is BargeInDecision.WAIT
    assert decision("Bananas", is_final=True) is BargeInDecision.BREAK_IN


@pytest.mark.parametrize(
    "text", ["Stop", "Be quiet.", "No", "Sorry", "Why?", "Rex", "hey Luna", "Doctor", "нет", "等等"]
)
def test_stop_words_names_and_beginnings_of_interruptions_interrupt_however_short_they_are(text: str) -> None:
    assert decision(text, ms=200) is BargeInDecision.BREAK_IN
    assert decision(text, ms=200, is_final=True) is BargeInDecision.BREAK_IN


@pytest.mark.parametrize("text", ["stop", "old lighthouse stands", "tell me more"])
def test_nothing_interrupts_if_the_sound_is_only_an_echo(text: str) -> None:
    assert decision(text, source=SoundSource.ECHO) is BargeInDecision.WAIT
    assert decision(text, source=SoundSource.ECHO, is_final=True) is BargeInDecision.IGNORE


def test_words_that_the_character_says_interrupt_if_the_sound_has_another_voice() -> None:
    assert decision("stands at the edge", source=SoundSource.USER) is BargeInDecision.BREAK_IN


@pytest.mark.parametrize("text", ["stop", "Rex", "hey Luna"])
def test_stop_word_or_name_interrupts_before_enough_sound_was_compared(text: str) -> None:
    assert decision(text, ms=200, source=SoundSource.UNDECIDED) is BargeInDecision.BREAK_IN
    assert decision("tell me more", source=SoundSource.UNDECIDED) is BargeInDecision.WAIT


@pytest.mark.parametrize("source", [SoundSource.UNDECIDED, SoundSource.ECHO])
@pytest.mark.parametrize("text", ["stop", "Luna"])
def test_stop_word_or_name_that_the_character_says_does_not_interrupt(source: SoundSource, text: str) -> None:
    said = ("Luna could not stop laughing.",)
    assert decision(text, source=source, said=said, other_ms=50) is BargeInDecision.WAIT


@pytest.mark.parametrize(("other_ms", "expected"), [(30, BargeInDecision.WAIT), (40, BargeInDecision.BREAK_IN)])
def test_stop_word_over_an_echo_needs_only_40_ms_of_another_voice(other_ms: int, expected: BargeInDecision) -> None:
    assert decision("stop", source=SoundSource.ECHO, other_ms=other_ms) is expected


@pytest.mark.parametrize("sound", [MURMUR, NOISE])
@pytest.mark.parametrize("text", ["who would", "but love", "op pa", "no"])
def test_hum_laughter_or_cough_does_not_interrupt_although_the_recognizer_writes_words(text: str, sound: Sound) -> None:
    assert decision(text, sound=sound, is_final=True) is BargeInDecision.IGNORE
    assert decision("stop", sound=sound) is BargeInDecision.BREAK_IN
    assert decision("no no no", sound=sound) is BargeInDecision.BREAK_IN


def test_words_after_an_echo_interrupt_after_150_ms_of_the_users_voice() -> None:
    for voiced_ms, expected in ((140, BargeInDecision.WAIT), (150, BargeInDecision.BREAK_IN)):
        sound = Sound(SoundKind.WORDS, voiced_ms)
        assert decision("what a year", source=SoundSource.USER, has_echo=True, sound=sound) is expected


def test_partial_text_interrupts_if_the_partial_text_before_begins_with_the_same_two_words() -> None:
    assert decision("he then went", before="you have") is BargeInDecision.WAIT
    assert decision("you have been", before="you have") is BargeInDecision.BREAK_IN
    assert decision("shut shut shuttle", before="shut shut") is BargeInDecision.WAIT


@pytest.mark.parametrize("text", ["loona tell me", "hey loona"])
def test_misheard_name_interrupts_however_short_it_is(text: str) -> None:
    assert decision(text, ms=200) is BargeInDecision.BREAK_IN
    assert decision(text, ms=200, said=(f"The {text} thing",), is_final=True) is BargeInDecision.IGNORE


def test_stop_word_after_words_of_an_echo_interrupts() -> None:
    assert decision("light stop", ms=200, source=SoundSource.USER, has_echo=True) is BargeInDecision.BREAK_IN
    assert decision("light stop", ms=200, source=SoundSource.USER) is BargeInDecision.WAIT


def test_four_letters_of_a_script_without_spaces_interrupt_like_two_words() -> None:
    assert decision("我想问") is BargeInDecision.WAIT
    assert decision("我想问你") is BargeInDecision.BREAK_IN


def test_neighbouring_letters_that_the_character_says_are_an_echo_in_a_script_without_spaces() -> None:
    said = ("海边有一座老灯塔。",)
    assert decision("一座老灯塔", said=said) is BargeInDecision.WAIT
    assert decision("塔灯老座一", said=said) is BargeInDecision.BREAK_IN


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
    assert echo_share(tokens_of("years old edge"), BEING_SAID) == 0
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

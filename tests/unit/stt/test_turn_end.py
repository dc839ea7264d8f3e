"""Judges whether a text is finished: labelled texts, and rules that hold in every language."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tertulia_stt.settings import STTSettings
from tertulia_stt.turn_end import Completeness, SilenceBounds, completeness, silence_bound_ms
from tertulia_stt.turn_end.guess import GRAMMARS
from tests.harness.settings_of import settings_of

FOLDER = Path(__file__).parent / "turn_end"
LANGUAGES = ("en", "de", "es", "fr", "it", "pt", "nl", "pl", "tr", "ru", "ja", "zh")
NAMES = ("Luna", "Rex", "Sage")
BOUNDS = SilenceBounds(finished_ms=300, unclear_ms=600, open_ms=2000)
SPACED = LANGUAGES[:-2]
VOCABULARY = frozenset[str]().union(*(grammar.vocabulary for grammar in GRAMMARS.values()))


@dataclass(frozen=True)
class Remark:
    """A labelled text, from one line of a table."""

    language: str
    punctuated: bool
    label: Completeness
    text: str

    def judge(self, language: str) -> Completeness:
        return completeness(self.text, punctuated=self.punctuated, names=NAMES, language=language)


def remarks(name: str) -> list[Remark]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|", 3)] for line in lines if line and not line.startswith("#")]
    return [Remark(row[0], row[1] == "punctuated", Completeness(row[2]), row[3]) for row in rows]


@pytest.mark.parametrize("tagged", [True, False], ids=["language given", "language guessed"])
@pytest.mark.parametrize("table", [f"remarks{part}.txt" for part in ("", "_2", "_3", "_4", "_5", "_6", "_7")])
def test_judgements_of_labelled_texts_agree_with_the_labels(table: str, tagged: bool) -> None:  # noqa: FBT001
    rows = remarks(table)
    misses = [(row, found) for row in rows if (found := row.judge(row.language if tagged else "")) is not row.label]
    listed = "\n".join(f"{row.language}: {row.text!r} is {row.label.value}, not {found.value}" for row, found in misses)
    too_early = [row.text for row, found in misses if row.label is Completeness.OPEN and found is Completeness.FINISHED]
    assert len(misses) <= 0.05 * len(rows), listed
    assert len(too_early) <= 0.01 * len(rows), too_early


def test_each_language_has_enough_labelled_remarks() -> None:
    rows = remarks("remarks.txt")
    assert len(rows) >= 400
    assert all(sum(row.language == language for row in rows) >= 30 for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nine_of_ten_labelled_texts_are_judged_right_in_each_language(language: str) -> None:
    rows = [row for row in remarks("remarks.txt") if row.language == language]
    right = sum(row.judge(language) is row.label for row in rows)
    assert right >= 0.9 * len(rows)


@pytest.mark.parametrize("language", ["", *LANGUAGES, "ko", "en-US", "PT-br"])
@pytest.mark.parametrize("text", ["Luna.", "Luna, Rex.", "Hm..., Luna..."])
def test_text_of_names_alone_is_open_in_every_language(text: str, language: str) -> None:
    assert completeness(text, punctuated=True, names=NAMES, language=language) is Completeness.OPEN


@pytest.mark.parametrize("language", ["", *LANGUAGES, "ko"])
@pytest.mark.parametrize("mark", [",", "…", "...", " -", " —", ":"])
def test_text_with_a_final_comma_colon_dash_or_ellipsis_is_open_in_every_language(mark: str, language: str) -> None:
    assert completeness(f"Berlin{mark}", punctuated=True, language=language) is Completeness.OPEN


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "。", "🎉"])
def test_text_without_words_is_unclear(text: str) -> None:
    assert completeness(text, punctuated=True) is Completeness.UNCLEAR


@pytest.mark.parametrize("language", SPACED)
def test_long_punctuated_text_without_its_final_mark_is_not_finished(language: str) -> None:
    finished = [row for row in remarks("remarks.txt") if row.language == language and row.label.value == "finished"]
    long = [row.text for row in finished if row.punctuated and len(row.text.split()) > 4]
    cut = [text.rstrip(".?!") for text in long]
    judged = [completeness(text, punctuated=True, names=NAMES, language=language) for text in cut]
    assert Completeness.FINISHED not in judged


def test_text_in_a_language_without_word_lists_is_judged_by_its_marks() -> None:
    assert completeness("저는 학생입니다.", punctuated=True, language="ko") is Completeness.FINISHED
    assert completeness("저는 학생입니다", punctuated=False, language="ko") is Completeness.UNCLEAR


def test_only_the_last_sentence_of_a_text_is_judged() -> None:
    assert completeness("How are you? I was talking to my", punctuated=True, language="en") is Completeness.OPEN
    assert completeness("I went to the. How are you?", punctuated=True, language="en") is Completeness.FINISHED


def test_name_alone_after_another_sentence_is_unclear() -> None:
    judged = completeness("How are you? Rex.", punctuated=True, names=NAMES, language="en")
    assert judged is Completeness.UNCLEAR


def test_names_of_several_words_and_names_with_articles_are_recognized() -> None:
    names = ("Jean-Luc", "The Doctor", "Søren")
    for text in ("Jean Luc.", "Jean-Luc.", "Doctor.", "Hey Doctor."):
        assert completeness(text, punctuated=True, names=names, language="en") is Completeness.OPEN


def test_text_is_unclear_if_its_possible_languages_judge_it_differently() -> None:
    """Italian "ma" and Turkish "ona" are open. English "ma" and Polish "ona" may end a text."""
    assert completeness("ma", punctuated=False, language="it") is Completeness.OPEN
    assert completeness("ona", punctuated=False, language="tr") is Completeness.OPEN
    assert completeness("ma", punctuated=False, language="en") is Completeness.UNCLEAR
    assert completeness("ona", punctuated=False) is Completeness.UNCLEAR


@pytest.mark.parametrize(
    ("text", "expected_ms"), [("How are you?", 300), ("I saw him yesterday", 600), ("I want to", 2000)]
)
def test_silence_that_ends_a_turn_depends_on_the_completeness_of_its_text(text: str, expected_ms: int) -> None:
    assert silence_bound_ms(text, BOUNDS, punctuated=True, names=NAMES, language="en") == expected_ms


@pytest.mark.parametrize(("opinion", "expected_ms"), [(0.95, 300), (0.5, 600), (0.05, 900), (None, 600)])
def test_model_changes_the_silence_after_an_unclear_text(opinion: float | None, expected_ms: int) -> None:
    bound = silence_bound_ms(
        "I saw him yesterday", BOUNDS, punctuated=False, names=NAMES, language="en", second_opinion=opinion
    )
    assert bound == expected_ms


@pytest.mark.parametrize(("text", "expected_ms"), [("How are you?", 300), ("I want to", 2000)])
@pytest.mark.parametrize("opinion", [0.0, 1.0])
def test_model_does_not_change_the_silence_after_a_finished_or_open_text(
    text: str, expected_ms: int, opinion: float
) -> None:
    bound = silence_bound_ms(text, BOUNDS, punctuated=True, names=NAMES, language="en", second_opinion=opinion)
    assert bound == expected_ms


def test_model_does_not_lengthen_the_silence_beyond_the_longest_bound() -> None:
    bounds = SilenceBounds(finished_ms=300, unclear_ms=600, open_ms=700)
    bound = silence_bound_ms("Yesterday", bounds, punctuated=False, names=(), language="en", second_opinion=0.0)
    assert bound == 700


@pytest.mark.parametrize("bounds", [(0, 640, 2000), (700, 640, 2000), (320, 2100, 2000)])
def test_silence_bounds_that_do_not_ascend_are_refused(bounds: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        SilenceBounds(*bounds)


def test_only_the_last_characters_of_a_long_text_are_read() -> None:
    tail = "and then we went to the market and bought apples and pears and plums " * 5
    question_before = "what do you want, Luna? " * 1000
    for before in ("", question_before, "because the " * 1000):
        assert completeness(before + tail, punctuated=False, language="en") is Completeness.UNCLEAR


@pytest.mark.parametrize(
    ("finished", "unclear", "opened"), [("700", "640", "2000"), ("320", "2100", "2000"), ("320", "640", "500")]
)
def test_silence_settings_that_do_not_ascend_are_refused(finished: str, unclear: str, opened: str) -> None:
    with pytest.raises(ValidationError, match="TERTULIA_STT_END_FINISHED_MS must be at most"):
        settings_of(STTSettings, stt_end_finished_ms=finished, stt_end_unclear_ms=unclear, stt_end_open_ms=opened)


def test_silence_bounds_are_read_from_the_settings() -> None:
    settings = settings_of(STTSettings, stt_end_finished_ms=200, stt_end_unclear_ms=500, stt_end_open_ms=1500)
    assert settings.silence_bounds == SilenceBounds(finished_ms=200, unclear_ms=500, open_ms=1500)


@given(st.text(max_size=60), st.booleans(), st.sampled_from(["", "ko", *LANGUAGES]))
def test_any_text_is_judged_without_an_error(text: str, punctuated: bool, language: str) -> None:  # noqa: FBT001
    assert completeness(text, punctuated=punctuated, names=(*NAMES, text), language=language) in Completeness


@given(st.lists(st.sampled_from(sorted(VOCABULARY)), max_size=8).map(" ".join), st.sampled_from(["", *SPACED]))
def test_any_sequence_of_known_words_is_judged_without_an_error(text: str, language: str) -> None:
    for mark in ("", ".", "?", ","):
        assert completeness(text + mark, punctuated=True, names=NAMES, language=language) in Completeness

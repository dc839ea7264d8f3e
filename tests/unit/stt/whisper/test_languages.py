"""The language of a session follows what is spoken, and a single short word does not change it."""

from __future__ import annotations

from tertulia_stt.engines.whisper.languages import LanguageTracker

SURE_EN, SURE_DE = {"en": 0.97, "de": 0.03}, {"en": 0.05, "de": 0.95}
UNSURE_DE = {"en": 0.4, "de": 0.6}


def test_fixed_language_stays() -> None:
    tracker = LanguageTracker("en")
    assert tracker.is_fixed
    assert tracker.decide(SURE_DE, 10) == "en"


def test_first_clear_piece_decides_the_language() -> None:
    tracker = LanguageTracker()
    assert tracker.language == ""
    assert tracker.decide({"en": 0.3, "de": 0.35, "fr": 0.35}, 2) in ("de", "fr")
    assert tracker.language == ""
    assert tracker.decide(SURE_DE, 2) == "de"
    assert tracker.language == "de"


def test_brief_sound_decides_nothing() -> None:
    tracker = LanguageTracker()
    assert tracker.decide(SURE_DE, 0.3) == "de"
    assert tracker.language == ""


def test_guess_decides_nothing() -> None:
    tracker = LanguageTracker()
    assert tracker.guess(SURE_DE) == "de"
    assert tracker.language == ""


def test_one_short_piece_in_another_language_changes_nothing() -> None:
    tracker = LanguageTracker()
    tracker.decide(SURE_EN, 2)
    assert tracker.decide(SURE_DE, 1) == "en"
    assert tracker.decide(SURE_EN, 2) == "en"
    assert tracker.decide(SURE_DE, 1) == "en"


def test_two_successive_pieces_in_another_language_change_the_language() -> None:
    tracker = LanguageTracker()
    tracker.decide(SURE_EN, 2)
    tracker.decide(SURE_DE, 1)
    assert tracker.decide(SURE_DE, 1) == "de"
    assert tracker.language == "de"


def test_long_piece_in_another_language_changes_the_language() -> None:
    tracker = LanguageTracker()
    tracker.decide(SURE_EN, 2)
    assert tracker.decide(UNSURE_DE, 5) == "en"
    assert tracker.decide(SURE_DE, 5) == "de"

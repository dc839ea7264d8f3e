"""Which hints Whisper sees: the script of the hints decides about the script of the text."""

from __future__ import annotations

import pytest

from tertulia_stt.engines.whisper.model import hints_in_script

HINTS = ("Meera", "Théo", "मीरा", "Маша")


@pytest.mark.parametrize("languages", [["en"], ["fr", "pl"]])
def test_languages_in_latin_letters_have_all_hints(languages: list[str]) -> None:
    assert hints_in_script(HINTS, languages) == HINTS


@pytest.mark.parametrize("languages", [["hi"], ["ru"], ["en", "hi"]])
def test_other_languages_have_no_hints_in_latin_letters(languages: list[str]) -> None:
    assert hints_in_script(HINTS, languages) == ("मीरा", "Маша")
